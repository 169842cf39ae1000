using System.Text;
using Microsoft.Playwright;

namespace Roster.Tests.Pages;

/// <summary>The console of two servers on one PostgreSQL database.</summary>
public sealed class TwoServersOnPostgresPageTests(PostgresHost host, ConsoleBrowser browser)
{
    [Fact]
    public async Task Who_signs_in_at_one_server_imports_at_the_other_undoes_at_the_first_and_both_end_with_the_key()
    {
        using var folder = new TempFolder();
        string[] settings = ["--database", host.NewDatabase()];
        using var first = RosterProcess.Serve(folder.Path, settings);
        using var second = RosterProcess.Serve(folder.Path, settings);
        string[] make = ["keys", "create", "--workspace", "default", "--name", "k", "--scopes", "all", .. settings];
        var key = RosterProcess.Run(folder.Path, make).Output.Trim();
        await using var console = await browser.OpenAsync(first.Address, "/partners", key);
        await console.Heading("No partners yet").WaitForAsync();

        // Cookies do not know ports, so the browser sends the session to the other server too, as behind one address.
        await using var other = await console.AtAsync(second.Address);
        await other.GoAsync("/imports");
        await other.Page.Locator("input[type=file]").First.SetInputFilesAsync(new FilePayload
        {
            Name = "two.csv",
            MimeType = "text/csv",
            Buffer = Encoding.UTF8.GetBytes("Name,E-Mail\nAda,ada@example.com\nGrace,grace@example.com\n"),
        });
        await other.Heading("What would change").WaitForAsync();
        await other.Page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await other.Page.GetByRole(AriaRole.Button, new() { Name = "Apply: 2 created" }).ClickAsync();
        await other.Heading("Receipt").WaitForAsync();
        await console.GoAsync("/changes");
        await console.SeesAsync("2 created");
        await console.GoAsync("/changes/1");
        await console.Button("Undo").First.ClickAsync();
        await console.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Undo 2 changes" }).ClickAsync();
        await console.SeesAsync("2 deleted");

        var id = (await first.Client(key).GetAsync("/api/session")).Json.GetProperty("actor").GetProperty("id").GetString();
        Assert.Equal(204, (await second.Client(key).SendAsync(HttpMethod.Delete, $"/api/keys/{id}")).Status);
        console.ExpectedStatuses.Add(401);
        other.ExpectedStatuses.Add(401);
        await console.GoAsync("/partners");
        await console.Heading("Sign in to Roster").WaitForAsync();
        await other.GoAsync("/partners");
        await other.Heading("Sign in to Roster").WaitForAsync();
    }
}
