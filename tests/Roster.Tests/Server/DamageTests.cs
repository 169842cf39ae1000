using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Roster.Storage.Checks;
using Roster.Storage.Sqlite.Search;
using Roster.Storage.Sqlite.Tools;
using Roster.Tests.Cli;

namespace Roster.Tests.Server;

/// <summary>
/// Flipped bits in the files of a server on SQLite: what check says of them, what the server says, and what an operator can
/// still read.
/// </summary>
public sealed partial class DamageTests(DamageTests.Directory directory) : IClassFixture<DamageTests.Directory>, IDisposable
{
    private const int PageBytes = 4_096;

    private readonly TempFolder _folder = new();

    private string File => _folder.File("roster.db");

    private string Index => Path.Combine(File + ".search", "1.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Check_says_ok_for_each_part_and_changes_no_byte()
    {
        directory.CopyTo(_folder);
        var before = await Task.WhenAll(System.IO.File.ReadAllBytesAsync(File), System.IO.File.ReadAllBytesAsync(Index));

        var whole = Check();

        Assert.Equal((0, ""), (whole.ExitCode, whole.Errors));
        Assert.Equal(
            ["file\t-\tok", "log\tdefault\tok", "partners\tdefault\tok", "search\tdefault\tok", "counts\tdefault\tok"],
            whole.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => string.Join('\t', line.Split('\t')[..3])));
        Assert.Equal(before[0], await System.IO.File.ReadAllBytesAsync(File));
        Assert.Equal(before[1], await System.IO.File.ReadAllBytesAsync(Index));
    }

    [Fact]
    public async Task A_bit_of_a_value_that_SQLite_cannot_notice_is_found_by_check_and_by_the_server_and_can_be_corrected()
    {
        directory.CopyTo(_folder);
        // A letter of an address becomes a capital one.
        Flip(File, "needle777@", 0x20);

        var found = Check();

        Assert.Equal(1, found.ExitCode);
        Assert.Matches("partners\tdefault\tdamaged\t.*\n  partners are not as they were written \\(checksum\\): 1\n"
            + $"    {directory.Ids[777]}, revision 1\n  What to do: Restore", found.Output);
        Assert.DoesNotContain("needle", found.Output, StringComparison.OrdinalIgnoreCase);
        using var server = Directory.Start(_folder);
        var api = directory.Client(server);
        Assert.Equal("storage_damaged", (await api.GetAsync($"/api/partners/{directory.Ids[777]}")).Code);
        await server.HasSaidAsync($"storage_damaged: Partner {directory.Ids[777]}");
        Assert.Equal(200, (await api.PutAsync($$"""[{"id":"{{directory.Ids[776]}}","phone":"7"}]""")).Status);

        var other = Guid.NewGuid();
        var accepted = Run("accept", "--workspace", "default", directory.Ids[777], $"{other}");

        Assert.Equal((1, directory.Ids[777] + "\n"), (accepted.ExitCode, accepted.Output));
        Assert.StartsWith($"There is no partner {other} in workspace 'default'.\n", accepted.Errors, StringComparison.Ordinal);
        Assert.Equal(200, (await api.PutAsync($$"""[{"id":"{{directory.Ids[777]}}","email":"needle777@b.example"}]""")).Status);
        Assert.Equal(0, Run("check").ExitCode);
    }

    [Fact]
    public void A_bit_of_an_index_is_found_by_check()
    {
        directory.CopyTo(_folder);
        FlipEntryOf("partner_external_id");

        Assert.Matches("file\t-\tdamaged\t.*\n(.*\n)*.*partner_external_id", Check().Output);
    }

    [Fact]
    public void A_bit_of_an_old_value_in_the_log_is_found_by_check()
    {
        directory.CopyTo(_folder);
        Flip(File, "old phone", 1);

        Assert.Matches(
            "log\tdefault\tdamaged\t.*\n  change sets are not as they were written \\(checksum\\): 1\n    revision 2\n", Check().Output);
    }

