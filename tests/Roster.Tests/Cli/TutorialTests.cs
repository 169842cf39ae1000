namespace Roster.Tests.Cli;

/// <summary>The tutorial, from the first start of a server with nothing in it.</summary>
public sealed class TutorialTests
{
    private const string Page = "docs/tutorial/sync-a-directory.md";

    /// <summary>The answer of the server that a reader puts into the second command.</summary>
    private const string KeyPlace = "roster_…";

    [Fact]
    public async Task Whoever_follows_the_tutorial_from_an_empty_workspace_sees_what_it_shows()
    {
        var blocks = PageRun.Blocks(await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, Page), TestContext.Current.CancellationToken));
        Assert.Equal("dotnet run -c Release --project src/Roster.Server\n", blocks[0].Command);
        Assert.Contains(KeyPlace, blocks[1].Command, StringComparison.Ordinal);
        using var folder = new TempFolder();
        using var server = RosterProcess.Serve(folder.Path);
        // What it prints is shown; the rest of the welcome is left out.
        Assert.All(
            blocks[0].Answer!.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.Contains('…')),
            line => Assert.Contains(line, server.Output(), StringComparison.Ordinal));
        var key = server.FirstClient().Key!;
        using var roster = new RosterCommand();

        var found = await new PageRun(roster, server.Address, folder.Path).RunAsync(
            Page, [.. blocks.Skip(1).Select(block => (block.Command.Replace(KeyPlace, key, StringComparison.Ordinal), block.Answer))]);

        Assert.InRange(found, 10, 30);
        // Its last steps: the directory is the export, and the mistake is undone.
        Assert.Equal(
            ["Ada Lovelace", "Edith Clarke", "Grace Hopper"], (await server.FirstClient().GetAsync("/api/partners")).Names.Order());
    }
}
