using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Roster.Tests.Pages;

/// <summary>Keys and people.</summary>
public sealed partial class KeysPageTests(ConsoleServer server, ConsoleBrowser browser)
{
    [GeneratedRegex("roster_[0-9A-Za-z]{38}")]
    private static partial Regex Key();

    [GeneratedRegex(@"/#link=\S+")]
    private static partial Regex Link();

    [Fact]
    public async Task A_key_is_made_shown_once_rotated_and_revoked()
    {
        var api = server.NewWorkspace();
        await using var console = await browser.OpenAsync(server.Address, "/keys", api.Key);
        await console.Button("New key").ClickAsync();
        await console.Field("Name").FillAsync("CRM");
        await console.Button("Make key").ClickAsync();
        await console.Button("I have kept it").WaitForAsync();
        await console.Page.EvaluateAsync("history.back()");
        await console.SeesAsync("What is shown here is shown only now.");
        await console.Button("Cancel").ClickAsync();
        var made = await SecretAsync(console);
        Assert.Equal(200, (await server.Client(made).GetAsync("/api/partners")).Status);
        await console.Page.ReloadAsync();
        Assert.DoesNotContain(made, await console.Page.ContentAsync(), StringComparison.Ordinal);

        await console.Button("Rotate CRM").ClickAsync();
        await console.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Rotate" }).Last.ClickAsync();
        var rotated = await SecretAsync(console);
        Assert.NotEqual(made, rotated);
        Assert.Equal(200, (await server.Client(rotated).GetAsync("/api/partners")).Status);

        await console.Button("Revoke CRM").First.ClickAsync();
        await console.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Revoke" }).Last.ClickAsync();
        await console.SeesAsync("“CRM” was revoked");
    }

    [Fact]
    public async Task The_end_of_a_key_is_the_day_that_was_chosen_west_of_UTC_too()
    {
        var api = server.NewWorkspace();
        var made = await api.PostAsync("""{"name":"CRM","scopes":["keysRead","keysWrite"],"expiresAt":"2030-01-01"}""", "/api/keys");
        var key = made.Json.GetProperty("key").GetString()!;
        await using var console = await browser.OpenAsync(
            server.Address, "/keys", key, timeZone: "America/Los_Angeles");

        await Assertions.Expect(console.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "CRM" })).ToContainTextAsync("1 Jan 2030");
        await console.Button("New key").ClickAsync();
        await console.Page.GetByLabel("Ends").SelectOptionAsync("day");

        await console.SeesAsync("Not after 1 Jan 2030");
    }

    [Fact]
    public async Task An_invited_viewer_comes_in_by_the_link_and_can_change_nothing()
    {
        var api = server.NewWorkspace();
        await api.PutAsync("""[{"name":"Ada Lovelace"}]""");
        await using var console = await browser.OpenAsync(server.Address, "/people", api.Key);
        await console.Button("Invite a person").ClickAsync();
        await console.Field("Their name").FillAsync("Amal Haddad");
        await console.Button("Make link").ClickAsync();
        await console.SeesAsync("The link for Amal Haddad");
        var link = Link().Match(await console.Page.GetByRole(AriaRole.Dialog).InnerTextAsync()).Value;

        await console.Button("Done").ClickAsync();
        await using var colleague = await browser.OpenAsync(server.Address, link, null);
        await colleague.Button("I have kept it").ClickAsync();
        await colleague.Row("Ada Lovelace").ClickAsync();
        await colleague.Heading("History").WaitForAsync();
        Assert.Equal(0, await colleague.Button("Edit").CountAsync());
        colleague.ExpectedStatuses.Add(403);
        var refused = await colleague.Page.EvaluateAsync<int>(
            """
            fetch('/api/partners', {
              method: 'PUT',
              headers: { 'Roster-Console': '1', 'Content-Type': 'application/json' },
              body: '[{"name":"x"}]',
            }).then(answer => answer.status)
            """);

        Assert.Equal(403, refused);
        await console.GoAsync("/people");
        await console.SeesAsync("Amal Haddad");
    }

    private static async Task<string> SecretAsync(ConsolePage console)
    {
        var dialog = console.Page.GetByRole(AriaRole.Dialog).Filter(new() { HasTextRegex = Key() });
        var secret = Key().Match(await dialog.InnerTextAsync()).Value;
        await console.Button("I have kept it").ClickAsync();
        return secret;
    }
}
