namespace Roster.Tests.Cli;

/// <summary>The page about moving from SQLite to PostgreSQL.</summary>
public sealed class MoveToPostgresPageTests(PostgresHost postgres)
{
    private const string Shown = "postgresql://roster@db.example/roster";

    [Fact]
    public async Task Whoever_follows_the_page_finds_partners_and_keys_in_PostgreSQL()
    {
        var page = new Page("docs/how-to/move-to-postgresql.md");
        using var folder = new TempFolder();
        var key = await FillAsync(folder.Path);
        var database = postgres.NewDatabase();
        using var shell = new RosterCommand();
        var run = new PageRun(shell, new Uri("http://localhost:5080"), folder.Path);

        await run.RunAsync(page, page.Next().With(Shown, database));
        using var server = RosterProcess.Serve(folder.Path, await run.ArgumentsAsync(page, page.Next().With(Shown, database)));
        page.HasEnded();

        Assert.Equal(["Ada Lovelace"], (await server.Client(key).GetAsync("/api/partners")).Names);
    }

    /// <summary>A server on a file with one partner, which has stopped.</summary>
    /// <returns>Its key.</returns>
    private static async Task<string> FillAsync(string folder)
    {
        using var server = RosterProcess.Serve(folder);
        var api = server.FirstClient();
        await api.CreateAsync();
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());
        return api.Key!;
    }
}