    [Fact]
    public async Task Check_finds_no_damage_where_a_server_just_throws_the_search_index_away_and_makes_it_anew()
    {
        directory.CopyTo(_folder);
        var (kept, renewed) = (_folder.File("kept.db"), _folder.File("renewed.db"));
        System.IO.File.Copy(Index, kept);
        var random = new Random(1);
        var read = 0;
        for (var i = 0; i < 150; i++)
        {
            System.IO.File.Copy(kept, renewed, overwrite: true);
            // About as long as it takes to open it.
            var delay = random.Next(0, 20_000);
            var renewing = Task.Run(() =>
            {
                Thread.SpinWait(delay);
                SqliteSearchIndex.Delete(Index);
                System.IO.File.Move(renewed, Index);
            });
            var part = new CheckPart("search", "default");
            using (var check = SqliteSearchCheck.Open(Index, part, new CheckPart("counts", "default")))
                read += check is null ? 0 : 1;
            await renewing;
            Assert.Empty(part.Damages);
        }
        Assert.NotEqual(0, read);
    }

    [Fact]
    public void A_bit_of_the_search_index_is_found_by_check()
    {
        directory.CopyTo(_folder);
        Flip(Index, "needle777@", 1);

        var found = Check().Output;
        Assert.Matches("partners\tdefault\tok", found);
        Assert.Matches("search\tdefault\tdamaged", found);
    }

    [Theory]
    [InlineData("partner", "/api/partners?take=10000")]
    [InlineData("partner_external_id", "/api/partners?externalId=x777")]
    public async Task Damage_of_the_structure_is_said_at_error_and_then_nothing_is_read_or_written(string table, string request)
    {
        directory.CopyTo(_folder);
        SpoilTree(table);
        using var server = Directory.Start(_folder);
        var api = directory.Client(server);

        var met = await api.GetAsync(request);

        Assert.Equal((503, "storage_damaged"), (met.Status, met.Code));
        Assert.Null(met.Headers.RetryAfter);
        await server.HasSaidAsync($"storage_damaged: {File}");
        Assert.Contains(server.Log().Split('\n'), line => line.Contains("\"EventId\":6015,\"LogLevel\":\"Error\"", StringComparison.Ordinal)
            && line.Contains("roster-server check", StringComparison.Ordinal));
        foreach (var other in new[]
        {
            await api.PutAsync("""[{"name":"lost"}]"""), await api.GetAsync($"/api/partners/{directory.Ids[0]}"),
            await api.GetAsync("/health/ready"),
        })
            Assert.Equal((503, "storage_damaged"), (other.Status, other.Code));
        Assert.Equal(1, Check().ExitCode);
    }

    [Fact]
    public async Task Damage_of_the_file_of_imports_is_told_with_its_cure_and_the_directory_goes_on()
    {
        var file = File + ".imports";
        string import, key;
        using (var whole = Directory.Start(_folder))
        {
            var first = whole.FirstClient();
            (import, key) = (await first.NewImportAsync("name,phone\nAda,1\n"), first.Key!);
            whole.Terminate();
            Assert.Equal(0, whole.WaitForExit());
        }
        SpoilFreePages(file);
        using (var server = Directory.Start(_folder))
        {
            var api = server.Client(key);
            var mends = JsonSerializer.Serialize(Enumerable.Range(2, 20).Select(line => new
            {
                line,
                cells = new { phone = Convert.ToHexString(RandomNumberGenerator.GetBytes(2_000)) },
            }));

            var refused = await api.MendAsync(import, mends);

            Assert.Equal((503, "storage_damaged"), (refused.Status, refused.Code));
            await server.HasSaidAsync($"storage_damaged: {file} is damaged");
            Assert.Contains("delete it with its -wal", server.Log(), StringComparison.Ordinal);
            Assert.Equal("uploaded", (await api.ImportAsync(import)).State());
            Assert.Equal(200, (await api.PutAsync("""[{"name":"written"}]""")).Status);
            Assert.Equal(["written"], (await api.GetAsync("/api/partners")).Names);
            var ready = await api.GetAsync("/health/ready");
            Assert.Equal((200, """{"status":"ok","notices":["storage_damaged"]}"""), (ready.Status, ready.Text));
            server.Terminate();
            Assert.Equal(0, server.WaitForExit());
        }
        Assert.Matches("file\t-\tdamaged\t.*\n  faults of the file of imports", Check().Output);
        foreach (var end in new[] { "", "-wal", "-shm" })
            System.IO.File.Delete(file + end);

        using var again = Directory.Start(_folder);
        var planned = (await again.Client(key).NewPlanAsync("name,phone\nAda,1\n")).Import;
        Assert.Equal("1 0 0 0 0 0", planned.Counts());
        Assert.Equal(0, Check().ExitCode);
    }

