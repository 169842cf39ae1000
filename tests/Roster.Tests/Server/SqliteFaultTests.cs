using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace Roster.Tests.Server;

/// <summary>
/// What clients and operators see when the disk, the file or the search index of a server on SQLite fails.
/// </summary>
public sealed partial class SqliteFaultTests : IDisposable
{
    private const string Many = "/api/partners?q=needle";

    private readonly TempFolder _folder = new();
    private readonly FaultyDisk _disk = new();
    private string? _key;

    private string File => _folder.File("roster.db");

    public void Dispose()
    {
        _disk.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_write_whose_flush_fails_is_unknown_then_nowhere_and_its_key_is_given_back()
    {
        using (var server = Start())
        {
            var api = Client(server);
            await api.CreateAsync("""{"name":"before"}""");
            _disk.Fail($"sync {FaultyDisk.InputOutputError} roster.db-wal");

            var unknown = await WithKeyAsync(api, "k", """[{"name":"unknown"}]""");
            var later = await api.PutAsync("""[{"name":"later"}]""");
            var ready = await api.GetAsync("/health/ready");

            Assert.Equal((503, "outcome_unknown"), (unknown.Status, unknown.Code));
            Assert.Equal((503, "storage_unavailable"), (later.Status, later.Code));
            Assert.Equal(503, ready.Status);
            Assert.Equal(["before"], (await api.GetAsync("/api/partners")).Names);
            await server.SaysAsync("outcome_unknown: The disk failed while a write was committed");

            _disk.Heal();
            await server.SaysAsync("outcome_unknown: over");

            Assert.Equal(["before"], (await api.GetAsync("/api/partners")).Names);
            Assert.Equal(200, (await WithKeyAsync(api, "k", """[{"name":"unknown"}]""")).Status);
            Assert.Equal(200, (await api.GetAsync("/health/ready")).Status);
            server.Kill();
        }
        using var again = Start();
        Assert.Equal(["unknown", "before"], (await Client(again).GetAsync("/api/partners")).Names);
    }

    [Fact]
    public async Task A_server_that_is_killed_before_an_unknown_write_is_settled_has_it_whole_or_not_at_all()
    {
        using (var server = Start())
        {
            var api = Client(server);
            await api.CreateAsync("""{"name":"before"}""");
            _disk.Fail($"sync {FaultyDisk.InputOutputError} roster.db-wal");
            Assert.Equal("outcome_unknown", (await api.PutAsync("""[{"name":"one"},{"name":"two"}]""")).Code);
            server.Kill();
        }
        _disk.Heal();
        using var again = Start();
        var names = (await Client(again).GetAsync("/api/partners")).Names;
        Assert.True(names is ["before"] or ["two", "one", "before"], string.Join(' ', names));
        Assert.Equal(200, (await Client(again).PutAsync("""[{"name":"after"}]""")).Status);
    }

    [Theory]
    [InlineData("write 28 etilqs_")]
    [InlineData("truncate 5 roster.db-wal")]
    public async Task An_erasure_whose_cleaning_fails_is_answered_as_what_it_is_and_cleaned_when_it_can_be(string fault)
    {
        using var server = Start();
        var api = Client(server);
        var doomed = await api.CreateAsync("""{"name":"Erasmus Secretus"}""");
        await api.PutAsync(Partners(10_000));
        _disk.Fail(fault);

        var erased = await api.PostAsync($"""["{doomed}"]""", "/api/partners/erase");

        Assert.Equal(200, erased.Status);
        Assert.Equal(404, (await api.GetAsync($"/api/partners/{doomed}")).Status);
        await server.SaysAsync("cleaning_owed: Erased values are still in the bytes");
        await server.SaysAsync("is tried again");
        var ready = await api.GetAsync("/health/ready");
        Assert.Equal((200, """{"status":"ok","notices":["cleaning_owed"]}"""), (ready.Status, ready.Text));
        Assert.True(IsInSomeByte("Secretus"));

        _disk.Heal();
        await CleanAsync(api);

        Assert.Contains("cleaning_owed: over", server.Log(), StringComparison.Ordinal);
        Assert.False(IsInSomeByte("Secretus"));
        Assert.False(IsInSomeByte("secretus"));
        Assert.Equal(10_000, (await api.GetAsync("/api/partners?take=10000")).Items.Count);
    }

    [Fact]
    public async Task An_erasure_is_cleaned_when_the_folder_for_temporary_files_has_room_for_a_copy_of_the_file()
    {
        using var small = new SmallDisk(mebibytes: 60);
        var folder = small.File("");
        using var server = RosterProcess.ServeBy(
            small.Command(["env", $"TMPDIR={folder}", .. RosterProcess.Command]), "--database", "sqlite:" + File);
        var api = server.FirstClient();
        var doomed = await api.CreateAsync("""{"name":"Erasmus Secretus"}""");

        Assert.Equal(200, (await api.PostAsync($"""["{doomed}"]""", "/api/partners/erase")).Status);

        await server.SaysAsync($"is tried again. The folder for temporary files, {folder} (TMPDIR), has no room");
        Assert.True(IsInSomeByte("Secretus"));

        small.Resize(mebibytes: 300);
        await CleanAsync(api);

        Assert.False(IsInSomeByte("Secretus"));
    }

    [Fact]
    public async Task What_was_erased_leaves_the_file_after_the_next_start_where_the_server_was_killed_while_it_cleaned()
    {
        using (var server = Start())
        {
            var api = Client(server);
            var doomed = await api.CreateAsync("""{"name":"Erasmus Secretus"}""");
            await api.PutAsync(Partners(10_000));
            Assert.Single((await SearchAsync(api, "secretus")).Items);
            _disk.Fail("write kill etilqs_");
            try
            {
                await api.PostAsync($"""["{doomed}"]""", "/api/partners/erase");
            }
            catch (HttpRequestException)
            {
                // Killed between the commit and the answer.
            }
            server.WaitForExit();
        }
        Assert.True(IsInSomeByte("Secretus"));
        _disk.Heal();

        using var again = Start();
        await CleanAsync(Client(again));
        Assert.Contains("cleaning_owed: Erased values are still in the bytes", again.Log(), StringComparison.Ordinal);

        Assert.Empty((await SearchAsync(Client(again), "secretus")).Items);
        Assert.False(IsInSomeByte("Secretus"));
        Assert.False(IsInSomeByte("secretus"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(200)]
    public async Task A_damaged_search_index_is_noticed_thrown_away_and_made_anew(int fromPage)
    {
        await FillAndStopAsync(3_000);
        Spoil(Path.Combine(File + ".search", "1.db"), fromPage);

        using var server = Start();
        var api = Client(server);
        Assert.Equal(3_000, (await SearchAsync(api, "needle", "&take=10000")).Items.Count);
        await server.HasSaidAsync("search_rebuilding: The search index of workspace 1 is damaged");
        await server.HasSaidAsync("search_rebuilding: over");

        Assert.Equal(200, (await api.GetAsync("/health/ready")).Status);
        Assert.DoesNotContain("A bug", server.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_search_index_that_is_deleted_under_the_server_is_made_anew()
    {
        using var server = Start();
        var api = Client(server);
        await api.PutAsync(Partners(100));
        Assert.Equal(50, (await SearchAsync(api, "needle")).Items.Count);

        Directory.Delete(File + ".search", recursive: true);
        await api.CreateAsync("""{"name":"another needle"}""");

        Assert.Single((await SearchAsync(api, "another needle")).Items);
        Assert.True(System.IO.File.Exists(Path.Combine(File + ".search", "1.db")));
    }

    [Fact]
    public async Task A_search_folder_that_cannot_be_written_is_told_and_never_a_bug_and_the_directory_goes_on()
    {
        using var server = Start();
        var api = Client(server);
        // A file is where the folder should be.
        if (Directory.Exists(File + ".search"))
            Directory.Delete(File + ".search", recursive: true);
        await System.IO.File.WriteAllTextAsync(File + ".search", "");
        await api.PutAsync(Partners(10));

        Assert.Equal((503, "search_behind"), await StatusAsync(api.GetAsync(Many)));
        Assert.Equal((503, "search_behind"), await StatusAsync(
            api.PutAsync("""[{"email":"a@b.example"}]"""u8.ToArray(), path: "/api/partners?matchOn=email")));
        Assert.Equal(10, (await api.GetAsync("/api/partners")).Items.Count);
        var ready = await api.GetAsync("/health/ready");
        Assert.Equal((200, """{"status":"ok","notices":["search_failing"]}"""), (ready.Status, ready.Text));

        System.IO.File.Delete(File + ".search");

        Assert.Equal(10, (await SearchAsync(api, "needle")).Items.Count);
        Assert.DoesNotContain("A bug", server.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_search_folder_without_rights_is_told_and_never_a_bug()
    {
        using var server = Start();
        var api = Client(server);
        _disk.Fail($"open {FaultyDisk.NoRight} roster.db.search");
        await api.PutAsync(Partners(10));

        Assert.Equal((503, "search_behind"), await StatusAsync(api.GetAsync(Many)));
        await server.SaysAsync("search_failing: The search index of workspace 1 cannot be kept up");
        Assert.Equal(200, (await api.GetAsync("/health/ready")).Status);

        _disk.Heal();
        Assert.Equal(10, (await SearchAsync(api, "needle")).Items.Count);
        Assert.DoesNotContain("A bug", server.Log(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FaultyDisk.ReadOnly, "is on a file system that is mounted read-only")]
    [InlineData(FaultyDisk.NoRight, "Give the user that runs it the right to read and write in its folder")]
    [InlineData(FaultyDisk.InputOutputError, "roster.db.lock cannot be opened. Input/output error")]
    [InlineData(FaultyDisk.NoSpace, "roster.db.lock cannot be opened. No space left on device")]
    public async Task A_start_that_cannot_lock_the_database_is_refused_in_one_sentence_that_says_why(int error, string sentence)
    {
        await FillAndStopAsync(1);
        _disk.Fail($"open {error} roster.db.lock");

        var refused = Assert.Throws<InvalidOperationException>(Start).Message;

        Assert.Contains(sentence, refused, StringComparison.Ordinal);
        Assert.DoesNotContain("Another Roster server", refused, StringComparison.Ordinal);
        Assert.Single(refused.Split('\n'));
    }

    [Fact]
    public async Task Searches_say_at_once_that_they_are_behind_where_the_index_has_no_room_and_why()
    {
        using var server = Start();
        var api = Client(server);
        await api.PutAsync(Partners(10));
        Assert.Equal(10, (await SearchAsync(api, "needle")).Items.Count);
        _disk.Fail($"write {FaultyDisk.NoSpace} roster.db.search");
        await api.CreateAsync("""{"name":"one more needle"}""");
        await server.SaysAsync("search_failing: The search index of workspace 1 cannot be kept up");

        foreach (var query in new[] { "q=needle", "email=a@b.example", "sort=name" })
            Assert.Equal((503, "search_behind"), await StatusAsync(api.GetAsync($"/api/partners?{query}")));
        // It has the reason; requests that waited in vain are logged without one.
        Assert.Contains("database or disk is full", server.Log().Split('\n')
            .Last(line => line.Contains("SearchBehind", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(11, (await api.GetAsync("/api/partners")).Items.Count);

        _disk.Heal();
        await server.SaysAsync("search_failing: over");
        Assert.Equal(11, (await SearchAsync(api, "needle")).Items.Count);
    }

    [Fact]
    public async Task A_start_on_a_full_disk_reads_and_says_so_and_writes_again_when_there_is_room()
    {
        await FillAndStopAsync(10);
        _disk.Fail(new[] { "roster.db-wal", "roster.db-shm", "roster.db.search" }.Select(file => $"write {FaultyDisk.NoSpace} {file}"));

        using var server = Start();
        var api = Client(server);
        Assert.Contains("storage_full: The disk of", server.Log(), StringComparison.Ordinal);
        Assert.Equal(10, (await api.GetAsync("/api/partners")).Items.Count);
        Assert.Equal((507, "storage_full"), await StatusAsync(api.PutAsync("""[{"name":"a"}]""")));
        Assert.Equal((507, "storage_full"), await StatusAsync(api.GetAsync("/health/ready")));
        Assert.Equal((503, "search_behind"), await StatusAsync(api.GetAsync(Many)));

        _disk.Heal();

        Assert.Equal(200, (await api.PutAsync("""[{"name":"a"}]""")).Status);
        Assert.Contains("storage_full: over", server.Log(), StringComparison.Ordinal);
        Assert.Equal(11, (await api.GetAsync("/api/partners")).Items.Count);
        Assert.Equal(10, (await SearchAsync(api, "needle")).Items.Count);
    }

    [Fact]
    public async Task A_damaged_database_is_its_own_trouble_and_nothing_is_written_to_it()
    {
        await FillAndStopAsync(10_000);
        Spoil(File, fromPage: (int)(new FileInfo(File).Length / 4096 / 2));

        using var server = Start();
        var api = Client(server);
        var read = await api.GetAsync("/api/partners?take=500");
        for (var tries = 0; read.Status == 200 && read.Next is { } next && tries < 100; tries++)
            read = await api.GetAsync(next);

        Assert.Equal((503, "storage_damaged"), (read.Status, read.Code));
        Assert.Null(read.Headers.RetryAfter);
        Assert.Equal((503, "storage_damaged"), await StatusAsync(api.PutAsync("""[{"name":"a"}]""")));
        Assert.Equal((503, "storage_damaged"), await StatusAsync(api.GetAsync("/health/ready")));
        await server.SaysAsync($"storage_damaged: {File}");
        Assert.Contains("restore a backup", server.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_damaged_from_its_beginning_does_not_start_and_is_named_with_the_cure()
    {
        await FillAndStopAsync(10);
        using (var file = System.IO.File.OpenWrite(File))
        {
            file.Seek(100, SeekOrigin.Begin);
            file.Write(new byte[3_000]);
        }

        var refused = RosterProcess.Run(_folder.Path, "--database", "sqlite:" + File, "--urls", "http://127.0.0.1:0");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(File, refused.Errors, StringComparison.Ordinal);
        Assert.Contains("restore a backup", refused.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_that_is_moved_under_the_server_takes_no_more_writes_and_nothing_is_made_in_its_place(bool isReplaced)
    {
        var moved = _folder.File("moved.db");
        using (var server = Start())
        {
            var api = Client(server);
            await api.CreateAsync("""{"name":"kept"}""");
            Assert.Single((await SearchAsync(api, "kept")).Items);
            System.IO.File.Move(File, moved);
            if (isReplaced)
                System.IO.File.Copy(moved, File);

            Assert.Equal((503, "storage_damaged"), await StatusAsync(api.PutAsync("""[{"name":"lost"}]""")));
            Assert.Equal((503, "storage_damaged"), await StatusAsync(api.GetAsync("/health/ready")));
            Assert.Equal((503, "storage_damaged"), await StatusAsync(api.GetAsync("/api/partners")));
            await server.SaysAsync($"storage_damaged: {File} was deleted, moved or replaced");
            Assert.Equal(isReplaced, System.IO.File.Exists(File));
            server.Terminate();
            Assert.Equal(0, server.WaitForExit());
        }
        if (!isReplaced)
        {
            var refused = RosterProcess.Run(_folder.Path, "--database", "sqlite:" + File, "--urls", "http://127.0.0.1:0");
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("is missing or empty", refused.Errors, StringComparison.Ordinal);
            Assert.False(System.IO.File.Exists(File));
        }
        System.IO.File.Move(moved, File, overwrite: true);
        using var again = Start();
        Assert.Equal(["kept"], (await Client(again).GetAsync("/api/partners")).Names);
    }

    [Fact]
    public async Task No_idempotency_key_stays_taken_where_what_it_kept_cannot_be_read()
    {
        using var server = Start();
        var api = Client(server);
        await api.PutAsync(Partners(10_000));
        _disk.Fail($"read {FaultyDisk.InputOutputError} roster.db");
        var keys = Enumerable.Range(0, 20).Select(i => $"key {i}").ToList();
        var failed = 0;
        foreach (var key in keys)
        {
            var answer = await WithKeyAsync(api, key, """[{"name":"once"}]""");
            Assert.True(answer.Status is 200 or 503, answer.Text);
            failed += answer.Status == 503 ? 1 : 0;
        }
        Assert.NotEqual(0, failed);

        _disk.Heal();

        foreach (var key in keys)
            Assert.Equal(200, (await WithKeyAsync(api, key, """[{"name":"once"}]""")).Status);
        Assert.Equal(20, (await SearchAsync(api, "once")).Items.Count);
    }

    [Fact]
    public async Task A_read_error_while_a_large_change_is_planned_is_an_outage_and_no_bug()
    {
        using var server = Start();
        var api = Client(server);
        var created = await api.PutAsync(Partners(10_000));
        var update = JsonSerializer.Serialize(created.Ids.Select(id => new { id, phone = "1" }));
        _disk.Fail($"read {FaultyDisk.InputOutputError} roster.db");

        Assert.Equal((503, "storage_unavailable"), await StatusAsync(api.PutAsync(update)));
        Assert.DoesNotContain("A bug", server.Log(), StringComparison.Ordinal);

        _disk.Heal();
        Assert.Equal((0L, 10_000L, 0L), (await api.PutAsync(update)).Counts);
    }

    [Fact]
    public async Task A_stop_ends_a_write_that_waits_for_another_program_s_lock_and_logs_no_bug()
    {
        using var server = Start();
        var api = Client(server);
        using var other = new SqliteConnection($"Data Source={File};Pooling=false");
        other.Open();
        using var begin = other.CreateCommand();
        begin.CommandText = "begin immediate";
        begin.ExecuteNonQuery();
        var waiting = Enumerable.Range(0, 20).Select(_ => StatusAsync(api.PutAsync(Partners(1_000)))).ToList();

        server.Terminate();

        Assert.Equal(0, server.WaitForExit());
        foreach (var write in waiting)
            try
            {
                Assert.Equal((503, "storage_unavailable"), await write);
            }
            catch (HttpRequestException)
            {
                // It came too late: the server no longer accepted connections.
            }
        Assert.DoesNotContain("A bug", server.Log(), StringComparison.Ordinal);
    }

    [GeneratedRegex("roster_[0-9A-Za-z]{38}")]
    private static partial Regex Key();

    private static async Task<(int Status, string Code)> StatusAsync(Task<Answer> answer) =>
        await answer is { Status: >= 400 } failed ? (failed.Status, failed.Code) : ((await answer).Status, "");

    private static Task<Answer> WithKeyAsync(RosterClient api, string key, string json) => api.SendAsync(
        HttpMethod.Put, "/api/partners", new StringContent(json, Encoding.UTF8, "application/json"),
        headers: [("Idempotency-Key", $"\"{key}\"")]);

    /// <summary>Waits until health no longer reports erased values in a file.</summary>
    private static async Task CleanAsync(RosterClient api)
    {
        Answer ready;
        do
            ready = await api.GetAsync("/health/ready");
        while (ready.Text.Contains("cleaning_owed", StringComparison.Ordinal));
        Assert.Equal((200, """{"status":"ok"}"""), (ready.Status, ready.Text));
    }

    private static string Partners(int count) =>
        JsonSerializer.Serialize(Enumerable.Range(0, count).Select(i => new { name = $"needle {i} {Guid.NewGuid()} {Guid.NewGuid()}" }));

    /// <summary>Searches like a client, which tries again when the server asks for it.</summary>
    private static async Task<Answer> SearchAsync(RosterClient api, string q, string more = "")
    {
        var found = await api.GetAsync($"/api/partners?q={Uri.EscapeDataString(q)}{more}");
        while (found is { Status: 503, Code: "search_behind" })
            found = await api.GetAsync($"/api/partners?q={Uri.EscapeDataString(q)}{more}");
        return found;
    }

    private static void Spoil(string file, int fromPage)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Write);
        stream.Seek(Math.Max(0, fromPage - 1) * 4_096L, SeekOrigin.Begin);
        var junk = new byte[4_096];
        Array.Fill(junk, (byte)0xA5);
        while (stream.Position < stream.Length)
            stream.Write(junk);
    }

    /// <summary>Starts again on the same file, with the key of the first start.</summary>
    private RosterProcess Start()
    {
        var server = RosterProcess.Serve(_folder.Path, _disk.Environment, "--database", "sqlite:" + File, "--rows-per-minute", "0");
        _key ??= Key().Match(server.Output()).Value;
        return server;
    }

    private RosterClient Client(RosterProcess server) => server.Client(_key!);

    private async Task FillAndStopAsync(int partners)
    {
        using var server = Start();
        var api = Client(server);
        await api.PutAsync(Partners(partners));
        Assert.NotEmpty((await SearchAsync(api, "needle")).Items);
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());
    }

    private bool IsInSomeByte(string text) => Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories)
        .Where(file => !file.EndsWith(".lock", StringComparison.Ordinal))
        .Any(file =>
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
        });
}
