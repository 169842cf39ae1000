namespace Roster.Tests.Cli;

/// <summary>The page about moving from SQLite to PostgreSQL.</summary>
public sealed class MoveToPostgresPageTests(PostgresHost postgres)
{
    private const string Page = "docs/how-to/move-to-postgresql.md";

    [Fact]
    public async Task Whoever_follows_the_page_finds_partners_and_keys_in_PostgreSQL()
    {
        using var folder = new TempFolder();
        var key = await FillAsync(folder.Path);
        var database = postgres.NewDatabase();
        var text = (await File.ReadAllTextAsync(Path.Combine(Repository.Root, Page), TestContext.Current.CancellationToken))
            .Replace("postgresql://roster@db.example/roster", database, StringComparison.Ordinal);
        using var shell = new RosterCommand();

        Assert.Equal(1, await new PageRun(shell, new Uri("http://localhost:5080"), folder.Path).RunAsync(Page, PageRun.Blocks(text)));

        using var server = RosterProcess.Serve(folder.Path, "--database", database);
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