    [Fact]
    public async Task A_server_that_only_reads_serves_what_is_left_of_a_damaged_file_and_changes_no_byte_nor_its_backups()
    {
        directory.CopyTo(_folder);
        var old = System.IO.Directory.CreateDirectory(_folder.File("backups")).FullName + "/roster-20010101T000000Z.db";
        await System.IO.File.WriteAllTextAsync(old, "a good one");
        SpoilTree("partner_external_id");
        var before = await System.IO.File.ReadAllBytesAsync(File);
        using (var server = Directory.Start(_folder, "--read-only", "on", "--backup-to", _folder.File("backups")))
        {
            var api = directory.Client(server);

            Assert.Equal("storage_damaged", (await api.GetAsync("/api/partners?externalId=x777")).Code);
            Assert.Equal(Directory.Partners, (await api.GetAsync("/api/partners?take=10000")).Items.Count);
            Assert.Equal(200, (await api.GetAsync("/api/partners?take=10000", "text/csv")).Status);
            var refused = await api.PutAsync("""[{"name":"lost"}]""");
            Assert.Equal((503, "storage_read_only"), (refused.Status, refused.Code));
            Assert.Equal("search_behind", (await api.GetAsync("/api/partners?q=needle")).Code);
            Assert.Equal(503, (await api.GetAsync("/health/ready")).Status);
            Assert.Contains("storage_read_only: The server was started with --read-only on", server.Log(), StringComparison.Ordinal);
            server.Terminate();
            Assert.Equal(0, server.WaitForExit());
            Assert.DoesNotContain("A bug", server.Log(), StringComparison.Ordinal);
            Assert.DoesNotMatch("Backed up to|A backup failed", server.Log());
        }
        Assert.Equal([old], System.IO.Directory.GetFiles(_folder.File("backups")));
        Assert.Equal(before, await System.IO.File.ReadAllBytesAsync(File));
    }

    [Fact]
    public async Task A_file_of_another_program_is_refused_and_left_as_it_is()
    {
        await System.IO.File.WriteAllTextAsync(File, "not a database, but somebody's only copy\n");
        await AssertRefusedUntouchedAsync("is no SQLite file");

        System.IO.File.Delete(File);
        await using (var other = new SqliteConnection($"Data Source={File};Pooling=false"))
        {
            await other.OpenAsync();
            await using var command = other.CreateCommand();
            command.CommandText = "pragma journal_mode = wal; create table theirs (it); insert into theirs values (1)";
            await command.ExecuteNonQueryAsync();
            // As after a crash: what they wrote is in their log.
            System.IO.File.Copy(File, _folder.File("theirs.db"));
            System.IO.File.Copy(File + "-wal", _folder.File("theirs.db-wal"));
        }
        foreach (var end in new[] { "", "-wal" })
            System.IO.File.Move(_folder.File("theirs.db") + end, File + end, overwrite: true);
        await AssertRefusedUntouchedAsync("is another program's SQLite file");
    }

    [Fact]
    public async Task Reindex_throws_the_index_away_and_the_server_makes_it_anew()
    {
        directory.CopyTo(_folder);
        Flip(Index, "needle777@", 1);
        using (Directory.Start(_folder))
        {
            var running = Run("reindex");
            Assert.Equal(1, running.ExitCode);
            Assert.Contains("Another Roster server uses", running.Errors, StringComparison.Ordinal);
        }

        var done = Run("reindex", "--workspace", "default");

        Assert.Equal((0, "default\n"), (done.ExitCode, done.Output));
        Assert.Equal(0, Check().ExitCode);
        using var server = Directory.Start(_folder);
        var api = directory.Client(server);
        Answer found;
        do
            found = await api.GetAsync("/api/partners?q=needle777");
        while (found is { Status: 503, Code: "search_behind" });
        Assert.Single(found.Items);
        Assert.Equal(0, Check().ExitCode);
        Assert.Equal(1, Run("reindex", "--workspace", "none").ExitCode);
    }

