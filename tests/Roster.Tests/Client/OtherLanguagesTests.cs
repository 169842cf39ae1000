using System.Diagnostics;

namespace Roster.Tests.Client;

/// <summary>The pages for JavaScript and Python: their code is one program, and prints what the pages say.</summary>
public sealed class OtherLanguagesTests(SqliteHost host)
{
    [Theory]
    [InlineData("docs/how-to/clients/javascript.md", "js", "node", "story.mjs")]
    [InlineData("docs/how-to/clients/python.md", "python", "python3", "story.py")]
    public async Task The_code_of_the_page_works_from_top_to_bottom_over_a_line_that_breaks(
        string path, string language, string program, string file)
    {
        var api = await host.NewWorkspaceAsync();
        var page = new Page(path);
        using var folder = new TempFolder();
        var code = string.Join('\n', page.Rest(language).Select(block => block.Text));
        await File.WriteAllTextAsync(folder.File(file), code, TestContext.Current.CancellationToken);
        using var proxy = new CuttingProxy(host.Address);
        proxy.CutEverySecondAnswer();

        using var process = Process.Start(new ProcessStartInfo(program, [file])
        {
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["ROSTER_URL"] = proxy.Address.ToString(), ["ROSTER_KEY"] = api.Key },
        })!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(process.ExitCode == 0, await errors);
        Assert.Equal(string.Concat(page.Blocks.Where(block => block.Kind == "text").Select(block => block.Text)), output);
        Assert.True(proxy.HasCut);
        // Each write was carried out once, however often it was sent.
        Assert.Equal(2, (await api.GetAsync("/api/changesets")).Items.Count);
    }
}
