using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Roster.Tests.Pages;

/// <summary>How people come in, and what happens when their session ends.</summary>
public sealed partial class SignInTests(ConsoleServer server, ConsoleBrowser browser)
{
    [GeneratedRegex(@"http://\S+/console/#link=\S+")]
    private static partial Regex Link();

    [GeneratedRegex("roster_[0-9A-Za-z]{38}")]
    private static partial Regex Key();

    [Fact]
    public async Task The_link_of_the_first_start_opens_the_console_once_and_gives_the_person_a_key()
    {
        using var folder = new TempFolder();
        using var fresh = RosterProcess.Serve(folder.Path);
        var link = Link().Match(fresh.Output()).Value;
        Assert.NotEmpty(link);
        var path = "/" + link[link.IndexOf("#link", StringComparison.Ordinal)..];
        await using var console = await browser.OpenAsync(fresh.Address, path, null);

        var dialog = console.Page.GetByRole(AriaRole.Dialog, new() { Name = "Your own key" });
        var key = Key().Match(await dialog.InnerTextAsync()).Value;
        await console.Button("I have kept it").ClickAsync();
        await console.Heading("Partners").WaitForAsync();
        Assert.DoesNotContain("link", console.Page.Url, StringComparison.Ordinal);
        Assert.Equal(200, (await fresh.Client(key).GetAsync("/api/partners")).Status);

        await using var late = await browser.OpenAsync(fresh.Address, path, null);
        await late.SeesAsync("This link does not work any more.");
    }

