using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Roster.Server.Http;

namespace Roster.Tests;

/// <summary>What the pages show is what happens.</summary>
public sealed partial class PagesTests(SqliteHost host)
{
    private static readonly string Pages = Path.Combine(AppContext.BaseDirectory, "pages");

    /// <summary>Every page with a command that is followed by its answer.</summary>
    public static TheoryData<string, string, string> Examples
    {
        get
        {
            var examples = new TheoryData<string, string, string>();
            foreach (var page in Directory.GetFiles(Pages, "*.md", SearchOption.AllDirectories).Order())
                foreach (Match example in Example().Matches(File.ReadAllText(page)))
                    examples.Add(Path.GetFileName(page), example.Groups["command"].Value, example.Groups["answer"].Value);
            return examples;
        }
    }

    [GeneratedRegex(@"```sh\n(?<command>curl [^`]*)```\n(?<between>[^`]*(?:`[^`\n]+`[^`]*)*?)```json\n(?<answer>[^`]*)```")]
    private static partial Regex Example();

    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z")]
    private static partial Regex IdOrTime();

    [GeneratedRegex(@"^### (\S+)$", RegexOptions.Multiline)]
    private static partial Regex CodeHeading();

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task A_command_on_a_page_is_answered_as_the_page_shows(string page, string command, string answer)
    {
        var api = await host.NewWorkspaceAsync();

        var (exitCode, output) = await ShellAsync(command.Replace("curl ", "curl -sS ", StringComparison.Ordinal), api.Key!);

        Assert.True(exitCode == 0, $"{page}: {command} exits with {exitCode}");
        Assert.Equal(Neutral(answer), Neutral(output));
    }

    [Fact]
    public void The_pages_have_examples_to_run() => Assert.True(Examples.Count >= 4);

    [Fact]
    public void The_page_of_errors_has_a_section_for_every_code_and_no_other()
    {
        var codes = new[] { typeof(FaultCode), typeof(ProblemCode) }
            .SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Select(field => (string)field.GetValue(null)!);
        var sections = CodeHeading().Matches(File.ReadAllText(Path.Combine(Pages, "docs", "errors.md"))).Select(match => match.Groups[1].Value);

        Assert.Equal(codes.Order(StringComparer.Ordinal), sections.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_server_shows_the_page_of_errors_where_an_errors_type_leads()
    {
        var type = new Uri((await (await host.NewWorkspaceAsync()).PutAsync("{}")).Json.GetProperty("type").GetString()!);

        var page = await host.WithKey(null).SendAsync(HttpMethod.Get, type.AbsolutePath);

        Assert.Equal((200, "text/html"), (page.Status, page.ContentHeaders.ContentType!.MediaType));
        Assert.Equal(host.Address.Authority, type.Authority);
        Assert.Contains($"id=\"{type.Fragment[1..]}\"", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_is_answered_without_a_key()
    {
        foreach (var path in new[] { "/health/live", "/health/ready" })
            Assert.Equal("""{"status":"ok"}""", (await host.WithKey(null).SendAsync(HttpMethod.Get, path)).Text);
    }

    private async Task<(int ExitCode, string Output)> ShellAsync(string command, string key)
    {
        var address = host.Address.ToString().TrimEnd('/');
        var start = new ProcessStartInfo("bash", ["-c", command.Replace("http://localhost:5080", address, StringComparison.Ordinal)])
        {
            RedirectStandardOutput = true,
            Environment = { ["ROSTER_KEY"] = key },
        };
        using var shell = Process.Start(start)!;
        var output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return (shell.ExitCode, output.Replace(address, "http://localhost:5080", StringComparison.Ordinal));
    }

    /// <summary>The same JSON, laid out one way, with ids and times as they would be on any day.</summary>
    private static string Neutral(string json) =>
        IdOrTime().Replace(JsonSerializer.Serialize(JsonDocument.Parse(json).RootElement), "*");
}
