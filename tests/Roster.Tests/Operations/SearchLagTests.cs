using System.Globalization;
using System.Text.RegularExpressions;

namespace Roster.Tests.Operations;

/// <summary>The metric of how far searches are behind, on a disk that fails.</summary>
public sealed partial class SearchLagTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FaultyDisk _disk = new();

    public void Dispose()
    {
        _disk.Dispose();
        _folder.Dispose();
    }

    [GeneratedRegex(@"^roster_search_lag_seconds\{\} (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Lag();

    [Fact]
    public async Task The_lag_of_searches_begins_with_what_they_do_not_show_and_ends_with_it()
    {
        using var http = new HttpClient();
        using var server = RosterProcess.Serve(_folder.Path, _disk.Environment, "--metrics-urls", "http://127.0.0.1:0");
        var api = server.FirstClient();
        await api.CreateAsync("""{"name":"needle"}""");
        Assert.Single((await api.GetAsync("/api/partners?q=needle")).Items);
        await UntilAsync(lag => lag == 0);

        _disk.Fail($"write {FaultyDisk.NoSpace} roster.db.search");
        await api.CreateAsync("""{"name":"another needle"}""");
        await server.SaysAsync("search_failing: The search index of workspace 1 cannot be kept up");
        await UntilAsync(lag => lag > 0);

        _disk.Heal();
        await server.SaysAsync("search_failing: over");
        await UntilAsync(lag => lag == 0);

        async Task<double> LagAsync() => double.Parse(
            Lag().Match(await http.GetStringAsync(MetricsTests.UrlOf(server))).Groups[1].Value, CultureInfo.InvariantCulture);

        // What is served may be as it was a moment ago.
        async Task UntilAsync(Func<double, bool> isSo)
        {
            for (var i = 0; !isSo(await LagAsync()); i++)
                Assert.InRange(i, 0, 10_000);
        }
    }
}
