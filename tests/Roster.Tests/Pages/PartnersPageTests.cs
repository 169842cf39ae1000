using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Roster.Tests.Pages;

/// <summary>Finding partners in the list, and changing them.</summary>
public sealed class PartnersPageTests(ConsoleServer server, ConsoleBrowser browser)
{
    private const string Three = """
        [{"name":"Ada Lovelace","email":"ada@example.com","phone":"+44 20 7946 0001","tags":["gold"],"metadata":{"region":"emea"}},
         {"name":"Grace Hopper","email":"grace@example.com"},
         {"name":"شركة النور","phone":"+971 50 555 0101","tags":["new"]}]
        """;

    [Fact]
    public async Task A_search_and_filters_are_in_the_address_and_can_be_sent_to_a_colleague()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Three);
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        await console.Row("Ada Lovelace").WaitForAsync();

        await console.Page.Keyboard.PressAsync("/");
        await console.Page.Keyboard.TypeAsync("0001");
        await console.SeesAsync("1 partner");
        await console.Button("Filter").ClickAsync();
        await console.Button("Add filter").ClickAsync();
        await console.Page.WaitForURLAsync("**/partners?q=0001&tag=gold");
        // The list is read anew for the new address.
        await Assertions.Expect(console.Row("Ada")).ToHaveCountAsync(1);

        await console.GoAsync("/partners?tag=new");
        await console.Row("شركة النور").WaitForAsync();
        Assert.Equal("2", await console.Grid.GetAttributeAsync("aria-rowcount"));
        await console.Button("Remove filter: Tag: new").ClickAsync();
        await console.SeesAsync("3 partners");
    }

    [Fact]
    public async Task A_tag_that_comes_after_many_others_can_be_filtered_by()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Three);
        await api.PutAsync("[" + string.Join(',', Enumerable.Range(0, 250).Select(i => $$"""{"name":"P","tags":["t{{i}}"]}""")) + "]");
        await api.PutAsync("""[{"name":"Noor","tags":["ذهبي"]}]""");
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);

        await console.Button("Filter").ClickAsync();
        await console.Page.GetByLabel("Tag", new() { Exact = true }).FillAsync("ذهبي");
        await console.Button("Add filter").ClickAsync();

        await console.SeesAsync("1 partner");
        await console.Row("Noor").WaitForAsync();
    }

    [Theory]
    [InlineData("en-GB", "2026-11-01", "Updated since 1 Nov 2026")]
    [InlineData("en-GB", "2026-11-01T02:30:00Z", "Updated since 31 Oct 2026, 19:30")]
    [InlineData("ar-AE", "2026-11-01", "حُدّث منذ 01\u200F/11\u200F/2026")]
    public async Task The_filter_by_update_says_the_day_that_was_chosen_west_of_UTC_too(string locale, string since, string shown)
    {
        var api = server.NewWorkspace();
        await using var console = await browser.OpenAsync(
            server.Address, $"/partners?updatedSince={since}", api.Key, locale, timeZone: "America/Los_Angeles");

        await Assertions.Expect(console.Page.Locator(".chip")).ToHaveTextAsync(shown);
    }

    [Fact]
    public async Task An_address_with_a_day_that_is_none_is_refused_in_words_and_its_filter_can_be_taken_off()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Three);
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        console.ExpectedStatuses.Add(400);

        await console.GoAsync("/partners?updatedSince=yesterday");
        await console.Page.GetByRole(AriaRole.Alert).First.WaitForAsync();
        await console.Button("Remove filter: Updated since yesterday").ClickAsync();

        await console.SeesAsync("3 partners");
    }

    [Fact]
    public async Task A_partner_is_changed_in_place_and_only_what_was_changed_is_sent()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Three);
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);

        await console.Row("Ada Lovelace").ClickAsync();
        await console.Button("Edit").WaitForAsync();
        await console.Page.Keyboard.PressAsync("e");
        await console.Field("Phone").FillAsync("+44 20 7946 0002");
        await console.Button("Clear E-mail").ClickAsync();
        await console.SeesAsync("will be cleared");
        var sent = console.Page.WaitForRequestAsync(request => request.Method == "PUT");
        await console.Button("Save").ClickAsync();

        var item = JsonDocument.Parse((await sent).PostData!).RootElement[0];
        Assert.Equal(["id", "email", "phone", "ifUpdatedAt"], item.EnumerateObject().Select(member => member.Name));
        await console.SeesAsync("1 updated");
        await console.Button("Undo").ClickAsync();
        await console.SeesAsync("ada@example.com");
        await console.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(console.Grid).ToBeFocusedAsync();
    }

    [Fact]
    public async Task Whoever_saves_second_sees_both_values_and_chooses()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Three);
        var id = (await api.GetAsync("/api/partners?q=Ada")).Items[0].GetProperty("id").GetString();
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        console.ExpectedStatuses.Add(400);
        var saved = 0;
        console.Page.Request += (_, request) => saved += request.Method == "PUT" ? 1 : 0;
        await console.Row("Ada Lovelace").ClickAsync();
        await console.Button("Edit").ClickAsync();
        await console.Field("Phone").FillAsync("111");

        await api.PutAsync($$"""[{"id":"{{id}}","phone":"222","email":"new@example.com"}]""");
        await console.Button("Save").ClickAsync();
        await console.Button("Show what they changed").ClickAsync();

        await Assertions.Expect(console.Field("E-mail")).ToHaveValueAsync("new@example.com");
        Assert.Equal("111", await console.Field("Phone").InputValueAsync());
        await Assertions.Expect(console.Button("Save")).ToBeDisabledAsync();
        await console.Field("Phone").PressAsync("Control+Enter");
        await console.Button("Keep mine: Phone").ClickAsync();
        await console.Button("Save").ClickAsync();
        await console.SeesAsync("1 updated");
        // The save that was refused, and the last one: with the keyboard, nothing was sent before there was a choice.
        Assert.Equal(2, saved);
        var now = (await api.GetAsync($"/api/partners/{id}")).Json;
        Assert.Equal(("111", "new@example.com"), (now.GetProperty("phone").GetString(), now.GetProperty("email").GetString()));
    }

    [Fact]
    public async Task One_old_value_is_brought_back_from_the_history()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Three);
        var id = (await api.GetAsync("/api/partners?q=Ada")).Items[0].GetProperty("id").GetString();
        await api.PutAsync($$"""[{"id":"{{id}}","phone":"999","name":"Ada King"}]""");
        await using var console = await browser.OpenAsync(server.Address, $"/partners?partner={id}", api.Key);

        var phone = console.Page.GetByRole(AriaRole.Region, new() { Name = "History" }).GetByRole(AriaRole.Listitem)
            .Filter(new() { HasText = "999" }).Last;
        await phone.GetByRole(AriaRole.Button, new() { Name = "Restore this value" }).ClickAsync();

        await console.SeesAsync("1 updated");
        var now = (await api.GetAsync($"/api/partners/{id}")).Json;
        Assert.Equal(("+44 20 7946 0001", "Ada King"), (now.GetProperty("phone").GetString(), now.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task The_history_is_read_again_where_somebody_else_has_changed_the_partner_meanwhile()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Three);
        var id = (await api.GetAsync("/api/partners?q=Ada")).Items[0].GetProperty("id").GetString();
        await api.PutAsync($$"""[{"id":"{{id}}","phone":"999"}]""");
        await using var console = await browser.OpenAsync(server.Address, $"/partners?partner={id}", api.Key);
        console.ExpectedStatuses.Add(400);
        var restore = console.Button("Restore this value");
        await restore.WaitForAsync();

        await api.PutAsync($$"""[{"id":"{{id}}","email":"countess@example.com"}]""");
        await restore.ClickAsync();
        await Assertions.Expect(restore).ToHaveCountAsync(2);
        await console.Page.GetByRole(AriaRole.Link, new() { Name = "Grace Hopper" }).ClickAsync();
        await console.Heading("Grace Hopper").WaitForAsync();
        await api.PutAsync($$"""[{"id":"{{id}}","phone":"998"}]""");
        await console.Page.GetByRole(AriaRole.Link, new() { Name = "Ada Lovelace" }).ClickAsync();

        await Assertions.Expect(restore).ToHaveCountAsync(3);
        await Assertions.Expect(console.Page.Locator(".details")).ToContainTextAsync("998");
        await restore.Last.ClickAsync();
        await console.SeesAsync("1 updated");
        Assert.Equal(
            "+44 20 7946 0001", (await api.GetAsync($"/api/partners/{id}")).Json.GetProperty("phone").GetString());
    }

    [Fact]
    public async Task A_new_partner_shows_the_faults_beside_their_fields_and_then_itself()
    {
        var api = server.NewWorkspace();
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        console.ExpectedStatuses.Add(400);
        await console.Heading("No partners yet").WaitForAsync();

        await console.Button("New partner").ClickAsync();
        await console.Field("Name").FillAsync("Ada Lovelace");
        await console.Field("E-mail").FillAsync("ada");
        await console.Button("Create partner").ClickAsync();
        await console.SeesAsync("email is not an address such as name@example.com.");
        Assert.Equal("true", await console.Field("E-mail").GetAttributeAsync("aria-invalid"));
        await console.Field("E-mail").FillAsync("ada@example.com");
        await console.Button("Create partner").ClickAsync();

        await console.Heading("Ada Lovelace").WaitForAsync();
        await console.SeesAsync("1 created");
    }

    /// <param name="refusal">What the button gets when it is pressed for the second time; 0 if nothing is refused.</param>
    [Theory]
    [InlineData(0)]
    [InlineData(401)]
    [InlineData(429)]
    public async Task A_new_partner_whose_answer_was_lost_is_made_once_when_the_button_is_pressed_again(int refusal)
    {
        var api = server.NewWorkspace();
        await using var console = await browser.OpenAsync(server.Address, "/partners?new", api.Key);
        console.ExpectedStatuses.Add(520);
        console.ExpectedStatuses.Add(refusal);
        var first = 0;
        await console.Page.RouteAsync("**/api/partners", async route =>
        {
            if (first != 0)
            {
                await route.FulfillAsync(new() { Status = refusal });
                return;
            }
            var headers = new Dictionary<string, string>(route.Request.Headers)
            {
                ["origin"] = server.Address.GetLeftPart(UriPartial.Authority),
                ["sec-fetch-site"] = "same-origin",
            };
            // It is carried out, and a proxy answers for it.
            first = (await route.FetchAsync(new() { Headers = headers })).Status;
            await route.FulfillAsync(new() { Status = 520 });
        }, new() { Times = refusal == 0 ? 1 : 2 });

        await console.Field("Name").FillAsync("Ada Lovelace");
        await console.Button("Create partner").ClickAsync();
        await console.SeesAsync("That did not work");
        Assert.Equal(201, first);
        if (refusal != 0)
            await console.Page.RunAndWaitForResponseAsync(
                () => console.Button("Create partner").ClickAsync(), answer => answer.Status == refusal);
        if (refusal == 401)
        {
            await console.Page.GetByLabel("API key").FillAsync(api.Key!);
            await console.Button("Sign in").ClickAsync();
            await console.Page.GetByText("Your session has ended").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        }
        await console.Button("Create partner").ClickAsync();

        await console.Heading("Ada Lovelace").WaitForAsync();
        await console.SeesAsync("1 created");
        Assert.Single((await api.GetAsync("/api/partners")).Items);
    }

    [Fact]
    public async Task A_part_of_the_page_that_cannot_be_loaded_leaves_the_rest_as_it_is()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Three);
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        await console.Row("Ada Lovelace").WaitForAsync();
        console.ExpectedStatuses.Add(503);
        await console.Page.RouteAsync(
            "**/NewPartner-*.js", route => route.FulfillAsync(new() { Status = 503 }), new() { Times = 1 });

        await console.Button("New partner").ClickAsync();

        await console.SeesAsync("This part of the page could not be loaded.");
        await Assertions.Expect(console.Row("Ada Lovelace")).ToBeVisibleAsync();
        await console.Button("Load the page anew").ClickAsync();
        await console.Field("Name").WaitForAsync();
    }

    [Fact]
    public async Task A_page_whose_style_sheet_cannot_be_loaded_is_not_shown_without_it()
    {
        await using var console = await browser.OpenAsync(server.Address, "/partners", server.NewWorkspace().Key);
        await console.Heading("No partners yet").WaitForAsync();
        console.ExpectedStatuses.Add(503);
        await console.Page.RouteAsync(
            "**/ImportsPage-*.css", route => route.FulfillAsync(new() { Status = 503, ContentType = "text/css" }), new() { Times = 1 });

        await console.Page.GetByRole(AriaRole.Link, new() { Name = "Import", Exact = true }).ClickAsync();

        await console.SeesAsync("This part of the page could not be loaded.");
        await console.Button("Load the page anew").ClickAsync();
        await console.Heading("Import").WaitForAsync();
    }

    [Fact]
    public async Task Many_partners_are_tagged_and_deleted_after_a_preview_and_it_can_be_undone()
    {
        var api = server.NewWorkspace();
        await api.PutAsync("[" + string.Join(',', Enumerable.Range(0, 250).Select(i => $$"""{"name":"Partner {{i}}"}""")) + "]");
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        await console.SeesAsync("250 partners");

        await console.Grid.FocusAsync();
        await console.Page.Keyboard.PressAsync("x");
        await console.Page.Keyboard.PressAsync("Shift+ArrowDown");
        await console.SeesAsync("2 selected");
        await console.Button("Tag…").ClickAsync();
        await console.Field("Tags to add").FillAsync("gold, new");
        await console.Button("Preview").ClickAsync();
        await console.SeesAsync("2 partners will change.");
        Assert.Empty((await api.GetAsync("/api/partners?tag=gold")).Items);
        await console.Button("Tag partners").ClickAsync();
        await console.SeesAsync("2 updated");
        await Assertions.Expect(console.Grid).ToBeFocusedAsync();
        await console.Page.Keyboard.PressAsync("x");
        await console.Button("Select all that match").ClickAsync();
        await console.Button("Delete…").ClickAsync();
        await console.Button("Preview").ClickAsync();
        await console.SeesAsync("250 partners will be deleted.");
        await console.Button("Delete partners").ClickAsync();

        await console.Heading("No partners yet").WaitForAsync();
        await console.Button("Undo").Last.ClickAsync();
        await console.SeesAsync("250 restored");
        Assert.Equal(2, (await api.GetAsync("/api/partners?tag=gold")).Items.Count);
    }

    [Fact]
    public async Task A_partner_that_somebody_else_deletes_after_it_was_chosen_is_left_out()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Three);
        var id = (await api.GetAsync("/api/partners?q=Grace")).Items[0].GetProperty("id").GetString()!;
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        console.ExpectedStatuses.Add(400);
        await console.SeesAsync("3 partners");
        await console.Page.GetByLabel("Select Ada Lovelace").CheckAsync();
        await console.Page.GetByLabel("Select Grace Hopper").CheckAsync();
        await console.SeesAsync("2 selected");
        await api.DeleteAsync(id);

        await console.Button("Delete…").ClickAsync();
        await console.Button("Preview").ClickAsync();
        await console.SeesAsync("1 partner will be deleted.");
        await console.SeesAsync("1 is deleted already and left out.");
        await console.Button("Delete partners").ClickAsync();

        await console.SeesAsync("1 deleted");
        Assert.Single((await api.GetAsync("/api/partners")).Items);
    }

    [Fact]
    public async Task The_list_is_written_into_a_file_with_the_filters_that_are_shown()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Three);
        await using var console = await browser.OpenAsync(server.Address, "/partners?tag=gold", api.Key);
        await console.SeesAsync("1 partner");

        await console.Button("Export").ClickAsync();
        var file = await console.Page.RunAndWaitForDownloadAsync(
            () => console.Page.GetByRole(AriaRole.Menuitem, new() { Name = "Spreadsheet" }).ClickAsync());

        Assert.Equal("partners.csv", file.SuggestedFilename);
        var text = await File.ReadAllTextAsync(await file.PathAsync());
        Assert.Contains("Ada Lovelace", text, StringComparison.Ordinal);
        Assert.Contains("'+44 20 7946 0001", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Grace", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_directory_as_it_was_is_written_into_a_file_and_a_new_partner_is_made_in_the_present()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Three);
        var id = (await api.GetAsync("/api/partners?q=Ada")).Items[0].GetProperty("id").GetString();
        await api.PutAsync($$"""[{"id":"{{id}}","name":"Ada King"}]""");
        await using var console = await browser.OpenAsync(server.Address, "/partners?asOf=1", api.Key);
        await console.Row("Ada Lovelace").WaitForAsync();

        await console.Button("Export").ClickAsync();
        var file = await console.Page.RunAndWaitForDownloadAsync(() => console.Page.GetByRole(
            AriaRole.Menuitem, new() { Name = "Spreadsheet (CSV for Excel), without metadata" }).ClickAsync());

        var text = await File.ReadAllTextAsync(await file.PathAsync());
        Assert.Contains("Ada Lovelace", text, StringComparison.Ordinal);
        Assert.Contains("gold", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Ada King", text, StringComparison.Ordinal);

        await console.Grid.FocusAsync();
        await console.Page.Keyboard.PressAsync("c");
        await console.Field("Name").FillAsync("Radia Perlman");
        await console.Button("Create partner").ClickAsync();
        await console.Heading("Radia Perlman").WaitForAsync();
    }

    [Fact]
    public async Task Erasing_needs_the_name_typed_and_leaves_nothing()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Three);
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);
        console.ExpectedStatuses.Add(404);
        await console.Row("Ada Lovelace").ClickAsync();
        await console.Button("Erase…").ClickAsync();

        await Assertions.Expect(console.Button("Erase for good")).ToBeDisabledAsync();
        await console.Field("Type the name to confirm: Ada Lovelace").FillAsync("Ada Lovelace");
        await console.Button("Erase for good").ClickAsync();

        await console.SeesAsync("2 partners");
        Assert.Equal(2, (await api.GetAsync("/api/partners?deleted=true")).Items.Count);
    }

    [Fact]
    public async Task Text_of_partners_is_shown_as_text_whatever_is_in_it()
    {
        var api = server.NewWorkspace();
        const string Evil = "<img src=x onerror=complain('xss')><script>complain('xss')</script>{{7*7}}\u202Egnp.exe";
        await api.PutAsync(JsonSerializer.Serialize(new[]
        {
            new { name = Evil, phone = "javascript:complain(1)", tags = new[] { "<b>bold</b>" }, metadata = new { x = Evil } },
        }));
        await using var console = await browser.OpenAsync(server.Address, "/partners", api.Key);

        await console.Row("<img src=x").ClickAsync();
        await console.Heading("History").WaitForAsync();

        Assert.Equal(0, await console.Page.Locator("main img, main b, main script").CountAsync());
        Assert.Equal(0, await console.Page.Locator("a[href^='javascript']").CountAsync());
    }

    [Fact]
    public async Task As_curl_shows_the_very_call_of_the_list()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Three);
        await using var console = await browser.OpenAsync(server.Address, "/partners?q=ada&tag=gold", api.Key);
        await console.SeesAsync("1 partner");

        await console.Button("As curl").ClickAsync();
        var shown = await console.Page.Locator("pre").First.InnerTextAsync();

        Assert.Contains($"{server.Address}api/partners?q=ada&tag=gold&take=100", shown, StringComparison.Ordinal);
        Assert.Contains("Authorization: Bearer $ROSTER_KEY", shown, StringComparison.Ordinal);
        Assert.DoesNotContain(api.Key!, shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_palette_finds_pages_partners_and_actions()
    {
        var api = server.NewWorkspace();
        await api.PutAsync(Three);
        await using var console = await browser.OpenAsync(server.Address, "/changes", api.Key);

        await console.Heading("Changes").WaitForAsync();
        await console.Page.Keyboard.PressAsync("Control+k");
        await console.Page.Keyboard.TypeAsync("grace");
        await console.Page.GetByRole(AriaRole.Option, new() { NameRegex = new Regex("^Grace Hopper") }).WaitForAsync();
        // Enter that takes a word of an input method is not for the palette.
        var address = await console.Page.EvaluateAsync<string>(
            """
            () => {
                const enter = { key: 'Enter', isComposing: true, bubbles: true, cancelable: true };
                document.activeElement.dispatchEvent(new KeyboardEvent('keydown', enter));
                return location.href;
            }
            """);
        Assert.EndsWith("/changes", address, StringComparison.Ordinal);
        await console.Page.Keyboard.PressAsync("Enter");

        await console.Heading("Grace Hopper").WaitForAsync();
        await console.Page.Keyboard.PressAsync("g");
        await console.Page.Keyboard.PressAsync("c");
        await console.Heading("Changes").WaitForAsync();
    }
}
