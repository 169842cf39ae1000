using System.Text.RegularExpressions;
using Roster.Storage.Postgres.Connections;
using Roster.Tests.Backups;
using Roster.Tests.Cli;
using Roster.Tests.Client;
using Roster.Tests.Operations;
using Roster.Tests.Packaging;
using Roster.Tests.Pages;
using Roster.Tests.Server;
using static Roster.Tests.TidyTests;

namespace Roster.Tests;

/// <summary>What a page shows, a test runs: the list of these tests, and what else pages name.</summary>
public sealed partial class PageBlocksTests
{
    /// <summary>
    /// The tests that run the blocks of a page, one after the other. What they leave out is in <see cref="Page.NotRun"/>.
    /// </summary>
    private static readonly Dictionary<string, Type> RunBy = new()
    {
        ["README.md"] = typeof(PagesTests),
        ["docs/explanation/change-sets.md"] = typeof(PagesTests),
        ["docs/how-to/back-up-and-restore.md"] = typeof(BackupPageTests),
        ["docs/how-to/behind-a-proxy.md"] = typeof(ProxyContract),
        ["docs/how-to/bring-a-spreadsheet-in.md"] = typeof(CommandPagesTests),
        ["docs/how-to/check-and-repair.md"] = typeof(DamageTests),
        ["docs/how-to/clients/csharp.md"] = typeof(ClientPageTests),
        ["docs/how-to/clients/javascript.md"] = typeof(OtherLanguagesTests),
        ["docs/how-to/clients/python.md"] = typeof(OtherLanguagesTests),
        ["docs/how-to/console.md"] = typeof(CommandPagesTests),
        ["docs/how-to/erase-a-person.md"] = typeof(CommandPagesTests),
        ["docs/how-to/follow-the-feed.md"] = typeof(CommandPagesTests),
        ["docs/how-to/install-on-debian.md"] = typeof(DebTests),
        ["docs/how-to/invite-people.md"] = typeof(CommandPagesTests),
        ["docs/how-to/move-to-postgresql.md"] = typeof(MoveToPostgresPageTests),
        ["docs/how-to/nightly-sync.md"] = typeof(CommandPagesTests),
        ["docs/how-to/rotate-keys.md"] = typeof(CommandPagesTests),
        ["docs/how-to/run-in-a-container.md"] = typeof(ImageTests),
        ["docs/how-to/run-on-postgresql.md"] = typeof(RunOnPostgresPageTests),
        ["docs/how-to/sign-in-by-openid-connect.md"] = typeof(OpenIdConnectTests),
        ["docs/how-to/undo.md"] = typeof(CommandPagesTests),
        ["docs/how-to/watch.md"] = typeof(AlertTests),
        ["docs/reference/api.md"] = typeof(PagesTests),
        ["docs/reference/command-line.md"] = typeof(CommandPagesTests),
        ["docs/reference/commands.md"] = typeof(CommandPagesTests),
        ["docs/tutorial/sync-a-directory.md"] = typeof(TutorialTests),
        ["src/Roster.Client.Extensions/README.md"] = typeof(ClientPageTests),
        ["src/Roster.Client/README.md"] = typeof(ClientPageTests),
    };

    /// <summary>Options of other programs that pages name without the program.</summary>
    private static readonly Dictionary<string, string> OptionsOfOthers = new()
    {
        ["--config.file"] = "prometheus",
        ["--env"] = "docker run",
        ["--pre-vote"] = "etcd",
    };

