using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Roster.Log;
using Roster.Storage;
using Roster.Storage.Backups;
using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Tools;

namespace Roster.Tests.Backups;

/// <summary>roster-server backup, beside a running server.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_backup_is_one_file_of_one_moment_with_a_manifest_and_the_server_shows_its_time()
    {
        using var server = RosterProcess.Serve(_folder.Path);
        var api = server.FirstClient();
        await api.PutAsync("""[{"name":"a"},{"name":"b"}]""");

        var made = RosterProcess.Run(_folder.Path, "backup", "copy.db");

        Assert.True(made.ExitCode == 0, made.Errors);
        Assert.Contains("copy.db.json belongs to it", made.Errors, StringComparison.Ordinal);
        Assert.Equal(["copy.db", "copy.db.json"], Names(_folder.Path));
        var manifest = JsonDocument.Parse(await File.ReadAllTextAsync(_folder.File("copy.db.json"))).RootElement;
        var bytes = await File.ReadAllBytesAsync(_folder.File("copy.db"));
        Assert.Equal(bytes.Length, manifest.GetProperty("bytes").GetInt64());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), manifest.GetProperty("sha256").GetString());
        Assert.Equal(SqliteMigrations.All.Known[^1], manifest.GetProperty("schema").GetString());
        Assert.Equal(
            """[{"id":1,"name":"default","revision":1}]""",
            JsonSerializer.Serialize(manifest.GetProperty("workspaces")));
        Assert.Equal(
            manifest.GetProperty("takenAt").GetString(), (await api.GetAsync("/api/status")).Json.GetProperty("backupAt").GetString());
    }

    [Fact]
    public void What_cannot_be_backed_up_is_refused_in_one_sentence_and_nothing_is_left_behind()
    {
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "migrate").ExitCode);
        File.WriteAllText(_folder.File("taken.db"), "mine");
        File.WriteAllText(_folder.File("half.db.json"), "mine");

        Refuses("taken.db exists already", "taken.db");
        Refuses("half.db.json exists already", "half.db");
        Refuses($"The folder {_folder.File("none")} does not exist", "none/copy.db");
        Refuses("There is no database at other.db", "copy.db", "--database", "sqlite:other.db");
        Refuses("is not a database of Roster's", "copy.db", "--database", "sqlite:" + Foreign());
        var postgres = RosterProcess.Run(_folder.Path, "backup", "copy.db", "--database", "postgresql://nobody@localhost/none");
        Assert.Contains("pg_dump", postgres.Errors, StringComparison.Ordinal);
        Assert.NotEqual(0, postgres.ExitCode);

        Assert.Equal("mine", File.ReadAllText(_folder.File("taken.db")));
        Assert.Equal(["foreign.db", "half.db.json", "taken.db"], Names(_folder.Path));
        Assert.Equal(["roster.db", "roster.db.lock"], Names(_folder.File("data")));

        void Refuses(string text, params string[] arguments)
        {
            var refused = RosterProcess.Run(_folder.Path, ["backup", .. arguments]);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains(text, refused.Errors, StringComparison.Ordinal);
        }

        string Foreign()
        {
            using var database = SqliteDatabase.Open(_folder.File("foreign.db"), creates: true);
            database.Execute("create table t (a)");
            return _folder.File("foreign.db");
        }
    }

    [Fact]
    public void On_a_full_disk_a_backup_fails_and_leaves_nothing_behind()
    {
        using var disk = new FaultyDisk();
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "migrate").ExitCode);
        disk.Fail($"write {FaultyDisk.NoSpace} copy.db");

        var refused = RosterProcess.Run(_folder.Path, disk.Environment, "backup", "copy.db");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("full", refused.Errors, StringComparison.Ordinal);
        Assert.Empty(Names(_folder.Path));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_backup_of_a_file_whose_erased_values_are_not_cleaned_up_yet_has_none_of_them(int owed)
    {
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "migrate").ExitCode);
        using (var database = SqliteDatabase.Open(_folder.File("data/roster.db")))
        {
            database.Execute("pragma secure_delete = off");
            database.Execute("create table erased (value text)");
            database.Execute("""
                insert into erased
                with recursive line (number) as (select 1 union all select number + 1 from line where number < 2000)
                select 'Erasmus Secretus ' || number from line
                """);
            database.Execute("drop table erased");
            database.Execute($"update upkeep set cleaning_owed = {owed}");
        }

        var made = RosterProcess.Run(_folder.Path, "backup", "copy.db");

        Assert.True(made.ExitCode == 0, made.Errors);
        Assert.Equal(owed == 0, File.ReadAllBytes(_folder.File("copy.db")).AsSpan().IndexOf("Secretus"u8) >= 0);
        var restored = RosterProcess.Run(_folder.Path, "restore", "copy.db", "--database", "sqlite:other/roster.db");
        Assert.True(restored.ExitCode == 0, restored.Errors);
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task An_interrupted_backup_leaves_nothing_behind(string signal)
    {
        await FillAsync(20_000);
        for (var attempt = 0; ; attempt++)
        {
            using var backup = RosterProcess.StartCommand(_folder.Path, "backup", "copy.db");
            while (!backup.HasExited && Names(_folder.Path).Count == 0)
                await Task.Yield();
            using (var kill = Process.Start("kill", ["-" + signal, $"{backup.Id}"]))
                await kill.WaitForExitAsync();
            var errors = await backup.StandardError.ReadToEndAsync();
            await backup.WaitForExitAsync();

            if (backup.ExitCode == 130)
            {
                Assert.Contains("Interrupted", errors, StringComparison.Ordinal);
                Assert.Empty(Names(_folder.Path));
                return;
            }
            // It was done before the signal came.
            Assert.True(backup.ExitCode == 0 && attempt < 50, $"{backup.ExitCode} {errors}");
            foreach (var name in Names(_folder.Path))
                File.Delete(_folder.File(name));
        }
    }

    [Fact]
    public async Task Of_two_backups_to_one_name_one_is_refused_and_the_other_is_whole()
    {
        await FillAsync(5_000);
        using var first = RosterProcess.StartCommand(_folder.Path, "backup", "copy.db");
        using var second = RosterProcess.StartCommand(_folder.Path, "backup", "copy.db");
        var errors = await Task.WhenAll(first.StandardError.ReadToEndAsync(), second.StandardError.ReadToEndAsync());
        await Task.WhenAll(first.WaitForExitAsync(), second.WaitForExitAsync());

        Assert.Equal([0, 1], new[] { first.ExitCode, second.ExitCode }.Order());
        Assert.Contains(errors, one => one.Contains("exists already", StringComparison.Ordinal));
        Assert.Equal(["copy.db", "copy.db.json"], Names(_folder.Path));
        var restored = RosterProcess.Run(_folder.Path, "restore", "copy.db", "--database", "sqlite:other/roster.db");
        Assert.True(restored.ExitCode == 0, restored.Errors);
    }

    [Fact]
    public async Task Of_two_backups_that_get_the_same_name_at_the_same_moment_one_is_refused_and_the_other_is_whole()
    {
        await FillAsync(10);
        using var disk = new FaultyDisk();
        // Before the call that would write over the other one's.
        disk.Fail("rename stop@1 copy.db");
        using var first = RosterProcess.StartCommand(_folder.Path, disk.Environment, "backup", "copy.db");
        while (!first.HasExited && disk.Counts()[0] == 0)
            await Task.Yield();
        var second = RosterProcess.Run(_folder.Path, "backup", "copy.db");
        using (var go = Process.Start("kill", ["-CONT", $"{first.Id}"]))
            await go.WaitForExitAsync();
        var errors = await first.StandardError.ReadToEndAsync();
        await first.WaitForExitAsync();

        Assert.Equal([0, 1], new[] { first.ExitCode, second.ExitCode }.Order());
        Assert.Contains("copy.db.json exists already", first.ExitCode == 0 ? second.Errors : errors, StringComparison.Ordinal);
        Assert.Equal(["copy.db", "copy.db.json"], Names(_folder.Path));
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "restore", "copy.db", "--database", "sqlite:other/roster.db").ExitCode);
    }

    [Fact]
    public async Task A_copy_that_the_disk_does_not_read_back_is_not_said_to_be_damaged_and_nothing_is_left_of_it()
    {
        await FillAsync(10);
        using var disk = new FaultyDisk();
        var said = new List<string>();
        while (said.Count < 100)
        {
            disk.Fail($"read {FaultyDisk.InputOutputError}@{said.Count + 1} copy.db");
            var (exitCode, _, errors) = RosterProcess.Run(_folder.Path, disk.Environment, "backup", "copy.db");
            if (exitCode == 0)
                break;
            Assert.Equal(1, exitCode);
            Assert.Empty(Names(_folder.Path));
            said.Add(errors.TrimEnd());
        }

        Assert.InRange(said.Count, 2, 99);
        Assert.All(said, sentence => Assert.DoesNotMatch("damaged|malformed|\n", sentence));
        Assert.Contains(said, sentence => sentence.StartsWith("The copy cannot be read: SQLite: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Writes_of_others_do_not_make_a_backup_begin_again_and_are_not_in_it()
    {
        await FillAsync(20_000);
        var path = Path.Combine(_folder.Path, "data", "roster.db");
        await using var store = await Store.Parse("sqlite:" + path).OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None);
        var workspace = (await store.ListWorkspacesAsync(CancellationToken.None)).Single();
        var before = workspace.Revision;
        var copied = new List<long>();

        // A write after each part of the copy.
        var made = SqliteBackup.Make(path, _folder.File("copy.db"), "1.0.0", TimeProvider.System, new Each(progress =>
        {
            copied.Add(progress.Bytes);
            var later = Some.Upsert($$"""[{"name":"later {{copied.Count}}"}]""");
            store.WriteAsync(workspace.Id, later, new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None)
                .GetAwaiter().GetResult();
        }), CancellationToken.None);

        Assert.True(copied.Count >= 2, $"{copied.Count} parts");
        Assert.Equal(copied.Order().Distinct(), copied);
        Assert.Equal(before + copied.Count, (await store.ListWorkspacesAsync(CancellationToken.None)).Single().Revision);
        using var copy = SqliteDatabase.OpenUnchanging(_folder.File("copy.db"));
        Assert.Equal(before, copy.ReadInt64("select revision from workspace"));
        Assert.Equal(new FileInfo(_folder.File("copy.db")).Length, made.Manifest.Bytes);
    }

    [Fact]
    public async Task Without_an_open_read_each_write_would_make_it_begin_again()
    {
        // Why SqliteBackup holds a transaction: if SQLite changes this, it need not any more.
        await FillAsync(5_000);
        var path = Path.Combine(_folder.Path, "data", "roster.db");
        using var writer = SqliteDatabase.Open(path);
        using var source = SqliteDatabase.Open(path);
        using var target = SqliteDatabase.Open(_folder.File("copy.db"), creates: true);
        var left = new List<int>();

        Assert.Throws<OperationCanceledException>(() => source.CopyTo(target, 100, (pages, all) =>
        {
            left.Add(all - pages);
            writer.Execute("update upkeep set fence = fence + 1 where id = 1");
            if (left.Count == 5)
                throw new OperationCanceledException();
        }));

        Assert.All(left, copied => Assert.Equal(100, copied));
    }

    [Fact]
    public async Task A_manifest_of_many_workspaces_is_written_in_parts_and_read_by_its_head()
    {
        var file = _folder.File("many");
        var manifest = new BackupManifest("1.2.3", "0001_initial.sql", new Timestamp(1_000), 5, "ab");
        await using (var stream = PrivateFile.Create(BackupManifest.Of(file)))
            manifest.Write(stream, Enumerable.Range(1, 5_000).Select(id => new BackedUpWorkspace(id, $"workspace {id}", id * 2)));

        Assert.Equal(manifest, BackupManifest.Read(file));
        var all = JsonDocument.Parse(await File.ReadAllTextAsync(BackupManifest.Of(file))).RootElement.GetProperty("workspaces");
        Assert.Equal(5_000, all.GetArrayLength());
        Assert.Equal(10_000, all[4_999].GetProperty("revision").GetInt64());
    }

    /// <summary>Makes a database in data/ with this many partners.</summary>
    private async Task FillAsync(int partners)
    {
        await using var store = await Store.Parse("sqlite:" + _folder.File("data/roster.db"))
            .OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None);
        var workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
        foreach (var part in Enumerable.Range(0, partners).Chunk(5_000))
            await store.WriteAsync(
                workspace.Id,
                Some.Upsert($"[{string.Join(',', part.Select(i => $$"""{"name":"Partner {{i}} {{new string('x', 200)}}"}"""))}]"),
                new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None);
    }

    private static List<string> Names(string folder) => [.. Directory.GetFiles(folder).Select(file => Path.GetFileName(file)).Order()];

    private sealed class Each(Action<BackupProgress> report) : IProgress<BackupProgress>
    {
        public void Report(BackupProgress value) => report(value);
    }
}