    [Fact]
    public void What_cannot_be_checked_is_wrong_usage_and_no_damage()
    {
        Assert.Equal((2, true), (Check().ExitCode, Check().Errors.Contains("There is no database", StringComparison.Ordinal)));
        directory.CopyTo(_folder);
        var none = Run("check", "--workspace", "none");
        Assert.Equal((2, "There is no workspace 'none'.\n"), (none.ExitCode, none.Errors));
    }

    [Fact]
    public async Task Whoever_follows_the_page_gets_what_it_shows()
    {
        var page = new Page("docs/how-to/check-and-repair.md");
        directory.CopyTo(_folder, "data");
        using var shell = new RosterCommand();
        shell.Variables["ROSTER_KEY"] = directory.Key;
        var run = new PageRun(shell, new Uri("http://localhost:5080"), _folder.Path);

        var check = page.Next();
        AssertAlike(check.Answer!, await run.RunAsync(page, check with { Answer = null }));

        var id = directory.Ids[777];
        await using (var database = new SqliteConnection($"Data Source={_folder.File("data/roster.db")};Pooling=false"))
        {
            await database.OpenAsync();
            await using var update = database.CreateCommand();
            update.CommandText = "update partner set phone = 'wrong' where external_id = 'x777'";
            Assert.Equal(1, await update.ExecuteNonQueryAsync());
        }
        var damage = page.Blocks.Single(block => block.Text.Contains("damaged", StringComparison.Ordinal)).Text;
        var found = await run.RunAsync(page, check with { Text = $"{check.Text.TrimEnd()} || test $? = 1", Answer = null });
        AssertAlike(damage, Regex.Match(found, "(?ms)^partners.*?(?=^search)").Value);

        await run.RunAsync(page, page.Next().With(Id().Match(damage).Value, id));

        System.IO.Directory.CreateDirectory(_folder.File("copy"));
        foreach (var file in System.IO.Directory.GetFiles(_folder.File("data"), "roster.db*"))
            System.IO.File.Copy(file, file.Replace("/data/", "/copy/", StringComparison.Ordinal));
        using (var server = RosterProcess.Serve(_folder.Path, await run.ArgumentsAsync(page, page.Next())))
        {
            var csv = await new PageRun(shell, server.Address, _folder.Path).RunAsync(page, page.Next());
            Assert.Equal(1 + Directory.Partners, csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        }

        await run.RunAsync(page, page.Rest());
    }

    /// <summary>What a page shows, with other numbers and ids. On a terminal columns are wide, elsewhere a tab divides them.</summary>
    private static void AssertAlike(string shown, string output)
    {
        var parts = Alike(shown).Split('…');
        Assert.StartsWith(parts[0], Alike(output), StringComparison.Ordinal);
        Assert.True(parts.Length > 1 || parts[0].Length == Alike(output).Length, output);

        static string Alike(string text) => Regex.Replace(
            Regex.Replace(Id().Replace(text, "ID"), @"\d+", "N"), @"[ \t]+", " ").Trim();
    }

    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")]
    private static partial Regex Id();

    private (int ExitCode, string Output, string Errors) Check() => Run("check");

    private (int ExitCode, string Output, string Errors) Run(params string[] command) =>
        RosterProcess.Run(_folder.Path, [.. command, "--database", "sqlite:" + File]);

    private async Task AssertRefusedUntouchedAsync(string sentence)
    {
        string[] files = [.. new[] { File, File + "-wal" }.Where(System.IO.File.Exists)];
        var before = await Task.WhenAll(files.Select(file => System.IO.File.ReadAllBytesAsync(file)));

        var refused = Run("--urls", "http://127.0.0.1:0");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(sentence, refused.Errors, StringComparison.Ordinal);
        for (var i = 0; i < files.Length; i++)
            Assert.Equal(before[i], await System.IO.File.ReadAllBytesAsync(files[i]));
    }

    /// <summary>Flips a bit of the first byte of a text's last place in a file.</summary>
    private static void Flip(string file, string text, byte bit)
    {
        var bytes = System.IO.File.ReadAllBytes(file);
        var at = bytes.AsSpan().LastIndexOf(Encoding.UTF8.GetBytes(text));
        Assert.True(at >= 0, $"{text} is not in {file}");
        bytes[at] ^= bit;
        System.IO.File.WriteAllBytes(file, bytes);
    }

    /// <summary>Flips a bit in the last entry of an index's last page.</summary>
    private void FlipEntryOf(string index)
    {
        var bytes = System.IO.File.ReadAllBytes(File);
        // The youngest entry of a page is nearest to its middle: its external id ends before the id of 16 bytes.
        bytes[(RootOf(index) * PageBytes) - 20] ^= 4;
        System.IO.File.WriteAllBytes(File, bytes);
    }

    /// <summary>Makes pages of a table or index unreadable: its root.</summary>
    private void SpoilTree(string name)
    {
        var bytes = System.IO.File.ReadAllBytes(File);
        var start = (RootOf(name) - 1) * PageBytes;
        Array.Fill(bytes, (byte)0xA5, start, 200);
        System.IO.File.WriteAllBytes(File, bytes);
    }

    /// <summary>Has the list of free pages begin with one that is none: whoever needs a page for a write meets it, and no reader.</summary>
    private static void SpoilFreePages(string file)
    {
        var bytes = System.IO.File.ReadAllBytes(file);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(32), 2);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(36), 1);
        Array.Fill(bytes, (byte)0xA5, PageBytes, PageBytes);
        System.IO.File.WriteAllBytes(file, bytes);
    }

    private int RootOf(string name)
    {
        using var database = new SqliteConnection($"Data Source={File};Mode=ReadOnly;Pooling=false");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = "select rootpage from sqlite_schema where name = $name";
        command.Parameters.AddWithValue("$name", name);
        return (int)(long)command.ExecuteScalar()!;
    }

    /// <summary>Files of a server that has stopped, made once.</summary>
    public sealed class Directory : IDisposable
    {
        internal const int Partners = 3_000;

        private readonly TempFolder _made = new();

        public Directory()
        {
            using var server = RosterProcess.Serve(_made.Path, "--database", "sqlite:" + _made.File("roster.db"), "--rows-per-minute", "0");
            Key = Regex.Match(server.Output(), "roster_[0-9A-Za-z]{38}").Value;
            var api = Client(server);
            Ids = api.PutAsync(JsonSerializer.Serialize(Enumerable.Range(0, Partners).Select(i => new
            {
                name = $"Needle {i}",
                email = $"needle{i}@b.example",
                phone = i == 5 ? "old phone" : $"{i}",
                externalId = $"x{i}",
            }))).Result.Ids;
            Assert.Equal(200, api.PutAsync($$"""[{"id":"{{Ids[5]}}","phone":"5"}]""").Result.Status);
            while (api.GetAsync("/api/partners?q=needle").Result.Status != 200)
                continue;
            server.Terminate();
            Assert.Equal(0, server.WaitForExit());
        }

        public IReadOnlyList<string> Ids { get; }

        /// <summary>The server's first key.</summary>
        public string Key { get; }

        /// <param name="into">A folder in that folder.</param>
        internal void CopyTo(TempFolder folder, string into = "")
        {
            System.IO.Directory.CreateDirectory(folder.File(Path.Combine(into, "roster.db.search")));
            foreach (var file in new[] { "roster.db", "roster.db.search/1.db" })
                System.IO.File.Copy(_made.File(file), folder.File(Path.Combine(into, file)));
        }

        /// <summary>A server on a copy of the files.</summary>
        internal static RosterProcess Start(TempFolder folder, params string[] arguments) => RosterProcess.Serve(
            folder.Path, ["--database", "sqlite:" + folder.File("roster.db"), "--rows-per-minute", "0", .. arguments]);

        internal RosterClient Client(RosterProcess server) => server.Client(Key);

        public void Dispose() => _made.Dispose();
    }
}
