using Microsoft.Playwright;

namespace Roster.Tests.Pages;

/// <summary>The log of changes: what was done, taking it back, and the directory as it was.</summary>
public sealed class ChangesPageTests(ConsoleServer server, ConsoleBrowser browser)
{
    [Fact]
    public async Task A_change_set_shows_its_old_and_new_values_and_is_undone_after_a_preview_with_its_conflicts()
    {
        var api = server.NewWorkspace();
        await api.PutAsync("""[{"name":"Ada","phone":"1"},{"name":"Grace","phone":"1"}]""");
        var ids = (await api.GetAsync("/api/partners?sort=name")).Items.Select(one => one.GetProperty("id").GetString()).ToList();
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","phone":"2"},{"id":"{{ids[1]}}","phone":"2"}]""");
        await api.PutAsync($$"""[{"id":"{{ids[1]}}","phone":"3"}]""");
        await using var console = await browser.OpenAsync(server.Address, "/changes", api.Key);

        await console.Page.GetByRole(AriaRole.Link, new() { Name = "Revision 2" }).First.ClickAsync();
        await console.SeesAsync("What changed");
        await console.Button("Undo").First.ClickAsync();
        var dialog = console.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByText("1 partner cannot be put back").WaitForAsync();
        Assert.Equal("2", (await api.GetAsync($"/api/partners/{ids[0]}")).Json.GetProperty("phone").GetString());
        await dialog.GetByText("Leave it as it is, and undo the rest").ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Undo 1 change" }).ClickAsync();

        await console.SeesAsync("1 updated");
        Assert.Equal("1", (await api.GetAsync($"/api/partners/{ids[0]}")).Json.GetProperty("phone").GetString());
        Assert.Equal("3", (await api.GetAsync($"/api/partners/{ids[1]}")).Json.GetProperty("phone").GetString());
    }

    [Fact]
    public async Task The_directory_is_shown_as_it_was_and_nothing_can_be_changed_there()
    {
        var api = server.NewWorkspace();
        await api.PutAsync("""[{"name":"Ada"}]""");
        var id = (await api.GetAsync("/api/partners")).Items[0].GetProperty("id").GetString()!;
        await api.PutAsync($$"""[{"id":"{{id}}","name":"Ada King"},{"name":"Grace"}]""");
        await using var console = await browser.OpenAsync(server.Address, "/changes", api.Key);

        await console.Page.GetByRole(AriaRole.Slider).FocusAsync();
        await console.Page.Keyboard.PressAsync("ArrowLeft");
        await console.Page.GetByRole(AriaRole.Link, new() { Name = "Open as of revision 1" }).ClickAsync();

        await console.SeesAsync("The directory as of revision 1");
        await console.Page.GetByText("Ada", new() { Exact = true }).ClickAsync();
        await console.Heading("Ada").WaitForAsync();
        Assert.Equal(0, await console.Button("Edit").CountAsync());
        Assert.Equal("2", await console.Grid.GetAttributeAsync("aria-rowcount"));
        await console.Button("Back to now").ClickAsync();
        await console.Row("Ada King").WaitForAsync();
    }

    [Fact]
    public async Task Each_change_names_who_did_it()
    {
        var api = server.NewWorkspace();
        await using var console = await browser.OpenAsync(server.Address, "/partners?new=", api.Key);
        await console.Field("Name").FillAsync("Ada");
        await console.Button("Create partner").ClickAsync();
        await console.SeesAsync("1 created");

        await console.GoAsync("/changes");

        await console.Page.GetByRole(AriaRole.List, new() { Name = "Change sets" }).GetByText("test", new() { Exact = true }).First
            .WaitForAsync();
    }
}
