using System.Text.Json;
using Roster.Log;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Tests.Backups;

/// <summary>roster-server restore, and what a restored server refuses and serves.</summary>
public sealed class RestoreTests : IDisposable
{
    private const string Path = "/api/partners";

    private readonly TempFolder _folder = new();

    private string Database => _folder.File("data/roster.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_was_seen_after_the_backup_is_refused_for_good_and_what_it_has_is_served()
    {
        string key, atBackup, lost;
        string[] ids;
        using (var before = RosterProcess.Serve(_folder.Path))
        {
            var first = before.FirstClient();
            key = first.Key!;
            ids = [.. (await PutAsync(first, """[{"name":"a"},{"name":"b"}]""", ("Idempotency-Key", "kept"))).Ids];
            atBackup = await NextAsync(first, "after=0");
            Assert.Equal(0, RosterProcess.Run(_folder.Path, "backup", "copy.db").ExitCode);
            await PutAsync(first, """[{"name":"c"}]""", ("Idempotency-Key", "lost"));
            lost = await NextAsync(first, "after=0");
            Stop(before);
        }

        var restored = RosterProcess.Run(_folder.Path, "restore", "copy.db", "--replace");
        Assert.True(restored.ExitCode == 0, restored.Errors);
        Assert.Contains("work again", restored.Errors, StringComparison.Ordinal);
        var kept = Assert.Single(Directory.GetFiles(_folder.File("data"), "roster.db.replaced-*Z"));
        Assert.Contains($"is now {kept}.", restored.Errors, StringComparison.Ordinal);

        using var server = RosterProcess.Serve(_folder.Path);
        var api = server.Client(key);
        // The log says that it was restored, in a revision far beyond all others.
        var changeSets = (await api.GetAsync("/api/changesets")).Items;
        Assert.Equal(["recover", "upsert"], changeSets.Select(one => one.GetProperty("kind").GetString()));
        Assert.Equal(JsonValueKind.Null, changeSets[0].GetProperty("actor").ValueKind);
        var epoch = changeSets[0].GetProperty("revision").GetInt64();
        Assert.Equal((0, true), (epoch % LogEpoch.Step, epoch > 1_000_000_000));
        Assert.Equal(epoch, (await api.GetAsync("/api/status")).Json.GetProperty("revision").GetInt64());
        await AssertRefusedAsync();

        // Also when as much was written as was lost, and more.
        Assert.Equal(epoch + 1, (await PutAsync(api, """[{"name":"another c"}]""", ("If-Revision", $"{epoch}"))).Revision);
        Assert.Equal(epoch + 2, (await PutAsync(api, """[{"name":"d"}]""")).Revision);
        await AssertRefusedAsync();

        // A mirror that has no more than the backup goes on.
        var feed = (await api.GetAsync($"{Path}/changes?after={atBackup}")).Json;
        Assert.Equal(["another c", "d"], feed.GetProperty("partners").EnumerateArray().Select(one => one.GetProperty("name").GetString()));
        Assert.False(feed.GetProperty("more").GetBoolean());
        var end = (await api.GetAsync($"{Path}/changes?after={feed.GetProperty("next").GetString()}")).Json;
        Assert.Equal((0, false), (end.GetProperty("partners").GetArrayLength(), end.GetProperty("more").GetBoolean()));
        Assert.Equal(200, (await api.GetAsync($"{Path}/changes?after={epoch}")).Status);

        // The receipt of a write that is in the backup is, too; the one that was lost is made now.
        Assert.Equal(1, (await PutAsync(api, """[{"name":"a"},{"name":"b"}]""", ("Idempotency-Key", "kept"))).Revision);
        Assert.Equal(epoch + 3, (await PutAsync(api, """[{"name":"c"}]""", ("Idempotency-Key", "lost"))).Revision);

        // Searches, numbers, the past and undo work across the gap.
        Assert.Equal(["another c"], (await api.GetAsync($"{Path}?q=another")).Names);
        var numbers = (await api.GetAsync("/api/stats")).Json;
        Assert.Equal(5, numbers.GetProperty("days").EnumerateArray().Sum(day => day.GetProperty("changeSets").GetInt64()));
        Assert.Equal(["a", "b"], (await api.GetAsync($"{Path}?asOf=1&sort=asc")).Names);
        Assert.Equal(2, (await api.GetAsync($"{Path}?asOf={epoch}")).Items.Count);
        Assert.Equal(200, (await api.PostAsync("", $"/api/changesets/{epoch}/undo")).Status);
        Assert.Equal(epoch + 4, (await api.PostAsync("", "/api/changesets/1/undo")).Revision);
        Assert.Equal(
            2, (await api.GetAsync($"{Path}/{ids[0]}/history")).Json.GetArrayLength());
        var check = RosterProcess.Run(_folder.Path, "check");
        Assert.True(check.ExitCode == 0, check.Output + check.Errors);
        Assert.DoesNotContain("earlier versions", check.Output, StringComparison.Ordinal);

        async Task AssertRefusedAsync()
        {
            foreach (var seen in new[] { "1", "2" })
                Assert.Equal(412, (await PutAsync(api, """[{"name":"e"}]""", ("If-Revision", seen))).Status);
            foreach (var position in new[] { lost, "2" })
                Assert.Equal("feed_gone", (await api.GetAsync($"{Path}/changes?after={position}")).Code);
            Assert.Equal("invalid_parameter", (await api.GetAsync($"{Path}?asOf=2")).Code);
            Assert.Equal(404, (await api.GetAsync("/api/changesets/2")).Status);
        }
    }

    [Fact]
    public async Task Each_restore_goes_on_beyond_the_one_before_and_the_replaced_database_can_be_served()
    {
        var key = await BackUpAndAddAsync("kept");

        Assert.Equal(0, RosterProcess.Run(_folder.Path, "restore", "copy.db", "--replace").ExitCode);
        var first = Newest(Database);
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "restore", "copy.db", "--replace").ExitCode);
        Assert.True(Newest(Database) > first);

