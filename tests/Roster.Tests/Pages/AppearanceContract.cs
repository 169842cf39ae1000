using Microsoft.Playwright;

namespace Roster.Tests.Pages;

/// <summary>Each page in a language, in the themes of <see cref="Looks"/>.</summary>
public abstract class AppearanceContract(ConsoleServer server, ConsoleBrowser browser, string locale)
{
    protected async Task LookAtAllAsync(string theme, int width)
    {
        var api = server.NewWorkspace();
        var id = await FillAsync(api);
        var import = (await api.GetAsync("/api/imports")).Items[0].GetProperty("id").GetString();
        var colours = theme == "dark" ? ColorScheme.Dark : ColorScheme.Light;
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key, locale, colours, width);
        console.ExpectedStatuses.Add(404);
        var findings = new List<string>();
        string[] pages =
        [
            "/partners", $"/partners?partner={id}", "/partners?new=", "/partners?q=nobody", "/partners?asOf=1", "/imports",
            $"/imports/{import}", $"/imports/{import}/columns", $"/imports/{import}/preview", "/changes", "/changes/1", "/overview",
            "/keys", "/people", "/sessions", "/audit", "/status", "/nowhere",
        ];
        foreach (var page in pages)
        {
            await console.GoAsync(page);
            await console.IsWholeAsync();
            var name = page.Trim('/').Replace('/', '-').Replace('?', '-').Replace(id, "id").Replace(import!, "id");
            if (Looks.IsAll)
                await console.PictureAsync($"{name}-{locale[..2]}-{theme}-{width}");
            findings.AddRange((await console.FindingsAsync()).Select(found => $"{page}: {found}"));
            var isTooWide = await console.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth > innerWidth");
            if (isTooWide)
                findings.Add($"{page} is wider than the screen.");
        }
        await console.GoAsync($"/partners?partner={id}");
        await console.IsWholeAsync();
        await console.Page.Locator(".details").WaitForAsync();
        foreach (var key in new[] { "?", "e", "Control+k" })
        {
            await console.Page.Keyboard.PressAsync(key);
            await console.Page.Locator("[role=dialog], .panel-form").First.WaitForAsync();
            findings.AddRange((await console.FindingsAsync()).Select(found => $"after {key}: {found}"));
            await console.Page.Keyboard.PressAsync("Escape");
            await console.Page.Locator("[role=dialog], .panel-form").First.WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        }
        Assert.Empty(findings);
        // Had there been one, axe would have found it.
        await console.Page.EvaluateAsync("document.documentElement.removeAttribute('lang')");
        Assert.StartsWith("html-has-lang: ", Assert.Single(await console.FindingsAsync()), StringComparison.Ordinal);
    }

    /// <summary>Gives each page something to show.</summary>
    /// <returns>The id of a partner with a history.</returns>
    private static async Task<string> FillAsync(RosterClient api)
    {
        await api.PutAsync("""
            [{"name":"Ada Lovelace","email":"ada@example.com","phone":"+44 20 7946 0001","tags":["gold"],"metadata":{"region":"emea"}},
             {"name":"شركة النور للتجارة","email":"info@alnoor.example","phone":"+971 50 555 0101","externalId":"crm-7"}]
            """);
        var id = (await api.GetAsync("/api/partners?q=Ada")).Items[0].GetProperty("id").GetString()!;
        await api.PutAsync($$"""[{"id":"{{id}}","phone":"+44 20 7946 0002","tags":["gold","new"]},{"name":"Gone"}]""");
        await api.DeleteAsync((await api.GetAsync("/api/partners?q=Gone")).Items[0].GetProperty("id").GetString()!);
        var file = """
            Name,E-Mail,Phone
            Grace Hopper,grace@example.com,+1 212 555 0100
            Wrong,not an address,
            Ada King,ada@example.com,1
            """u8;
        var import = await api.SendAsync(
            HttpMethod.Post, "/api/imports?filename=partners.csv", new ByteArrayContent(file.ToArray()));
        await api.SendAsync(HttpMethod.Post, $"/api/imports/{import.Json.GetProperty("id").GetString()}/plan");
        return id;
    }
}

public sealed class AppearanceInEnglish(ConsoleServer server, ConsoleBrowser browser) : AppearanceContract(server, browser, "en-GB")
{
    public static TheoryData<string, int> Seen => Looks.Of("light");

    [Theory]
    [MemberData(nameof(Seen))]
    public Task No_page_has_a_fault_that_axe_finds_or_is_wider_than_the_screen(string theme, int width) => LookAtAllAsync(theme, width);
}

public sealed class AppearanceInArabic(ConsoleServer server, ConsoleBrowser browser) : AppearanceContract(server, browser, "ar-AE")
{
    public static TheoryData<string, int> Seen => Looks.Of("dark");

    [Theory]
    [MemberData(nameof(Seen))]
    public Task No_page_has_a_fault_that_axe_finds_or_is_wider_than_the_screen(string theme, int width) => LookAtAllAsync(theme, width);
}