    [GeneratedRegex("(?ms)^ *```.*?^ *```$")]
    private static partial Regex Fenced();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex(@"(?<![\w-])--[a-z][a-z.-]*")]
    private static partial Regex Option();

    [GeneratedRegex(@"\b(?:bench|build|docs|ops|packaging|src|tests)/[\w./-]*\w")]
    private static partial Regex SourcePath();

    [GeneratedRegex(@"\bROSTER_(?!TEST_)[A-Z_]*[A-Z]\b")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\bpostgres(?:ql)?://[^\s'`…)]+")]
    private static partial Regex Database();

    /// <summary>The word with which a line of commands begins, after variables that are set for it.</summary>
    [GeneratedRegex(@"^(?:[A-Z_]+=\S* )*([a-z][\w-]*) ", RegexOptions.Multiline)]
    private static partial Regex Program();

    /// <summary>Pages that a user reads. Those for developers have commands that take hours.</summary>
    private static List<Page> Pages => [.. new[] { "docs", "src" }
        .SelectMany(folder => Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.md", SearchOption.AllDirectories))
        .Select(file => Path.GetRelativePath(Repository.Root, file)).Where(file => !file.Split('/').Contains("node_modules"))
        .Append("README.md").Order(StringComparer.Ordinal).Select(path => new Page(path))];

    [Fact]
    public void Each_block_that_a_reader_is_to_type_is_run_by_a_test_or_listed_with_the_reason_why_not()
    {
        var blocks = Pages.SelectMany(page => page.Blocks.Select(block => (Page: page, Block: block))).ToList();
        var toDo = blocks.Where(one => one.Block.IsToDo).ToLookup(one => (one.Page.Path, Page.FirstLine(one.Block)));
        var run = toDo.Where(one => !Page.NotRun.ContainsKey(one.Key)).Select(one => one.Key.Path).Distinct().ToList();

        Assert.True(toDo.Sum(one => one.Count()) > 100, "Blocks are not found.");
        AssertNone("are of a kind that no page has", blocks
            .Where(one => !Page.ToDo.Contains(one.Block.Kind) && !Page.Shown.Contains(one.Block.Kind)).Select(PlaceOf));
        AssertNone("are run by no test", run.Where(path => !RunBy.ContainsKey(path)));
        AssertNone("are listed without a block that is run", RunBy.Keys.Except(run));
        AssertNone("are listed as not run, and are not there once", Page.NotRun.Keys.Where(key => toDo[key].Count() != 1)
            .Select(key => $"{key.Page}: {key.FirstLine}"));
        // Page makes sure that a test that takes it runs all of it.
        AssertNone("are not taken by the test that is listed", RunBy.Where(one =>
        {
            var source = File.ReadAllText(Directory.GetFiles(
                Path.Combine(Repository.Root, "tests/Roster.Tests"), $"{one.Value.Name}.cs", SearchOption.AllDirectories).Single());
            return !source.Contains("new Page(", StringComparison.Ordinal)
                || !Regex.IsMatch(source, @"\.(HasEnded\(\)|Rest\()")
                || !source.Contains($"\"{one.Key}\"", StringComparison.Ordinal);
        }).Select(one => $"{one.Key} by {one.Value.Name}"));
    }

    [Fact]
    public void No_block_that_only_shows_something_has_a_command()
    {
        var blocks = Pages.SelectMany(page => page.Blocks.Select(block => (Page: page, Block: block))).ToList();
        var programs = blocks.Where(one => one.Block.Kind == "sh").SelectMany(one => Program().Matches(one.Block.Text))
            .Select(match => match.Groups[1].Value).ToHashSet();

        Assert.Superset(new HashSet<string> { "curl", "docker", "dotnet", "roster", "roster-server", "sudo" }, programs);
        AssertNone("have commands, and are of a kind that is not run", blocks.Where(one => Page.Shown.Contains(one.Block.Kind)
            && Program().Matches(one.Block.Text).Any(match => programs.Contains(match.Groups[1].Value))).Select(PlaceOf));
    }

    [Fact]
    public async Task Each_option_and_each_variable_that_a_page_names_is_one_of_the_programs()
    {
        using var roster = new RosterCommand();
        var manual = Manual(RosterProcess.Run(roster.Folder, "man").Output)
            + Manual((await roster.RunAsync("man")).Output);
        var (options, variables) = (All(Option(), manual), All(Variable(), manual));
        var wrong = new List<string>();
        foreach (var page in Pages.Where(page => !page.Path.StartsWith("docs/explanation/", StringComparison.Ordinal)))
        {
            foreach (var span in CodeSpan().Matches(Fenced().Replace(page.Text, "")).Select(match => match.Groups[1].Value))
                if (span.StartsWith("--", StringComparison.Ordinal) || Regex.IsMatch(span, @"^roster(-server)?\s"))
                    wrong.AddRange(All(Option(), span).Where(option => !options.Contains(option) && !OptionsOfOthers.ContainsKey(option))
                        .Select(option => $"{page.Path}: {option}"));
            wrong.AddRange(All(Variable(), page.Text).Except(variables).Select(name => $"{page.Path}: {name}"));
        }

        Assert.True(options.Count > 50 && variables.Count > 30, manual);
        AssertNone("are none of the server's and of the command's", wrong);

        // A hyphen has a backslash before it.
        static string Manual(string text) => text.Replace("\\", "", StringComparison.Ordinal);
        static HashSet<string> All(Regex what, string text) => [.. what.Matches(text).Select(match => match.Value)];
    }

    [Fact]
    public void Each_file_of_the_sources_that_a_page_names_is_there() => AssertNone("are not there", Pages
        .Where(page => !page.Path.StartsWith("docs/decisions/", StringComparison.Ordinal))
        .SelectMany(page => CodeSpan().Matches(Fenced().Replace(page.Text, "")).SelectMany(span => SourcePath().Matches(span.Value))
            .Where(path => !Path.Exists(Path.Combine(Repository.Root, path.Value))).Select(path => $"{page.Path}: {path.Value}")));

    [Fact]
    public void Each_address_of_a_database_that_a_page_names_is_one_that_the_server_takes()
    {
        var addresses = Pages.SelectMany(page => Database().Matches(page.Text).Select(match => match.Value)).Distinct().ToList();

        Assert.True(addresses.Count >= 5, string.Join('\n', addresses));
        Assert.All(addresses, address => Assert.NotNull(PostgresAddress.Parse(address, null, false)));
    }

    [Fact]
    public async Task The_script_of_a_release_writes_into_no_folder_that_is_there()
    {
        using var folder = new TempFolder();
        var script = new Page("docs/how-to/make-a-release.md").Blocks.Single().Text.Split(' ')[0];

        var said = await Repository.RunAsync("", "sh", "-c", $"{script} {folder.Path} 2>&1; test $? = 2");

        Assert.Equal($"{folder.Path} exists already.\n", said);
    }

    private static string PlaceOf((Page Page, PageBlock Block) one) => $"{one.Page.Path}:{one.Block.Line}";
}