        Assert.Equal(["copy.db", "copy.db.json"], Directory.GetFiles(_folder.Path).Select(System.IO.Path.GetFileName).Order());
        var kept = Directory.GetFiles(_folder.File("data"), "roster.db.replaced-*Z").Order().First();
        Assert.True(Directory.Exists(kept + ".search"));
        using var old = RosterProcess.Serve(_folder.Path, "--database", "sqlite:" + kept);
        Assert.Equal(["kept"], (await old.Client(key).GetAsync(Path + "?q=kept")).Names);
    }

    [Theory]
    [InlineData("rename 5 roster.db.search")]
    [InlineData("rename 5 .part")]
    public async Task A_restore_that_fails_between_two_renames_puts_back_all_that_was_there(string fault)
    {
        var key = await BackUpAndAddAsync("kept");
        using var disk = new FaultyDisk();
        disk.Fail(fault);

        var failed = RosterProcess.Run(_folder.Path, disk.Environment, "restore", "copy.db", "--replace");

        Assert.Equal(1, failed.ExitCode);
        Assert.Matches(@"^[^\n]*copy\.db cannot be restored to \S+/roster\.db\. [^\n]+\n$", failed.Errors);
        Assert.DoesNotContain("replaced-", failed.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(
            Directory.EnumerateFileSystemEntries(_folder.File("data")),
            left => left.Contains("replaced-", StringComparison.Ordinal) || left.EndsWith(".part", StringComparison.Ordinal));
        using var server = RosterProcess.Serve(_folder.Path);
        Assert.Equal(["kept"], (await server.Client(key).GetAsync(Path + "?q=kept")).Names);
    }

    [Fact]
    public async Task A_restore_that_cannot_put_back_what_was_there_says_where_it_is_and_no_server_begins_an_empty_directory()
    {
        await BackUpAndAddAsync("kept");
        using var disk = new FaultyDisk();
        disk.Fail("rename 5 .part", "rename 5 roster.db.replaced-");

        var failed = RosterProcess.Run(_folder.Path, disk.Environment, "restore", "copy.db", "--replace");

        Assert.Equal(1, failed.ExitCode);
        Assert.Matches(@"What was there is in \S+/roster\.db\.replaced-\S+Z\*: restore again", failed.Errors);
        var refused = Assert.Throws<InvalidOperationException>(() => RosterProcess.Serve(_folder.Path));
        Assert.Contains("roster.db is missing or empty, but", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "restore", "copy.db").ExitCode);
        Assert.Equal(1, Newest(Assert.Single(Directory.GetFiles(_folder.File("data"), "roster.db.replaced-*Z"))));
    }

    [Fact]
    public async Task What_must_not_be_restored_is_refused_in_one_sentence_and_nothing_is_changed()
    {
        using (var server = RosterProcess.Serve(_folder.Path))
        {
            await server.FirstClient().PutAsync("""[{"name":"a"}]""");
            Assert.Equal(0, RosterProcess.Run(_folder.Path, "backup", "copy.db").ExitCode);
            Refuses("Another Roster server uses", "copy.db", "--replace");
            Stop(server);
        }
        var before = await File.ReadAllBytesAsync(Database);
        Refuses("There is a database already", "copy.db");
        Refuses("There is no backup at", "none.db", "--replace");

        var manifest = await File.ReadAllTextAsync(_folder.File("copy.db.json"));
        await Damage("no-manifest.db", null);
        Refuses("no-manifest.db.json is missing", "no-manifest.db", "--replace");
        await Damage("no-json.db", "{");
        Refuses("is not the manifest of a backup", "no-json.db", "--replace");
        await Damage("no-text.db", """{"version":"\ud800"}""");
        Refuses("is not the manifest of a backup", "no-text.db", "--replace");
        await Damage("changed.db", manifest, bytes => bytes[^1] ^= 1);
        Refuses("its size or SHA-256 differs", "changed.db", "--replace");
        await Damage("short.db", manifest, bytes => bytes.RemoveAt(bytes.Count - 1));
        Refuses("its size or SHA-256 differs", "short.db", "--replace");
        await Damage("newer.db", manifest.Replace("\"schema\": \"", "\"schema\": \"9", StringComparison.Ordinal));
        Refuses("is of a newer Roster", "newer.db", "--replace");
        await Damage("format.db", manifest.Replace("\"format\": 1", "\"format\": 2", StringComparison.Ordinal));
        Refuses("is of a newer Roster", "format.db", "--replace");
        var postgres = RosterProcess.Run(_folder.Path, "restore", "copy.db", "--database", "postgresql://nobody@localhost/none");
        Assert.Contains("restore is for SQLite", postgres.Errors, StringComparison.Ordinal);

        Assert.Equal(before, await File.ReadAllBytesAsync(Database));
        Assert.Equal(
            ["console-link", "roster.db", "roster.db.last-backup", "roster.db.lock"],
            Directory.GetFiles(_folder.File("data")).Select(System.IO.Path.GetFileName).Order());

        void Refuses(string text, params string[] arguments)
        {
            var refused = RosterProcess.Run(_folder.Path, ["restore", .. arguments]);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains(text, refused.Errors, StringComparison.Ordinal);
        }

        async Task Damage(string name, string? said, Action<List<byte>>? change = null)
        {
            var bytes = (await File.ReadAllBytesAsync(_folder.File("copy.db"))).ToList();
            change?.Invoke(bytes);
            await File.WriteAllBytesAsync(_folder.File(name), [.. bytes]);
            if (said is not null)
                await File.WriteAllTextAsync(_folder.File(name + ".json"), said);
        }
    }

    [Fact]
    public async Task Imports_of_before_are_listed_without_their_rows_and_keys_revoked_later_work_again()
    {
        string key, id, revoked;
        using (var server = RosterProcess.Serve(_folder.Path))
        {
            var api = server.FirstClient();
            key = api.Key!;
            id = await api.NewImportAsync("name,email\nAda,ada@example.com\n");
            Assert.Equal(202, (await api.PostAsync("", $"{ImportCalls.Path}/{id}/plan")).Status);
            await api.SettledAsync(id);
            revoked = RosterProcess.Run(
                _folder.Path, "keys", "create", "--workspace", "default", "--name", "k", "--scopes", "partnersRead").Output.Trim();
            Assert.Equal(0, RosterProcess.Run(_folder.Path, "backup", "copy.db").ExitCode);
            var listed = (await api.GetAsync("/api/keys")).Json.EnumerateArray().Single(one => one.GetProperty("name").GetString() == "k");
            Assert.Equal(0, RosterProcess.Run(_folder.Path, "keys", "revoke", listed.GetProperty("id").GetString()!).ExitCode);
            Assert.Equal(401, (await server.Client(revoked).GetAsync(Path)).Status);
            Stop(server);
        }
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "restore", "copy.db", "--replace").ExitCode);

        using var restored = RosterProcess.Serve(_folder.Path);
        var client = restored.Client(key);
        Assert.Equal(200, (await restored.Client(revoked).GetAsync(Path)).Status);
        Assert.Equal("planned", (await client.ImportAsync(id)).GetProperty("state").GetString());
        Assert.Equal(202, (await client.PostAsync("""{"created":1,"updated":0,"deleted":0}""", $"{ImportCalls.Path}/{id}/apply")).Status);
        Assert.Equal("stopped", (await client.SettledAsync(id)).GetProperty("state").GetString());
        Assert.Empty((await client.GetAsync(Path)).Items);
    }

    /// <summary>Makes a backup, and a partner after it, who is in the search index.</summary>
    /// <returns>The key.</returns>
    private async Task<string> BackUpAndAddAsync(string name)
    {
        using var server = RosterProcess.Serve(_folder.Path);
        var api = server.FirstClient();
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "backup", "copy.db").ExitCode);
        await api.PutAsync($$"""[{"name":"{{name}}"}]""");
        Assert.Equal([name], (await api.GetAsync($"{Path}?q={name}")).Names);
        Stop(server);
        return api.Key!;
    }

    private static long Newest(string database)
    {
        using var file = SqliteDatabase.Open(database);
        return file.ReadInt64("select max(revision) from workspace");
    }

    private static Task<Answer> PutAsync(RosterClient api, string json, params (string, string?)[] headers) => api.SendAsync(
        HttpMethod.Put, Path, new StringContent(json, System.Text.Encoding.UTF8, "application/json"), headers: headers);

    private static async Task<string> NextAsync(RosterClient api, string begin) =>
        (await api.GetAsync($"{Path}/changes?{begin}")).Json.GetProperty("next").GetString()!;

    private static void Stop(RosterProcess server)
    {
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());
    }
}
