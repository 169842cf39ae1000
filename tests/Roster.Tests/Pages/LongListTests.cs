using System.Globalization;
using Microsoft.Playwright;

namespace Roster.Tests.Pages;

/// <summary>
/// A list of any length takes as much of the browser as a short one. ROSTER_TEST_PARTNERS says how many partners; the suite
/// has 5,000, and docs/explanation/performance.md the figures of 1,000,000.
/// </summary>
public sealed class LongListTests(ConsoleServer server, ConsoleBrowser browser)
{
    /// <summary>Rows that are in the page at a time, at most: those that are seen, and a few above and below.</summary>
    private const int MaxRows = 60;

    /// <summary>Growth of the page's own memory by scrolling through the list, in MB.</summary>
    private const int MaxGrowth = 20;

    private static readonly int Partners = int.Parse(
        Environment.GetEnvironmentVariable("ROSTER_TEST_PARTNERS") ?? "5000", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Scrolling_to_the_end_keeps_few_rows_and_the_true_count_and_takes_no_more_memory()
    {
        var api = server.NewWorkspace();
        for (var from = 0; from < Partners; from += 10_000)
        {
            var answer = await api.PutAsync("[" + string.Join(',', Enumerable.Range(from, Math.Min(10_000, Partners - from))
                .Select(i => $$"""{"name":"Partner {{i:D7}}","email":"p{{i}}@example.com","phone":"+44 20 {{i:D7}}"}""")) + "]");
            Assert.True(answer.Status == 200, answer.Text);
        }
        // Searches are told when they are far behind the writes; each of these waits up to ten seconds for them.
        while ((await api.GetAsync("/api/partners?q=partner&take=1")).Status == 503)
            continue;
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        var rows = console.Grid.GetByRole(AriaRole.Row);
        await console.SeesAsync(Partners.ToString("N0", CultureInfo.InvariantCulture) + " partners");
        var painted = await console.Page.EvaluateAsync<double>("performance.getEntriesByName('first-contentful-paint')[0].startTime");
        await console.Row($"Partner {Partners - 1:D7}").WaitForAsync();
        var before = await MemoryAsync(console.Page);

        var scrolled = Math.Min(Partners, 100_000);
        for (var row = 0; row < scrolled; row += 500)
        {
            await console.Page.EvaluateAsync("row => { document.querySelector('.grid-box').scrollTop = row * 40; }", row);
            await console.Page.EvaluateAsync("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
        }
        await console.Grid.FocusAsync();
        await console.Page.Keyboard.PressAsync("End");
        await console.Row("Partner 0000000").WaitForAsync();
        var after = await MemoryAsync(console.Page);

        Assert.InRange(await rows.CountAsync(), 10, MaxRows);
        Assert.Equal((Partners + 1).ToString(CultureInfo.InvariantCulture), await console.Grid.GetAttributeAsync("aria-rowcount"));
        Assert.Equal($"row-{Partners - 1}", await console.Grid.GetAttributeAsync("aria-activedescendant"));
        Assert.InRange(after, 0, before + MaxGrowth);
        await console.Page.Keyboard.PressAsync("/");
        await console.Page.Keyboard.TypeAsync((Partners / 2).ToString("D7", CultureInfo.InvariantCulture));
        var typed = TimeProvider.System.GetTimestamp();
        await console.Row($"Partner {Partners / 2:D7}").WaitForAsync();
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{Partners} partners: first paint {painted:0} ms after navigation; "
            + $"found {TimeProvider.System.GetElapsedTime(typed).TotalMilliseconds:0} ms after the last key; "
            + $"memory {before:0.0} MB, {after:0.0} MB after {scrolled} rows.");
    }

    private static async Task<double> MemoryAsync(IPage page)
    {
        var session = await page.Context.NewCDPSessionAsync(page);
        await session.SendAsync("HeapProfiler.collectGarbage");
        var usage = await session.SendAsync("Runtime.getHeapUsage");
        return usage!.Value.GetProperty("usedSize").GetDouble() / 1e6;
    }
}
