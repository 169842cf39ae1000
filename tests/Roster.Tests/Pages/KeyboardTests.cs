using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Roster.Tests.Pages;

/// <summary>Work in Arabic, by keyboard alone: no test here uses the mouse.</summary>
public sealed class KeyboardTests(ConsoleServer server, ConsoleBrowser browser)
{
    [Fact]
    public async Task A_phone_is_mended_in_Arabic_by_keyboard_alone_and_the_focus_is_never_lost()
    {
        var api = server.NewWorkspace();
        await api.PutAsync("""[{"name":"شركة النور","phone":"1"},{"name":"Grace Hopper"}]""");
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key, "ar-AE");
        console.ExpectedStatuses.Add(400);
        var page = console.Page;
        var grid = page.GetByRole(AriaRole.Grid, new() { Name = "الشركاء" });
        await grid.GetByRole(AriaRole.Row).Filter(new() { HasText = "Grace" }).WaitForAsync();
        Assert.Equal("rtl", await page.EvaluateAsync<string>("getComputedStyle(document.documentElement).direction"));

        await TabToAsync(page, "[role=grid]");
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Heading, new() { Name = "شركة النور" }).WaitForAsync();
        Assert.True(await IsSomewhereAsync(page));
        await page.Keyboard.PressAsync("e");
        var email = page.GetByRole(AriaRole.Textbox, new() { Name = "البريد الإلكتروني", Exact = true });
        await email.PressSequentiallyAsync("noor");
        await page.Keyboard.PressAsync("Control+Enter");
        await Assertions.Expect(email).ToHaveAccessibleDescriptionAsync(new Regex("هذا ليس عنوان بريد إلكتروني"));
        await email.PressAsync("Control+a");
        await page.Keyboard.PressAsync("Delete");
        await TabToAsync(page, "input[type=tel]");
        await page.Keyboard.PressAsync("Control+a");
        await page.Keyboard.TypeAsync("+971 50 555 0102");
        await page.Keyboard.PressAsync("Control+Enter");
        await page.GetByText("حُدّث 1").First.WaitForAsync();
        Assert.True(await IsSomewhereAsync(page));
        await page.Keyboard.PressAsync("Escape");

        await Assertions.Expect(grid).ToBeFocusedAsync();
        Assert.Equal("+971 50 555 0102", (await api.GetAsync("/api/partners?q=شركة")).Items[0].GetProperty("phone").GetString());
        // What an Arabic keyboard has in the place of k.
        await Assertions.Expect(grid).ToHaveAttributeAsync("aria-activedescendant", "row-1");
        await PressNoonAsync(isCtrl: false);
        await Assertions.Expect(grid).ToHaveAttributeAsync("aria-activedescendant", "row-0");
        await PressNoonAsync(isCtrl: true);
        await page.GetByRole(AriaRole.Combobox).WaitForAsync();

        Task PressNoonAsync(bool isCtrl) => page.EvaluateAsync(
            """
            ctrlKey => document.activeElement.dispatchEvent(
                new KeyboardEvent('keydown', { key: 'ن', code: 'KeyK', ctrlKey, bubbles: true, cancelable: true }))
            """,
            isCtrl);
    }

    [Fact]
    public async Task Single_keys_do_nothing_where_they_are_switched_off_and_nothing_in_fields()
    {
        var api = server.NewWorkspace();
        await api.PutAsync("""[{"name":"Ada"}]""");
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        await console.Row("Ada").WaitForAsync();
        var search = console.Page.GetByRole(AriaRole.Searchbox, new() { Name = "Search partners" });

        await search.FillAsync("");
        await search.PressAsync("c");
        Assert.Equal("c", await search.InputValueAsync());
        await search.FillAsync("");
        // The address follows a moment later.
        await console.Page.WaitForURLAsync(address => !address.Contains("q=", StringComparison.Ordinal));
        await console.Page.EvaluateAsync("localStorage.setItem('roster-preferences', JSON.stringify({hasSingleKeys:false}))");
        await console.Page.ReloadAsync();
        await console.Row("Ada").WaitForAsync();
        await console.Page.Keyboard.PressAsync("c");
        await console.Page.Keyboard.PressAsync("?");
        await console.Page.Keyboard.PressAsync("Control+k");

        await console.Page.GetByRole(AriaRole.Combobox).WaitForAsync();
        Assert.Equal(1, await console.Page.GetByRole(AriaRole.Dialog).CountAsync());
    }

    /// <summary>Presses Tab until this has the focus.</summary>
    private static async Task TabToAsync(IPage page, string selector)
    {
        const int Most = 60;
        for (var presses = 0; presses < Most; presses++)
        {
            await page.Keyboard.PressAsync("Tab");
            if (await page.EvaluateAsync<bool>("selector => document.activeElement.matches(selector)", selector))
                return;
        }
        Assert.Fail($"{Most} presses of Tab did not reach {selector}.");
    }

    private static Task<bool> IsSomewhereAsync(IPage page) => page.EvaluateAsync<bool>("document.activeElement !== document.body");
}
