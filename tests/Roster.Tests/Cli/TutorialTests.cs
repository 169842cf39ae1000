namespace Roster.Tests.Cli;

/// <summary>The tutorial, from the first start of a server with nothing in it.</summary>
public sealed class TutorialTests
{
    /// <summary>The answer of the server that a reader puts into the second command.</summary>
    private const string KeyPlace = "roster_…";

    [Fact]
    public async Task Whoever_follows_the_tutorial_from_an_empty_workspace_sees_what_it_shows()
    {
        var page = new Page("docs/tutorial/sync-a-directory.md");
        using var folder = new TempFolder();
        using var roster = new RosterCommand();
        var start = page.Next();
        var arguments = await new PageRun(roster, new Uri("http://localhost:5080"), folder.Path).ArgumentsAsync(page, start);
        using var server = RosterProcess.Serve(folder.Path, arguments);
        // What it prints is shown; the rest of the welcome is left out.
        Assert.All(
            start.Answer!.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.Contains('…')),
            line => Assert.Contains(line, server.Output(), StringComparison.Ordinal));
        var key = server.FirstClient().Key!;

        await new PageRun(roster, server.Address, folder.Path).RunAsync(page, [page.Next().With(KeyPlace, key), .. page.Rest()]);

        // Its last steps: the directory is the export, and the mistake is undone.
        Assert.Equal(
            ["Ada Lovelace", "Edith Clarke", "Grace Hopper"], (await server.FirstClient().GetAsync("/api/partners")).Names.Order());
    }
}
