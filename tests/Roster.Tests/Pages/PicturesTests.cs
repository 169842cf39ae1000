using System.Text;
using Microsoft.Playwright;

namespace Roster.Tests.Pages;

/// <summary>
/// The pictures of docs/how-to/console.md. With ROSTER_PICTURES=docs/pictures they are taken anew; the suite checks that each page
/// that a picture shows is as the text says.
/// </summary>
public sealed class PicturesTests(ConsoleServer server, ConsoleBrowser browser)
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("ROSTER_PICTURES");

    [Fact]
    public async Task The_tutorials_pictures_can_be_taken()
    {
        var api = server.NewWorkspace(name: "Partner programme");
        var names = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data/universities.json"));
        var partners = System.Text.Json.JsonDocument.Parse(names).RootElement.EnumerateArray().Take(2_000)
            .Select((one, index) => new
            {
                name = one.GetProperty("name").GetString(),
                email = index % 3 == 0 ? null : $"partners{index}@example.org",
                phone = index % 4 == 0 ? null : $"+44 20 7946 {index:D4}",
                tags = index % 5 == 0 ? ["academic", "gold"] : index % 2 == 0 ? new[] { "academic" } : [],
            });
        Assert.Equal(200, (await api.PutAsync(System.Text.Json.JsonSerializer.Serialize(partners))).Status);
        var id = (await api.GetAsync("/api/partners?take=4")).Items[3].GetProperty("id").GetString()!;
        await api.PutAsync($$"""[{"id":"{{id}}","phone":"+44 20 7946 0999","addTags":["gold"]}]""");
        await using var console = await browser.OpenAsync(server.Address, $"/partners?partner={id}", api.Key);
        await console.Heading("History").WaitForAsync();
        await console.SeesAsync("2,000 partners");
        await TakeAsync(console, "partners");

        await console.GoAsync("/imports");
        await console.Page.Locator("input[type=file]").First.SetInputFilesAsync(new FilePayload
        {
            Name = "contacts.csv",
            MimeType = "text/csv",
            Buffer = Encoding.UTF8.GetBytes(
                "Name,E-Mail,Phone\nAda Lovelace,partners1@example.org,+44 20 7946 0100\nGrace Hopper,grace@example.com,+1 212 555 0100\n"
                + "Radia Perlman,radia(at)example.com,+1 617 555 0101\nJoan Clarke,joan@example.com,+44 1908 555 0103\n"),
        });
        await console.Heading("What would change").WaitForAsync();
        await console.SeesAsync("Grace Hopper");
        await TakeAsync(console, "import");

        await console.GoAsync("/changes");
        await console.SeesAsync("2,000 created");
        await TakeAsync(console, "changes");
    }

    private static async Task TakeAsync(ConsolePage console, string name)
    {
        await console.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        if (Folder is not null)
            await console.Page.ScreenshotAsync(new() { Path = Path.Combine(Repository.Root, Folder, name + ".png") });
    }
}
