using System.Text;
using Microsoft.Playwright;

namespace Roster.Tests.Pages;

/// <summary>A spreadsheet, from the file to its undo.</summary>
public sealed class ImportPageTests(ConsoleServer server, ConsoleBrowser browser)
{
    [Fact]
    public async Task A_wrong_spreadsheet_is_seen_mended_applied_and_undone()
    {
        var api = server.NewWorkspace();
        await api.PutAsync("""[{"name":"Katherine Johnson","email":"katherine@example.com","phone":"1"}]""");
        await using var console = await browser.OpenAsync(server.Address, "/imports", api.Key);
        await ChooseAsync(console, "wrong.csv", """
            Name;E-Mail;Phone
            Katherine;katherine@example.com;2
            Radia Perlman;radia@example.com;
            Wrong;not an address;
            """);

        await console.Heading("What would change").WaitForAsync();
        await console.SeesAsync("Katherine Johnson");
        await console.Field("E-Mail, row 4").FillAsync("right@example.com");
        await console.Page.GetByRole(AriaRole.Link, new() { Name = "Apply", Exact = true }).ClickAsync();
        await console.Page.GetByText("Leave out the faulty row").ClickAsync();
        await console.SeesAsync("1 row that you changed is not saved, so the plan is without it.");
        Assert.True(await console.Button("Apply: 1 created, 1 updated").IsDisabledAsync());
        await console.Page.GetByRole(AriaRole.Link, new() { Name = "Save or discard this first" }).ClickAsync();
        Assert.Equal("right@example.com", await console.Field("E-Mail, row 4").InputValueAsync());
        await console.Button("Save and check again").ClickAsync();
        await console.Button("0 Faulty").WaitForAsync();
        await console.Page.GetByRole(AriaRole.Status).Filter(new() { HasText = "2 partners are created, 1 partner is updated" })
            .WaitForAsync();
        Assert.Single((await api.GetAsync("/api/partners")).Items);
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Apply: 2 created, 1 updated" }).ClickAsync();

        await console.Heading("Receipt").WaitForAsync();
        Assert.Equal(3, (await api.GetAsync("/api/partners")).Items.Count);
        await console.Page.ReloadAsync();
        await console.Heading("Receipt").WaitForAsync();
        await console.Button("Undo").First.ClickAsync();
        await console.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Undo" }).Last.ClickAsync();
        await console.SeesAsync("undone");
        Assert.Equal("1", Assert.Single((await api.GetAsync("/api/partners")).Items).GetProperty("phone").GetString());
    }

    [Fact]
    public async Task The_receipt_keeps_what_was_left_out_and_says_why_nothing_was_undone()
    {
        var api = server.NewWorkspace();
        var ids = (await api.PutAsync("""[{"externalId":"a","name":"Ada"},{"externalId":"b","name":"Bob"}]""")).Ids;
        var (id, _) = await api.NewPlanAsync("externalId,phone\na,1\nb,1\n");
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","phone":"9"}]""");
        Assert.Equal("applied", (await api.AppliedAsync(id, "?onConflict=skip")).State());
        await using var console = await browser.OpenAsync(server.Address, $"/imports/{id}/receipt", api.Key);
        var dialog = console.Page.GetByRole(AriaRole.Dialog);

        await console.Button("Undo").ClickAsync();
        await console.SeesAsync("No partner of this import was changed since.");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await console.SeesAsync("1 row left out: its partner had been changed");

        await console.Button("Undo").ClickAsync();
        await console.SeesAsync("No partner of this import was changed since.");
        await api.PutAsync($$"""[{"id":"{{ids[1]}}","phone":"9"}]""");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await console.SeesAsync("Nothing was undone.");
        await console.SeesAsync(ids[1]);
        await console.SeesAsync("1 row left out: its partner had been changed");
    }

    [Fact]
    public async Task Rows_find_their_partners_by_a_column_that_is_chosen_after_one_that_could_not_be_saved()
    {
        var api = server.NewWorkspace();
        var id = await api.NewImportAsync(
            "Name,Beta,Gamma\nAda,1,ada@example.com\n", """{"mapping":{"columns":[{"column":"Name","target":"name"}]}}""");
        await using var console = await browser.OpenAsync(server.Address, $"/imports/{id}/columns", api.Key);
        console.ExpectedStatuses.Add(503);
        var hasFailed = false;
        await console.Page.RouteAsync($"**/api/imports/{id}", async route =>
        {
            if (hasFailed || route.Request.Method != "PATCH")
            {
                await route.ContinueAsync();
                return;
            }
            hasFailed = true;
            await route.FulfillAsync(new() { Status = 503 });
        });

        await console.Page.GetByLabel("Beta: goes to").SelectOptionAsync("phone");
        await console.SeesAsync("That did not work");
        await console.Page.GetByLabel("Gamma: goes to").SelectOptionAsync("email");

        await Assertions.Expect(console.Page.GetByLabel("Rows find their partner by")).ToHaveValueAsync("email");
        var stored = await api.ImportAsync(id);
        Assert.Equal("email", stored.GetProperty("matchOn").GetString());
        Assert.Equal("phone", stored.GetProperty("columns")[1].GetProperty("target").GetString());
    }

    [Fact]
    public async Task A_file_in_an_unknown_encoding_is_shown_in_each_and_read_as_the_person_says()
    {
        var api = server.NewWorkspace();
        await using var console = await browser.OpenAsync(server.Address, "/imports", api.Key);
        await ChooseAsync(console, "latin.csv", Encoding.Latin1.GetBytes("Name,E-Mail\nJosé Müller,jose@example.com\n"));

        await console.SeesAsync("Which of these reads right?");
        await console.Page.GetByText("José Müller").First.ClickAsync();

        await console.SeesAsync("José Müller");
        await console.Page.GetByRole(AriaRole.Link, new() { Name = "Columns" }).ClickAsync();
        await console.Heading("Columns").WaitForAsync();
    }

    [Fact]
    public async Task A_file_that_is_no_table_is_refused_with_what_it_is_and_what_to_do()
    {
        var api = server.NewWorkspace();
        await using var console = await browser.OpenAsync(server.Address, "/imports", api.Key);
        console.ExpectedStatuses.Add(400);
        console.ExpectedStatuses.Add(415);
        console.ExpectedStatuses.Add(422);
        await ChooseAsync(console, "report.pdf", "%PDF-1.7\n%âãÏÓ\n1 0 obj\n<< /Type /Catalog >>\nendobj\n");

        await console.SeesAsync("PDF");
    }

    private static Task ChooseAsync(ConsolePage console, string name, string text) =>
        ChooseAsync(console, name, Encoding.UTF8.GetBytes(text));

    private static Task ChooseAsync(ConsolePage console, string name, byte[] bytes) => console.Page.Locator("input[type=file]").First
        .SetInputFilesAsync(new FilePayload { Name = name, MimeType = "text/csv", Buffer = bytes });
}
