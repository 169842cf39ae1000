using System.Text;
using System.Text.Json;

namespace Roster.Tests.Cli;

/// <summary>What is written where, in which form; and where server and key come from.</summary>
public sealed class OutputTests(ConsoleServer server)
{
    [Fact]
    public async Task Results_are_tabs_where_they_are_piped_and_JSON_is_the_APIs_own()
    {
        var (api, roster) = Open();
        using var _ = roster;
        var made = (await api.PutAsync("""[{"name":"Ada Lovelace, \"Lady\"","email":"ada@example.com","tags":["gold","new"]}]""")).Items[0];

        var table = (await roster.RunAsync("list")).Output.Split('\n');
        var json = JsonDocument.Parse((await roster.RunAsync("list", "--output", "json")).Output).RootElement;
        var lines = (await roster.RunAsync("list", "--output", "ndjson")).Output;
        var csv = (await roster.RunAsync("list", "--output", "csv")).Output;

        Assert.Equal("id\tname\temail\tphone\texternalId\ttags", table[0]);
        Assert.Equal($"{made.GetProperty("id")}\tAda Lovelace, \"Lady\"\tada@example.com\t\t\tgold|new", table[1]);
        Assert.Equal(made.GetRawText(), json[0].GetRawText());
        Assert.Equal(made.GetRawText() + "\n", lines);
        Assert.Contains(",\"Ada Lovelace, \"\"Lady\"\"\",ada@example.com,", csv, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("list")]
    [InlineData("list --output json")]
    [InlineData("list --output ndjson")]
    [InlineData("list --output csv")]
    [InlineData("changes --follow | head -n 1")]
    [InlineData("export")]
    public async Task Results_that_are_piped_are_UTF_8_whatever_the_encoding_of_the_machine_is(string command)
    {
        var (api, roster) = Open();
        using var _ = roster;
        await api.PutAsync("""[{"name":"شركة النور","tags":["Łódź"]}]""");

        var ended = await roster.RunShellAsync($"env LC_ALL=en_US.ISO-8859-1 roster {command} > written");

        var written = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(roster.File("written")));
        Assert.Equal("", ended.Errors);
        Assert.Contains("شركة النور", written, StringComparison.Ordinal);
        Assert.Contains("Łódź", written, StringComparison.Ordinal);
        Assert.NotEqual('\uFEFF', written[0]);
    }

