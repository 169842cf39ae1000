using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Tests.Backups;

/// <summary>
/// Backups while clients write, each restored and compared with its manifest and with its own log. ROSTER_TEST_BACKUPS makes it a long
/// run, and ROSTER_TEST_BACKUP_PARTNERS a large database.
/// </summary>
public sealed class BackupsUnderLoadTests : IDisposable
{
    private const int OfBatch = 50;

    private static readonly int Backups = Number("ROSTER_TEST_BACKUPS", 3);
    private static readonly int Partners = Number("ROSTER_TEST_BACKUP_PARTNERS", 5_000);

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_backup_is_restored_whole_as_its_log_and_its_manifest_say()
    {
        using var server = RosterProcess.Serve(_folder.Path, "--rows-per-minute", "0");
        var api = server.FirstClient();
        foreach (var part in Enumerable.Range(0, Partners).Chunk(10_000))
            await api.PutAsync(JsonSerializer.Serialize(part.Select(i => new { name = $"Partner {i}", email = $"p{i}@example.com" })));
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "workspaces", "create", "other").ExitCode);
        var other = RosterProcess.Run(
            _folder.Path, "keys", "create", "--workspace", "other", "--name", "k", "--scopes", "all").Output.Trim();
        using var stop = new CancellationTokenSource();
        var begun = Stopwatch.GetTimestamp();
        var writers = new[] { api, api, server.Client(other) }
            .Select(one => Task.Run(() => WriteAsync(one, stop.Token), CancellationToken.None)).ToArray();
        var revisions = new List<long>();
        var report = new List<string>();
        for (var i = 0; i < Backups; i++)
        {
            var start = Stopwatch.GetTimestamp();
            var made = RosterProcess.Run(_folder.Path, "backup", $"copy-{i}.db");
            Assert.True(made.ExitCode == 0, made.Errors);
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            var log = new FileInfo(_folder.File("data/roster.db-wal")).Length;
            var (revision, bytes) = await RestoreAndCheckAsync($"copy-{i}.db", $"restored-{i}/roster.db", api.Key!);
            revisions.Add(revision);
            report.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"backup {i}: {bytes >> 20} MiB in {seconds:0.0} s, revision {revision}, log {log >> 20} MiB"));
        }
        await stop.CancelAsync();
        var written = (await Task.WhenAll(writers)).Sum();
        var lasted = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        report.Add(string.Create(
            CultureInfo.InvariantCulture,
            $"{written} batches of {OfBatch} were written meanwhile, {written / lasted:0} a second"));
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', report));
        // Each is of a later moment.
        Assert.Equal(revisions.Order().Distinct(), revisions);
    }

    /// <summary>Creates partners, and gives them all the same new phone, again and again. Some are deleted and restored.</summary>
    private static async Task<int> WriteAsync(RosterClient api, CancellationToken stop)
    {
        var ids = (await api.PutAsync(Batch(null, 0))).Ids;
        var batches = 1;
        for (; !stop.IsCancellationRequested; batches++)
            if (batches % 10 == 8)
                Assert.Equal(200, (await api.DeleteAsync(ids)).Status);
            else if (batches % 10 == 9)
                Assert.Equal(200, (await api.RestoreAsync(ids)).Status);
            else
                Assert.Equal(200, (await api.PutAsync(Batch(ids, batches))).Status);
        return batches;

        static string Batch(IReadOnlyList<string>? ids, int number) => ids is null
            ? JsonSerializer.Serialize(Enumerable.Range(0, OfBatch).Select(i => new { name = $"Writer's {i}", phone = $"{number}" }))
            : JsonSerializer.Serialize(ids.Select(id => new { id, phone = $"{number}" }));
    }

    /// <returns>The newest revision of the default workspace in the backup, and the backup's size.</returns>
    private async Task<(long Revision, long Bytes)> RestoreAndCheckAsync(string file, string database, string key)
    {
        var restored = RosterProcess.Run(_folder.Path, "restore", file, "--database", "sqlite:" + database);
        Assert.True(restored.ExitCode == 0, restored.Errors);
        var path = _folder.File(database);
        using (var raw = SqliteDatabase.Open(path))
            Assert.Equal("ok", raw.ReadText("pragma integrity_check"));
        var manifest = JsonDocument.Parse(await File.ReadAllTextAsync(_folder.File(file + ".json"))).RootElement;
        var said = manifest.GetProperty("workspaces").EnumerateArray()
            .ToDictionary(one => one.GetProperty("name").GetString()!, one => one.GetProperty("revision").GetInt64());
        // The log replays to the table, and nothing is there by half.
        var check = RosterProcess.Run(_folder.Path, "check", "--database", "sqlite:" + path);
        Assert.True(check.ExitCode == 0, check.Output + check.Errors);
        using (var server = RosterProcess.Serve(_folder.Path, "--database", "sqlite:" + path))
        {
            var api = server.Client(key);
            Assert.True((await api.GetAsync("/api/partners?take=1&count=true")).Count("Roster-Total") >= Partners);
            var newest = (await api.GetAsync("/api/changesets?take=2")).Items;
            Assert.Equal("recover", newest[0].GetProperty("kind").GetString());
            Assert.Equal(said["default"], newest[1].GetProperty("revision").GetInt64());
        }
        // A long run must not fill the disk.
        foreach (var left in Directory.GetFiles(System.IO.Path.GetDirectoryName(path)!))
            File.Delete(left);
        File.Delete(_folder.File(file));
        return (said["default"], manifest.GetProperty("bytes").GetInt64());
    }

    private static int Number(string variable, int fallback) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : fallback;
}
