namespace Roster.Tests.Pages;

/// <summary>What the console's pages make a browser load.</summary>
public sealed class BudgetTests(ConsoleServer server, ConsoleBrowser browser)
{
    /// <summary>Bytes of all scripts together, as gzip sends them.</summary>
    private const int MaxScripts = 250_000;

    /// <summary>Bytes of the scripts of the first page alone.</summary>
    private const int MaxFirst = 150_000;

    [Fact]
    public async Task The_pages_take_no_more_than_their_budget_of_script()
    {
        await using var console = await browser.OpenAsync(server.Address, "/partners", server.NewWorkspace().Key);
        await console.IsWholeAsync();
        var all = await SizesAsync();
        var first = all.Values.Sum();
        foreach (var page in new[] { "imports", "changes", "overview", "keys", "people", "sessions", "audit", "status" })
        {
            await console.GoAsync("/" + page);
            await console.IsWholeAsync();
            foreach (var (name, size) in await SizesAsync())
                all.TryAdd(name, size);
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{first} bytes for the first page\n" + string.Join('\n', all));
        Assert.InRange(first, 1, MaxFirst);
        Assert.InRange(all.Values.Sum(), 1, MaxScripts);

        // Of the scripts' bytes as gzip sends them.
        async Task<Dictionary<string, int>> SizesAsync()
        {
            var names = await console.Page.EvaluateAsync<string[]>(
                "performance.getEntriesByType('resource').map(entry => entry.name).filter(name => name.endsWith('.js'))");
            var sizes = new Dictionary<string, int>();
            foreach (var name in names)
                sizes[name] = (await GzipAsync(new Uri(name))).Length;
            return sizes;
        }
    }

    private static async Task<byte[]> GzipAsync(Uri address)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Add("Accept-Encoding", "gzip");
        var answer = await http.GetAsync(address);
        Assert.Equal("gzip", answer.Content.Headers.ContentEncoding.Single());
        return await answer.Content.ReadAsByteArrayAsync();
    }
}
