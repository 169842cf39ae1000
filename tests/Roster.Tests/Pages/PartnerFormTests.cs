using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Roster.Tests.Pages;

/// <summary>What is typed is kept: by every way out of a form, and where somebody else writes meanwhile.</summary>
public sealed class PartnerFormTests(ConsoleServer server, ConsoleBrowser browser)
{
    private const string Two = """[{"name":"Ada Lovelace","phone":"111","tags":["gold"]},{"name":"Grace Hopper"}]""";

    [Fact]
    public async Task Every_way_out_of_a_form_with_unsaved_text_asks_first_and_staying_keeps_the_text()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Two);
        await using var console = await browser.OpenAsync(server.Address, "/changes", api.Key);
        await console.Heading("Changes").WaitForAsync();
        await console.Page.Keyboard.PressAsync("g");
        await console.Page.Keyboard.PressAsync("p");
        await console.Row("Ada Lovelace").ClickAsync();
        await console.Button("Edit").ClickAsync();
        await console.Field("Phone").FillAsync("999");

        Func<Task>[] ways =
        [
            () => console.Button("Close, back to the list").ClickAsync(),
            () => console.Page.Keyboard.PressAsync("Escape"),
            () => console.Page.GetByRole(AriaRole.Link, new() { Name = "Import", Exact = true }).First.ClickAsync(),
            () => console.Row("Grace Hopper").ClickAsync(),
            () => console.Page.EvaluateAsync("history.back()"),
            async () =>
            {
                await console.Page.GetByRole(AriaRole.Button, new() { NameRegex = new Regex("^test") }).ClickAsync();
                await console.Page.GetByRole(AriaRole.Menuitem, new() { Name = "Sign out" }).ClickAsync();
            },
        ];
        foreach (var way in ways)
        {
            await way();
            await console.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
            await Assertions.Expect(console.Field("Phone")).ToHaveValueAsync("999");
            await console.Field("Phone").FocusAsync();
        }

        await console.Page.GetByRole(AriaRole.Link, new() { Name = "Import", Exact = true }).First.ClickAsync();
        await console.Button("Discard changes").ClickAsync();
        await console.Heading("Import").WaitForAsync();
        Assert.Single((await api.GetAsync("/api/changesets")).Items);
    }

    [Fact]
    public async Task A_form_that_is_discarded_sends_nothing()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Two);
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        var writes = 0;
        console.Page.Request += (_, request) => writes += request.Method == "GET" ? 0 : 1;
        await console.Row("Ada Lovelace").ClickAsync();
        await console.Button("Edit").ClickAsync();
        await console.Field("Phone").FillAsync("999");

        await console.Button("Cancel").ClickAsync();
        await console.Button("Discard changes").ClickAsync();

        await console.Button("Edit").WaitForAsync();
        await console.SeesAsync("111");
        Assert.Equal(0, writes);
    }

    [Fact]
    public async Task A_tag_that_somebody_else_added_meanwhile_stays_beside_ones_own()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Two);
        var id = (await api.GetAsync("/api/partners?q=Ada")).Items[0].GetProperty("id").GetString();
        await using var console = await browser.OpenAsync(server.Address, $"/partners?partner={id}", api.Key);
        console.ExpectedStatuses.Add(400);
        await console.Button("Edit").ClickAsync();
        await console.Field("Add a tag").FillAsync("mine");

        await api.PutAsync($$"""[{"id":"{{id}}","addTags":["theirs"]}]""");
        await console.Button("Save").ClickAsync();
        await console.Button("Show what they changed").ClickAsync();
        await console.Button("Remove tag theirs").WaitForAsync();
        await console.Button("Save").ClickAsync();

        await console.SeesAsync("1 updated");
        var tags = (await api.GetAsync($"/api/partners/{id}?include=tags")).Json.GetProperty("tags");
        Assert.Equal(["gold", "mine", "theirs"], tags.EnumerateArray().Select(tag => tag.GetString()));
    }

    [Fact]
    public async Task A_key_without_a_value_is_marked_and_the_form_stays()
    {
        var api = server.NewWorkspace();
        await using var console = await browser.OpenAsync(server.Address, "/partners?new", api.Key);
        await console.Field("Name").FillAsync("Ada Lovelace");
        await console.Button("Add a key").ClickAsync();
        await console.Field("Key").FillAsync("region");

        await console.Button("Create partner").ClickAsync();

        await Assertions.Expect(console.Field("Value")).ToHaveAttributeAsync("aria-invalid", "true");
        await console.Field("Value").FillAsync("emea");
        await console.Button("Create partner").ClickAsync();
        await console.Heading("Ada Lovelace").WaitForAsync();
        await console.SeesAsync("emea");
    }

    [Fact]
    public async Task The_list_is_as_long_as_it_is_after_a_partner_was_deleted()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Many(150));
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        await console.SeesAsync("150 partners");

        await console.Row("Partner 149").ClickAsync();
        await console.Button("Delete").ClickAsync();

        await console.SeesAsync("149 partners");
        await Assertions.Expect(console.Grid).ToHaveAttributeAsync("aria-rowcount", "150");
    }

    [Fact]
    public async Task A_range_begins_at_the_row_that_was_active_also_far_down_the_list()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Many(150));
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        await console.SeesAsync("150 partners");
        await console.Grid.FocusAsync();
        for (var row = 0; row < 50; row++)
            await console.Page.Keyboard.PressAsync("j");

        for (var row = 0; row < 3; row++)
            await console.Page.Keyboard.PressAsync("Shift+ArrowDown");

        await console.SeesAsync("4 selected");
        await Assertions.Expect(console.Grid.Locator("[aria-selected=true]")).ToHaveCountAsync(4);
        await console.Page.Keyboard.PressAsync("Shift+ArrowUp");
        await console.SeesAsync("3 selected");
        await console.Button("Clear selection").ClickAsync();
        await console.Page.GetByLabel("Select Partner 100", new() { Exact = true }).ClickAsync();
        await console.Page.Keyboard.PressAsync("ArrowDown");
        await console.Page.Keyboard.PressAsync("x");
        await console.SeesAsync("2 selected");
    }

    [Fact]
    public async Task One_step_back_leads_from_a_partner_to_the_list()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Two);
        await using var console = await browser.OpenAsync(server.Address, "/changes", api.Key);
        await console.Heading("Changes").WaitForAsync();
        await console.Page.Keyboard.PressAsync("g");
        await console.Page.Keyboard.PressAsync("p");
        await console.Page.GetByRole(AriaRole.Link, new() { Name = "Ada Lovelace" }).ClickAsync();
        await console.Heading("Ada Lovelace").WaitForAsync();

        await console.Page.GoBackAsync();
        await Assertions.Expect(console.Heading("Ada Lovelace")).ToHaveCountAsync(0);
        Assert.EndsWith("/console/partners", console.Page.Url, StringComparison.Ordinal);
        await console.Page.GoBackAsync();
        await console.Heading("Changes").WaitForAsync();
    }

    private static string Many(int count) =>
        JsonSerializer.Serialize(Enumerable.Range(0, count).Select(i => new { name = $"Partner {i}" }));
}
