using Microsoft.Playwright;
using Roster.Tests.Pages;

namespace Roster.Tests.Help;

/// <summary>The pages at /help in a browser.</summary>
public sealed class HelpInBrowserTests(ConsoleServer server, ConsoleBrowser browser)
{
    /// <summary>From the console's folder, in which a browser is opened.</summary>
    private const string Help = "/../help";

    public static TheoryData<string, int> Seen => Looks.Of("dark");

    [Theory]
    [MemberData(nameof(Seen))]
    public async Task No_page_has_a_fault_that_axe_finds_or_is_wider_than_the_screen(string theme, int width)
    {
        var colours = theme == "dark" ? ColorScheme.Dark : ColorScheme.Light;
        await using var console = await browser.OpenAsync(server.Address, Help, null, theme: colours, width: width);
        console.ExpectedStatuses.Add(404);
        var findings = new List<string>();
        string[] pages =
        [
            "/help", "/help/how-to/console", "/help/reference/api", "/help/reference/errors", "/help/explanation/performance",
            "/help/explanation/change-sets", "/help/decisions/0016-what-was-tried-for-speed", "/help/nothing",
        ];
        foreach (var page in pages)
        {
            await console.Page.GotoAsync(new Uri(server.Address, page).ToString());
            if (Looks.IsAll)
                await console.PictureAsync($"{page.Trim('/').Replace('/', '-')}-{theme}-{width}");
            findings.AddRange((await console.FindingsAsync()).Select(found => $"{page}: {found}"));
            if (await console.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth > innerWidth"))
                findings.Add($"{page} is wider than the screen.");
        }
        Assert.Empty(findings);
    }

    [Fact]
    public async Task The_first_Tab_leads_past_the_list_and_a_wide_table_is_scrolled_by_keyboard()
    {
        await using var console = await browser.OpenAsync(server.Address, Help, null, width: 360);
        var page = console.Page;
        await page.GotoAsync(new Uri(server.Address, "/help/explanation/security").ToString());

        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        Assert.Equal("page", await page.EvaluateAsync<string>("document.activeElement.id"));

        await page.Locator(".wide").First.FocusAsync();
        // Playwright's own wait for a function calls eval in each frame, which the page's policy forbids.
        var scrolled = page.EvaluateAsync(
            "() => new Promise(done => document.querySelector('.wide').addEventListener('scroll', () => done(), { once: true }))");
        await page.Keyboard.PressAsync("ArrowRight");
        await scrolled.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.True(await page.EvaluateAsync<bool>("document.querySelector('.wide').scrollLeft > 0"));
    }

    [Fact]
    public async Task The_consoles_menu_opens_the_help_beside_it()
    {
        await using var console = await browser.OpenAsync(server.Address, "/partners", server.NewWorkspace().Key);
        await console.IsWholeAsync();
        await console.Page.Locator("button.user").ClickAsync();

        var help = await console.Page.RunAndWaitForPopupAsync(
            () => console.Page.GetByRole(AriaRole.Menuitem, new() { Name = "Help", Exact = true }).ClickAsync());

        await help.GetByRole(AriaRole.Heading, new() { Name = "Help", Exact = true }).WaitForAsync();
        Assert.Equal("/help", new Uri(help.Url).AbsolutePath);
    }
}