    [Fact]
    public async Task An_export_that_is_asked_for_as_JSON_says_what_there_is_instead_which_is_right()
    {
        var (api, roster) = Open();
        using var _ = roster;
        var made = (await api.PutAsync("""[{"name":"Ada Lovelace","externalId":"a1"}]""")).Items[0];

        var refused = await roster.RunAsync("export", "partners.json");
        var lines = await roster.RunAsync("export", "--output", "ndjson");
        var array = await roster.RunAsync("list", "--take", "0", "--output", "json");
        var asked = await roster.RunAsync("export", "partners.json", "--output", "csv");

        Assert.Contains("--output ndjson", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("roster list --take 0 --output json", refused.Errors, StringComparison.Ordinal);
        Assert.Equal("a1", JsonDocument.Parse(lines.Output).RootElement.GetProperty("externalId").GetString());
        Assert.Equal(made.GetRawText(), JsonDocument.Parse(array.Output).RootElement[0].GetRawText());
        Assert.Equal(0, asked.Code);
        Assert.Contains("a1", await File.ReadAllTextAsync(roster.File("partners.json")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_of_partners_are_their_owners_only_unless_they_were_there_and_no_run_before_is_in_the_way()
    {
        var (api, roster) = Open();
        using var _ = roster;
        await api.PutAsync("""[{"name":"Ada Lovelace","externalId":"a1"}]""");
        const UnixFileMode Mine = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        // What a run that was killed has left behind, in its worst form: it can be neither written nor deleted.
        Directory.CreateDirectory(roster.File("partners.csv.part"));
        File.WriteAllText(roster.File("shared.csv"), "old");
        File.SetUnixFileMode(roster.File("shared.csv"), Mine | UnixFileMode.GroupRead);
        File.CreateSymbolicLink(roster.File("link.csv"), "shared.csv");
        roster.Write("wrong.csv", "externalId,name,email\na2,Grace,not an address\n");

        foreach (var file in (string[])["partners.csv", "link.csv"])
            Assert.Equal($"Written to {file}.\n", (await roster.RunAsync("export", file)).Errors);
        Assert.Equal(3, (await roster.RunAsync("sync", "wrong.csv", "--match", "externalId", "--faults", "faults.csv")).Code);

        Assert.Equal(Mine, File.GetUnixFileMode(roster.File("partners.csv")));
        Assert.Equal(Mine, File.GetUnixFileMode(roster.File("faults.csv")));
        Assert.Equal(Mine | UnixFileMode.GroupRead, File.GetUnixFileMode(roster.File("shared.csv")));
        Assert.Equal("shared.csv", new FileInfo(roster.File("link.csv")).LinkTarget);
        Assert.Contains("Ada Lovelace", File.ReadAllText(roster.File("shared.csv")), StringComparison.Ordinal);
        Assert.Equal(
            ["faults.csv", "link.csv", "partners.csv", "shared.csv", "wrong.csv"],
            Directory.GetFiles(roster.Folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("2000-01-31", 1)]
    [InlineData("2000-01-31T23:59Z", 1)]
    [InlineData("2000-01-31T23:59:59.5+02:00", 1)]
    [InlineData("2000-01-31 23:59:59", 1)]
    [InlineData("2999-12-31", 0)]
    [InlineData("2999-12-31T23:59:59Z", 0)]
    public async Task Partners_that_were_updated_since_a_time_are_listed(string time, int count)
    {
        var (api, roster) = Open();
        using var _ = roster;
        await api.CreateAsync();

        var ended = await roster.RunAsync("list", "--output", "ndjson", "--updated-since", time);

        Assert.True(ended.Code == 0, ended.Errors);
        Assert.Equal(count, ended.Output.Count(sign => sign == '\n'));
    }

    [Fact]
    public async Task A_file_in_shared_memory_is_written_whole_or_not_at_all_as_any_other()
    {
        var (api, roster) = Open();
        using var _ = roster;
        await api.PutAsync("""[{"name":"Ada Lovelace","externalId":"a1"}]""");
        var folder = Directory.CreateDirectory($"/dev/shm/roster-{Guid.NewGuid():N}");
        try
        {
            var file = Path.Combine(folder.FullName, "partners.csv");
            File.WriteAllText(file, "of yesterday");

            roster.Variables["ROSTER_KEY"] = "roster_wrong";
            Assert.Equal(1, (await roster.RunAsync("export", file)).Code);
            Assert.Equal("of yesterday", File.ReadAllText(file));
            roster.Variables["ROSTER_KEY"] = api.Key!;
            Assert.Equal(0, (await roster.RunAsync("export", file)).Code);

            Assert.Contains("Ada Lovelace", File.ReadAllText(file), StringComparison.Ordinal);
            Assert.Equal([file], Directory.GetFiles(folder.FullName));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("roster export /dev/stdout | cat")]
    [InlineData("roster export /dev/stdout > out.csv; cat out.csv")]
    [InlineData("roster export >(cat)")]
    [InlineData("mkfifo fifo; cat fifo & roster export fifo; wait; test -p fifo")]
    public async Task An_export_is_written_into_what_is_no_regular_file(string line)
    {
        var (api, roster) = Open();
        using var _ = roster;
        await api.PutAsync("""[{"name":"Ada Lovelace","externalId":"a1"}]""");

        var ended = await roster.RunShellAsync(line);

        Assert.True(ended.Code == 0, ended.Errors);
        Assert.Matches("^id,name,.*\n.*Ada Lovelace.*\n$", ended.Output);
    }

    [Theory]
    [InlineData("cat three.csv | roster sync - ARGUMENTS", "input")]
    [InlineData("roster sync - ARGUMENTS < three.csv", "input")]
    [InlineData("cat three.csv | roster sync /dev/stdin ARGUMENTS", "input")]
    [InlineData("roster sync <(cat three.csv) ARGUMENTS", "input")]
    [InlineData("mkfifo fifo; cat three.csv > fifo & roster sync fifo ARGUMENTS", "fifo")]
    public async Task What_can_be_read_once_only_is_synced_and_named_as_a_file_is(string line, string name)
    {
        var (api, roster) = Open();
        using var _ = roster;
        roster.Write("three.csv", "externalId,name,email\na1,Ada Lovelace,\na2,Grace Hopper,\na3,Joan Clarke,nothing\n");
        Directory.CreateDirectory(roster.File("temporary"));
        roster.Variables["TMPDIR"] = roster.File("temporary");

        var ended = await roster.RunShellAsync(
            line.Replace("ARGUMENTS", "--match externalId --yes --skip-faulty", StringComparison.Ordinal));

        Assert.True(ended.Code == 0, ended.Errors);
        Assert.Contains($" {name}  3 rows, CSV, UTF-8, comma", ended.Errors, StringComparison.Ordinal);
        Assert.Contains($"{name}:4:3: email: ", ended.Errors, StringComparison.Ordinal);
        Assert.Equal(2, (await api.GetAsync("/api/partners")).Items.Count);
        Assert.Equal(name, (await api.GetAsync("/api/imports")).Items[0].GetProperty("file").GetProperty("name").GetString());
        Assert.Empty(Directory.GetFileSystemEntries(roster.File("temporary")));
    }

    [Fact]
    public async Task More_than_256_MiB_of_a_pipe_is_refused_with_a_sentence_and_leaves_nothing()
    {
        var (api, roster) = Open();
        using var _ = roster;
        Directory.CreateDirectory(roster.File("temporary"));
        roster.Variables["TMPDIR"] = roster.File("temporary");

        var ended = await roster.RunShellAsync("yes externalId,name 2> /dev/null | roster sync - --yes");

        Assert.Equal((1, "More than 256 MiB came. So much is taken from a regular file only.\n"), (ended.Code, ended.Errors));
        Assert.Empty(Directory.GetFileSystemEntries(roster.File("temporary")));
        Assert.Empty((await api.GetAsync("/api/imports")).Items);
    }

    [Fact]
    public async Task Only_the_result_is_on_standard_output_and_quiet_leaves_nothing_else()
    {
        var (_, roster) = Open();
        using var _1 = roster;
        roster.Write("one.csv", "externalId,name\na1,Ada Lovelace\n");

        var loud = await roster.RunAsync("sync", "one.csv", "--match", "externalId", "--yes", "--output", "json");
        var quiet = await roster.RunAsync("sync", "one.csv", "--match", "externalId", "--yes", "--output", "json", "--quiet");

        Assert.Equal("applied", JsonDocument.Parse(loud.Output).RootElement.GetProperty("state").GetString());
        Assert.Contains("create", loud.Errors, StringComparison.Ordinal);
        Assert.Equal("planned", JsonDocument.Parse(quiet.Output).RootElement.GetProperty("state").GetString());
        Assert.Equal("", quiet.Errors);
        Assert.DoesNotContain("\e", loud.Errors + loud.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_feed_is_followed_line_by_line_and_goes_on_where_it_stopped()
    {
        var (api, roster) = Open();
        using var _ = roster;
        await api.PutAsync("""[{"name":"Ada"},{"name":"Grace"}]""");

        using var process = roster.Start("changes", "--follow");
        var lines = new List<string>();
        for (var line = 0; line < 3; line++)
            lines.Add((await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!);
        await api.PutAsync("""[{"name":"Joan"}]""");
        var joan = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.Contains("Joan", joan, StringComparison.Ordinal);
        System.Diagnostics.Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExit();
        var ended = await RosterCommand.EndAsync(process);

        Assert.Equal(130, ended.Code);
        var next = JsonDocument.Parse(lines[2]).RootElement.GetProperty("next").GetString();
        Assert.Contains("roster changes --follow --after", ended.Errors, StringComparison.Ordinal);
        using var later = roster.Start("changes", "--follow", "--after", next!);
        Assert.Contains("Joan", await later.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        later.Kill();
    }

    [Theory]
    [InlineData("changes --follow")]
    [InlineData("list --take 0 --output ndjson")]
    [InlineData("list --take 0 --output csv")]
    [InlineData("list --take 0")]
    [InlineData("export")]
    public async Task A_command_whose_reader_has_gone_ends_without_a_word_and_with_the_code_of_a_closed_pipe(string command)
    {
        var (api, roster) = Open();
        using var _ = roster;
        // More than pipes and buffers hold.
        var note = new string('x', 500);
        var items = Enumerable.Range(0, 4_000).Select(at => $$$"""{"name":"Partner {{{at}}}","metadata":{"note":"{{{note}}}"}}""");
        Assert.Equal(4_000, (await api.PutAsync($"[{string.Join(',', items)}]")).Items.Count);

        var ended = await roster.RunShellAsync($"roster {command} | head -c 1 > first; echo ${{PIPESTATUS[0]}}");

        Assert.Equal(("141\n", ""), (ended.Output, ended.Errors));
        Assert.Equal(1, new FileInfo(roster.File("first")).Length);
    }

    [Fact]
    public async Task A_feed_that_waits_for_changes_ends_when_its_reader_goes()
    {
        var (api, roster) = Open();
        using var _ = roster;
        await api.CreateAsync();

        var ended = await roster.RunShellAsync("roster changes --follow | head -n 2 | wc -l; echo ${PIPESTATUS[0]}");

        Assert.Equal(("2\n141\n", ""), (ended.Output, ended.Errors));
    }

    [Fact]
    public async Task What_a_file_or_the_server_says_cannot_command_the_terminal()
    {
        var (_, roster) = Open();
        using var _1 = roster;
        var file = roster.Write("a\u202Eb.csv", "externalId,full name,no\e[31mte\na1,Ada,x\n");
        var unknown = roster.File("unknown.csv");
        File.WriteAllBytes(unknown, [.. "externalId\tname\na1\tJos"u8, 0xE9, .. " \e[31m\n"u8]);

        var plan = await roster.RunAsync("plan", file, "--match", "externalId");
        var encodings = await roster.RunAsync("plan", unknown, "--match", "externalId");
        var missing = await roster.RunAsync("sync", "c\e[2J.csv");
        var refused = await roster.RunAsync("list", "--sort", "d\e[2J");
        var misused = await roster.RunAsync("list", "--output", "e\e[2J");

        Assert.Contains("a\u25A1b.csv  1 rows", plan.Errors, StringComparison.Ordinal);
        Assert.Contains("no\u25A1[31mte → ", plan.Errors, StringComparison.Ordinal);
        Assert.Contains("a1 José \u25A1[31m", encodings.Errors, StringComparison.Ordinal);
        Assert.Contains("c\u25A1[2J.csv", missing.Errors, StringComparison.Ordinal);
        Assert.Contains("d\u25A1[2J", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("e\u25A1[2J", misused.Errors, StringComparison.Ordinal);
        foreach (var ended in (RosterCommand.Ended[])[plan, encodings, missing, refused, misused])
            Assert.DoesNotContain(ended.Errors, sign => char.IsControl(sign) && sign != '\n');
    }

    [Fact]
    public async Task A_key_is_kept_for_its_owner_only_and_goes_to_no_other_server()
    {
        var (api, roster) = Open();
        using var _ = roster;
        roster.Variables.Clear();

        var login = await roster.RunAsync(api.Key + "\n", ["login", server.Address.ToString(), "--profile", "prod"]);

        Assert.True(login.Code == 0, login.Errors);
        var file = roster.File(".config/roster/profiles.json");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(file)!));
        Assert.Equal(0, (await roster.RunAsync("list", "--profile", "prod")).Code);
        var elsewhere = await roster.RunAsync("list", "--profile", "prod", "--url", "http://127.0.0.1:9");
        Assert.Equal((2, true), (elsewhere.Code, elsewhere.Errors.Contains("is for", StringComparison.Ordinal)));
        Assert.Equal(1, (await roster.RunAsync("wrong\n", ["login", server.Address.ToString()])).Code);
        Assert.Equal(2, (await roster.RunAsync("list")).Code);
    }

    [Theory]
    [InlineData("""{"prod":{"url":"http://127.0.0.1:9/"}}""", "has no key. Log in again: roster login http://127.0.0.1:9/ --profile prod")]
    [InlineData("""{"prod":{"url":"http://127.0.0.1:9/","key":""}}""", "has no key. Log in again: ")]
    [InlineData("""{"prod":{"key":"roster_x"}}""", "has no server. Log in again: roster login URL --profile prod")]
    [InlineData("""{"prod":null}""", "There is no profile 'prod'.")]
    public async Task A_profile_that_lacks_something_is_named_with_what_to_do(string profiles, string said)
    {
        using var roster = new RosterCommand();
        Directory.CreateDirectory(roster.File(".config/roster"));
        roster.Write(".config/roster/profiles.json", profiles);

        var ended = await roster.RunAsync("list", "--profile", "prod");

        Assert.Contains(ended.Code, (int[])[1, 2]);
        Assert.Contains(said, ended.Errors, StringComparison.Ordinal);
        Assert.Contains("prod", ended.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Errors, StringComparison.Ordinal);
        Assert.Single(ended.Errors.Trim().Split('\n'));
    }

    [Fact]
    public async Task Whoami_says_which_setting_won()
    {
        var (api, roster) = Open();
        using var _ = roster;
        await roster.RunAsync(api.Key + "\n", ["login", server.Address.ToString()]);
        roster.Write("key.txt", api.Key + "\n");

        var variable = await roster.RunAsync("whoami");
        var option = await roster.RunAsync("whoami", "--key-file", "key.txt", "--url", server.Address.ToString());
        roster.Variables.Clear();
        var profile = await roster.RunAsync("whoami");

        Assert.Contains("(from ROSTER_KEY)", variable.Output, StringComparison.Ordinal);
        Assert.Contains("(from ROSTER_URL, ", variable.Output, StringComparison.Ordinal);
        Assert.Contains("(from --key-file)", option.Output, StringComparison.Ordinal);
        Assert.Contains("(from profile default)", profile.Output, StringComparison.Ordinal);
        Assert.Contains("expires\tnever", profile.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_are_made_rotated_and_revoked_and_one_that_ends_soon_is_warned_about()
    {
        var (_, roster) = Open();
        using var _1 = roster;

        var made = await roster.RunAsync(
            "keys", "create", "--name", "nightly", "--scopes", "partnersRead,keysRead,keysWrite", "--expires", "3d");
        roster.Variables["ROSTER_KEY"] = made.Output.Trim();
        var who = await roster.RunAsync("whoami", "--output", "json");
        var id = JsonDocument.Parse(who.Output).RootElement.GetProperty("actor").GetProperty("id").GetString()!;
        var rotated = await roster.RunAsync("keys", "rotate", id, "--overlap", "1h");
        roster.Variables["ROSTER_KEY"] = rotated.Output.Trim();

        Assert.Contains($"roster keys rotate {id}", who.Errors, StringComparison.Ordinal);
        Assert.Equal(0, (await roster.RunAsync("keys", "revoke", id, "--yes")).Code);
        Assert.Contains("revoked", (await roster.RunAsync("keys", "list")).Output, StringComparison.Ordinal);
    }

    private (RosterClient Api, RosterCommand Roster) Open()
    {
        var api = server.NewWorkspace();
        return (api, new RosterCommand(server.Address, api.Key));
    }
}