    [Fact]
    public async Task Who_is_signed_in_is_asked_before_a_link_leads_to_another_workspace()
    {
        var (own, other) = (server.NewWorkspace(), server.NewWorkspace());
        await own.PutAsync("""[{"name":"Ada Lovelace"}]""");
        await other.PutAsync("""[{"name":"Grace Hopper"}]""");
        var path = await InviteAsync(other);
        await using var console = await browser.OpenAsync(server.Address, path, own.Key);

        await console.Heading("You are signed in already").WaitForAsync();
        Assert.DoesNotContain("link", console.Page.Url, StringComparison.Ordinal);
        Assert.Empty(await console.FindingsAsync());
        await console.Page.GetByRole(AriaRole.Button, new() { NameRegex = new Regex("^Stay in") }).ClickAsync();
        await console.Row("Ada Lovelace").WaitForAsync();

        await console.GoAsync(path);
        await console.Button("Open the link").ClickAsync();
        await console.Button("I have kept it").ClickAsync();
        await console.Row("Grace Hopper").WaitForAsync();
        await Assertions.Expect(console.Row("Ada Lovelace")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_link_that_does_not_work_any_more_ends_no_session()
    {
        var api = server.NewWorkspace();
        await api.PutAsync("""[{"name":"Ada Lovelace"}]""");
        await using var console = await browser.OpenAsync(server.Address, "/#link=used", api.Key);
        console.ExpectedStatuses.Add(401);

        await console.Button("Open the link").ClickAsync();
        await console.SeesAsync("This link does not work any more.");
        await console.Page.GetByRole(AriaRole.Button, new() { NameRegex = new Regex("^Stay in") }).ClickAsync();

        await console.Row("Ada Lovelace").WaitForAsync();
    }

    [Fact]
    public async Task A_link_that_is_pasted_where_the_sign_in_is_shown_is_opened()
    {
        var api = server.NewWorkspace();
        await api.PutAsync("""[{"name":"Ada Lovelace"}]""");
        await using var console = await browser.OpenAsync(server.Address, "/", null);
        await console.Heading("Sign in to Roster").WaitForAsync();

        await console.GoAsync(await InviteAsync(api));
        await console.Button("I have kept it").ClickAsync();

        await console.Row("Ada Lovelace").WaitForAsync();
    }

    private static async Task<string> InviteAsync(RosterClient api)
    {
        var made = await api.PostAsync("""{"name":"Amal Haddad","role":"viewer"}""", "/api/links");
        var link = made.Json.GetProperty("link").GetString()!;
        return "/" + link[link.IndexOf("#link", StringComparison.Ordinal)..];
    }

    [Fact]
    public async Task A_wrong_key_is_refused_in_words_and_a_right_one_leads_to_the_page_that_was_asked_for()
    {
        var api = server.NewWorkspace();
        await using var console = await browser.OpenAsync(server.Address, "/changes", null);

        await console.Page.GetByLabel("API key").FillAsync("roster_wrong");
        await console.Button("Sign in").ClickAsync();
        await console.Page.GetByRole(AriaRole.Alert).WaitForAsync();
        // Copied from a message in Arabic, with marks of its direction.
        await console.Page.GetByLabel("API key").FillAsync($"\u200F{api.Key}\u200E");
        await console.Button("Sign in").ClickAsync();

        await console.Heading("Changes").WaitForAsync();
    }

    [Fact]
    public async Task Who_is_signed_in_while_the_server_does_not_answer_tries_again_and_goes_on()
    {
        var api = server.NewWorkspace();
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        await console.Heading("No partners yet").WaitForAsync();
        console.ExpectedStatuses.Add(503);
        await console.Page.RouteAsync(
            "**/api/session", route => route.FulfillAsync(new() { Status = 503 }), new() { Times = 1 });

        await console.Page.ReloadAsync();
        await console.Button("Try again").ClickAsync();

        await console.Heading("No partners yet").WaitForAsync();
    }

    [Fact]
    public async Task No_key_is_kept_in_the_browser_and_no_script_can_read_the_session()
    {
        var api = server.NewWorkspace();
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);

        var kept = await console.Page.EvaluateAsync<string>(
            "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])");

        Assert.DoesNotContain(api.Key!, kept, StringComparison.Ordinal);
        Assert.Contains("\"\"", kept, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_that_ends_in_the_middle_of_a_form_loses_nothing_that_was_typed()
    {
        var api = server.NewWorkspace();
        await api.PutAsync("""[{"name":"Ada Lovelace"}]""");
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        await console.Row("Ada Lovelace").ClickAsync();
        await console.Button("Edit").ClickAsync();
        await console.Field("Phone").FillAsync("+44 20 7946 0001");
        console.ExpectedStatuses.Add(401);
        foreach (var session in (await api.GetAsync("/api/sessions")).Items)
            await api.SendAsync(HttpMethod.Delete, $"/api/sessions/{session.GetProperty("id").GetString()}");

        await console.Button("Save").ClickAsync();
        await console.SeesAsync("Your session has ended");
        await console.Page.GetByLabel("API key").FillAsync(api.Key!);
        await console.Button("Sign in").ClickAsync();
        await console.Page.GetByText("Your session has ended").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        Assert.Equal("+44 20 7946 0001", await console.Field("Phone").InputValueAsync());
        await console.Button("Save").ClickAsync();

        await console.SeesAsync("1 updated");
        Assert.Equal("+44 20 7946 0001", (await api.GetAsync("/api/partners")).Items[0].GetProperty("phone").GetString());
    }

    [Fact]
    public async Task A_tab_writes_nothing_once_another_tab_has_signed_in_as_somebody_else()
    {
        var (first, second) = (server.NewWorkspace(), server.NewWorkspace());
        await using var console = await browser.OpenAsync(server.Address, "/partners?new", first.Key);
        var writes = new ConcurrentBag<string>();
        console.Page.Request += (_, request) =>
        {
            if (request.Method != "GET" && request.Url.EndsWith("/api/partners", StringComparison.Ordinal))
                writes.Add(request.Method);
        };
        await console.Field("Name").FillAsync("Ada Lovelace");
        await using var other = await console.AtAsync(server.Address);

        await console.SignInAsync(second.Key!);
        await other.GoAsync("/partners");
        await console.SeesAsync("Somebody else is signed in now");
        // The form is below the question, and sends nothing from there.
        await console.Page.EvaluateAsync("document.querySelector('form').requestSubmit()");
        // The tab goes on also where the first look fails.
        console.ExpectedStatuses.Add(503);
        await console.Page.RouteAsync(
            "**/api/session", route => route.FulfillAsync(new() { Status = 503 }), new() { Times = 1 });
        await console.SignInAsync(first.Key!);
        await other.GoAsync("/partners");
        await console.Page.GetByText("Somebody else is signed in now").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        Assert.Empty(writes);
        await console.Button("Create partner").ClickAsync();

        await console.SeesAsync("1 created");
        Assert.Single(writes);
        Assert.Empty((await second.GetAsync("/api/partners")).Items);
        Assert.Equal("Ada Lovelace", Assert.Single((await first.GetAsync("/api/partners")).Items).GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_tab_asks_to_sign_in_again_once_somebody_else_has_signed_in_and_out_in_another_tab()
    {
        var (first, second) = (server.NewWorkspace(), server.NewWorkspace());
        await using var console = await browser.OpenAsync(server.Address, "/partners?new", first.Key);
        await console.Field("Name").FillAsync("Ada Lovelace");
        await using var other = await console.AtAsync(server.Address);
        console.ExpectedStatuses.Add(401);
        other.ExpectedStatuses.Add(401);
        await console.SignInAsync(second.Key!);
        await other.GoAsync("/partners");
        await other.Heading("No partners yet").WaitForAsync();
        await console.SeesAsync("Somebody else is signed in now");

        await other.Page.GetByRole(AriaRole.Button, new() { NameRegex = new Regex("^test") }).ClickAsync();
        await other.Page.GetByRole(AriaRole.Menuitem, new() { Name = "Sign out" }).ClickAsync();
        await console.Page.GetByLabel("API key").FillAsync(first.Key!);
        await console.Button("Sign in").ClickAsync();
        await console.Page.GetByText("Your session has ended").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        await console.Button("Create partner").ClickAsync();

        await console.SeesAsync("1 created");
        Assert.Single((await first.GetAsync("/api/partners")).Items);
    }

    [Fact]
    public async Task Who_may_only_read_sees_all_and_is_offered_nothing_to_change()
    {
        var api = server.NewWorkspace("partnersRead,linksWrite");
        await api.PutAsync("""[{"name":"Ada Lovelace"}]""");
        var workspace = (await api.GetAsync("/api/session")).Json.GetProperty("workspace").GetProperty("name").GetString()!;
        var viewer = server.NewKey(workspace, "partnersRead");
        await using var console = await browser.OpenAsync(server.Address, "/partners", viewer.Key);

        await console.Row("Ada Lovelace").ClickAsync();
        await console.Heading("History").WaitForAsync();

        foreach (var name in new[] { "New partner", "Edit", "Delete", "Restore this value", "Undo" })
            Assert.Equal(0, await console.Button(name).CountAsync());
        Assert.Equal(0, await console.Page.GetByRole(AriaRole.Link, new() { Name = "Keys" }).CountAsync());
        await console.GoAsync("/imports");
        await console.Heading("Import").WaitForAsync();
        Assert.Equal(0, await console.Page.Locator("input[type=file]").CountAsync());
    }

    [Fact]
    public async Task Signing_out_ends_the_session_on_the_server_too()
    {
        var api = server.NewWorkspace();
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        // What is asked for while somebody signs out is refused, as a complaint of the browser.
        await console.Heading("No partners yet").WaitForAsync();
        await console.Page.GetByRole(AriaRole.Button, new() { NameRegex = new Regex("^test") }).ClickAsync();
        await console.Page.GetByRole(AriaRole.Menuitem, new() { Name = "Sign out" }).ClickAsync();

        await console.Heading("Sign in to Roster").WaitForAsync();
        Assert.Empty((await api.GetAsync("/api/sessions")).Items);
    }

    [Fact]
    public async Task Who_signs_in_next_is_not_offered_to_undo_what_was_done_before()
    {
        var (first, second) = (server.NewWorkspace(), server.NewWorkspace());
        await using var console = await browser.OpenAsync(server.Address, "/partners", first.Key);
        await CreateAsync(console, "Ada Lovelace");
        // The page is still about the new partner: it is asked for while somebody signs out, and in the other workspace.
        console.ExpectedStatuses.Add(401);
        console.ExpectedStatuses.Add(404);
        await console.Page.GetByRole(AriaRole.Button, new() { NameRegex = new Regex("^test") }).ClickAsync();
        await console.Page.GetByRole(AriaRole.Menuitem, new() { Name = "Sign out" }).ClickAsync();

        await console.Page.GetByLabel("API key").FillAsync(second.Key!);
        await console.Button("Sign in").ClickAsync();
        await console.Heading("No partners yet").WaitForAsync();

        await Assertions.Expect(console.Button("Undo")).ToHaveCountAsync(0);
        Assert.Single((await first.GetAsync("/api/partners")).Items);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_session_that_ended_only_the_same_key_can_still_undo(bool isSameKey)
    {
        var (first, second) = (server.NewWorkspace(), server.NewWorkspace());
        await using var console = await browser.OpenAsync(server.Address, "/partners", first.Key);
        await CreateAsync(console, "Ada Lovelace");
        console.ExpectedStatuses.Add(401);
        if (!isSameKey)
            // The page is still about the new partner, which the other workspace does not have.
            console.ExpectedStatuses.Add(404);
        foreach (var session in (await first.GetAsync("/api/sessions")).Items)
            await first.SendAsync(HttpMethod.Delete, $"/api/sessions/{session.GetProperty("id").GetString()}");
        await console.Button("Undo").ClickAsync();
        await console.SeesAsync("Your session has ended");

        await console.Page.GetByLabel("API key").FillAsync((isSameKey ? first : second).Key!);
        await console.Button("Sign in").ClickAsync();
        await console.Page.GetByText("Your session has ended").WaitForAsync(new() { State = WaitForSelectorState.Hidden });

        if (isSameKey)
        {
            await console.Button("Undo").ClickAsync();
            await console.SeesAsync("1 deleted");
        }
        else
            await Assertions.Expect(console.Button("Undo")).ToHaveCountAsync(0);
    }

    private static async Task CreateAsync(ConsolePage console, string name)
    {
        await console.Button("New partner").ClickAsync();
        await console.Field("Name").FillAsync(name);
        await console.Button("Create partner").ClickAsync();
        await console.SeesAsync("1 created");
    }

    [Fact]
    public async Task Another_site_can_neither_frame_the_console_nor_write_with_its_cookie()
    {
        var api = server.NewWorkspace();
        await api.PutAsync("""[{"name":"Ada Lovelace"}]""");
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        await console.Row("Ada Lovelace").WaitForAsync();
        // Another name of this machine is another site, and the browser still sends it no cookie of the first.
        var evil = await console.Page.Context.NewPageAsync();
        await evil.RouteAsync("http://evil.example/**", route => route.FulfillAsync(new()
        {
            ContentType = "text/html",
            Body = $"<iframe src='{server.Address}console/partners'></iframe><form method=post enctype='text/plain' "
                + $"action='{server.Address}api/partners'><input name='[{{\"name\":\"' value='x\"}}]'></form>",
        }));

        await evil.GotoAsync("http://evil.example/");
        var frame = evil.Frames.Single(one => one.ParentFrame is not null);
        Assert.Equal(0, await frame.Locator("#root").CountAsync());
        var answer = await evil.RunAndWaitForResponseAsync(
            () => evil.EvaluateAsync("document.forms[0].submit()"), one => one.Url.EndsWith("/api/partners", StringComparison.Ordinal));
        Assert.Equal(401, answer.Status);
        Assert.Single((await api.GetAsync("/api/partners")).Items);
    }
}
