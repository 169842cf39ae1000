using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using Roster.Batches;
using Roster.Server.Http;

namespace Roster.Tests;

/// <summary>The commands in README.md and docs give the answers that are shown there.</summary>
public sealed partial class PagesTests(SqliteHost host)
{
    private static readonly string Pages = Path.Combine(AppContext.BaseDirectory, "pages");

    /// <summary>The pages in the order in which one reads them. Others begin in a workspace of their own.</summary>
    private static readonly string[] Order = ["README.md", "docs/reference/api.md", "docs/explanation/change-sets.md"];

    /// <summary>The answer of the server's first start that a reader puts into the second command.</summary>
    private const string KeyPlace = "roster_…";

    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")]
    private static partial Regex Id();

    /// <summary>What differs on each run: ids, times, and what the page leaves out.</summary>
    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8}-[0-9a-f]{4}-…|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z|…")]
    private static partial Regex AnyDay();

    [GeneratedRegex(@"^### (\S+)$", RegexOptions.Multiline)]
    private static partial Regex CodeHeading();

    [Fact]
    public async Task Whoever_follows_the_pages_from_top_to_bottom_gets_the_answers_that_they_show()
    {
        var api = await host.NewWorkspaceAsync();
        using var shell = new Shell(host.Address, api.Key!);
        // Ids of the pages are replaced by those of this run.
        var ids = new Dictionary<string, string>();
        var answers = 0;
        foreach (var page in Order)
            foreach (var block in new Page(page).Rest())
            {
                var command = Id().Replace(block.Text, id => ids.GetValueOrDefault(id.Value, id.Value));
                // A command without a shown answer must succeed.
                var (exitCode, output) = await shell.RunAsync(
                    command.Replace(KeyPlace, api.Key, StringComparison.Ordinal), isToSucceed: block.Answer is null);
                Assert.True(exitCode == 0, $"{page}:{block.Line}: {command} exits with {exitCode}: {output}");
                if (block.Answer is not { } shown)
                    continue;
                answers++;
                AssertShown(page, command, shown, output);
                var (theirs, ours) = (Id().Matches(shown), Id().Matches(output));
                if (theirs.Count == ours.Count)
                    foreach (var (their, our) in theirs.Zip(ours))
                        ids.TryAdd(their.Value, our.Value);
            }
        Assert.True(answers >= 15, $"{answers} answers were found");
    }

    [Fact]
    public void The_page_of_errors_has_a_section_for_every_code_and_no_other()
    {
        var codes = new[] { typeof(FaultCode), typeof(ProblemCode) }
            .SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Select(field => (string)field.GetValue(null)!);
        var sections = CodeHeading()
            .Matches(File.ReadAllText(Path.Combine(Pages, "docs", "reference", "errors.md"))).Select(match => match.Groups[1].Value);

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
        var live = (await host.WithKey(null).GetAsync("/health/live")).Json;
        Assert.Equal("ok", live.GetProperty("status").GetString());
        Assert.Matches(@"^\d+\.\d+\.\d+$", live.GetProperty("version").GetString()!);
        Assert.Equal("ok", (await host.WithKey(null).GetAsync("/health/ready")).Json.GetProperty("status").GetString());
    }

    /// <summary>
    /// The answer has each head line that the page shows. The body is the same, but for ids, times and the like.
    /// </summary>
    internal static void AssertShown(string page, string command, string shown, string output)
    {
        var head = shown.StartsWith("HTTP/", StringComparison.Ordinal) ? shown.Split("\n\n")[0] : "";
        var lines = output.Split('\n').ToHashSet();
        foreach (var line in head.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Assert.True(lines.Contains(line), $"{page}: {command} is shown to answer {line}, and answers:\n{output}");
        var body = Packed(shown[head.Length..]);
        var came = Packed(head.Length == 0 ? output : output[(output.IndexOf("\n\n", StringComparison.Ordinal) + 2)..]);
        var pattern = string.Concat(Parts(body));
        Assert.True(body.Length == 0 || Regex.IsMatch(came, $"^{pattern}$"),
            $"{page}: {command} is shown to answer\n{body}\nand answers\n{came}");
    }

    private static IEnumerable<string> Parts(string body)
    {
        var at = 0;
        foreach (Match any in AnyDay().Matches(body))
        {
            yield return Regex.Escape(body[at..any.Index]);
            yield return any.Value == "…" ? ".*" : "[-0-9a-fTZ:.]+";
            at = any.Index + any.Length;
        }
        yield return Regex.Escape(body[at..]);
    }

    /// <summary>The same text without JSON's layout: spaces and line ends.</summary>
    private static string Packed(string text) => Layout().Replace(text.Trim(), "$1");

    [GeneratedRegex("""("(?:[^"\\]|\\.)*")|\s+""")]
    private static partial Regex Layout();

    /// <summary>One shell for all commands, so that variables stay set.</summary>
    private sealed class Shell : IDisposable
    {
        private const string End = "-- end of the command: ";
        private readonly Process _bash;
        private readonly string _address;
        private readonly TempFolder _folder = new();

        public Shell(Uri address, string key)
        {
            _address = address.ToString().TrimEnd('/');
            _bash = Process.Start(new ProcessStartInfo("bash", ["--noprofile", "--norc"])
            {
                WorkingDirectory = _folder.Path,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                Environment = { ["ROSTER_KEY"] = key },
            })!;
            _bash.StandardInput.WriteLine("curl() { command curl -sS $fails \"$@\"; }");
            // The server runs already. TutorialTests starts one by this command.
            _bash.StandardInput.WriteLine("dotnet() { [ \"$*\" = 'run -c Release --project src/Roster.Server' ]; }");
        }

        /// <param name="isToSucceed">Whether an error answer counts as a failure.</param>
        public async Task<(int ExitCode, string Output)> RunAsync(string command, bool isToSucceed)
        {
            var here = command.Replace("http://localhost:5080", _address, StringComparison.Ordinal);
            await _bash.StandardInput.WriteLineAsync(
                $"fails={(isToSucceed ? "--fail-with-body" : "")}\n{here}\nprintf '\\n{End}%s\\n' $?");
            await _bash.StandardInput.FlushAsync();
            var output = new System.Text.StringBuilder();
            while (await _bash.StandardOutput.ReadLineAsync() is { } line)
            {
                if (line.StartsWith(End, StringComparison.Ordinal))
                    return (int.Parse(line[End.Length..], System.Globalization.CultureInfo.InvariantCulture),
                        output.ToString().Replace(_address, "http://localhost:5080", StringComparison.Ordinal));
                output.Append(line).Append('\n');
            }
            throw new InvalidOperationException($"The shell has ended after {command}: {output}");
        }

        public void Dispose()
        {
            _bash.StandardInput.Close();
            _bash.WaitForExit();
            _bash.Dispose();
            _folder.Dispose();
        }
    }
}
