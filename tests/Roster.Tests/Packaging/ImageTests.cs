using System.Text.Json;
using System.Text.RegularExpressions;
using Roster.Tests.Cli;

namespace Roster.Tests.Packaging;

/// <summary>The image that packaging/image.sh makes. There is no engine: its files are unpacked, and run as an engine would.</summary>
public sealed partial class ImageTests : IDisposable
{
    private const string User = "10001:10001";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A file of the container that the page shows.</summary>
    [GeneratedRegex(@"^docker cp roster:(\S+) - ", RegexOptions.Multiline)]
    private static partial Regex Copied();

    /// <summary>A command that the page runs in the container.</summary>
    [GeneratedRegex("`docker exec roster ([^`]+)`")]
    private static partial Regex Executed();

    [Fact]
    public async Task Its_root_is_made_as_the_page_says_serves_as_another_user_and_writes_only_its_data()
    {
        var page = new Page("docs/how-to/run-in-a-container.md");
        var sources = Directory.CreateDirectory(_folder.File("sources")).FullName;
        Repository.LinkInto(sources);
        using var shell = new RosterCommand();
        var run = new PageRun(shell, new Uri("http://localhost:5080"), sources)
        {
            Folder = sources,
            PublishedServer = await Published.Server,
        };
        await run.RunAsync(page, page.Next());
        page.HasEnded();
        var archive = Directory.GetFiles(Path.Combine(sources, "artifacts"), "*.oci.tar").Single();
        var config = JsonDocument.Parse(await Repository.RunAsync("", "skopeo", "inspect", "--config", $"oci-archive:{archive}"))
            .RootElement.GetProperty("config");
        Assert.Equal(User, config.GetProperty("User").GetString());
        Assert.Equal(["5080/tcp"], config.GetProperty("ExposedPorts").EnumerateObject().Select(port => port.Name));
        Assert.Equal(["/data"], config.GetProperty("Volumes").EnumerateObject().Select(volume => volume.Name));
        // What the page asks of an engine, beyond what is done here: to run it without a root that can be written.
        var container = page.Blocks.Single(block => block.Text.StartsWith("docker run ", StringComparison.Ordinal)).Text;
        Assert.Contains(" --read-only --cap-drop ALL --publish 127.0.0.1:5080:5080 --volume roster:/data roster\n", container,
            StringComparison.Ordinal);
        var environment = config.GetProperty("Env").EnumerateArray().Select(one => one.GetString()!).ToList();
        var entry = config.GetProperty("Entrypoint").EnumerateArray().Select(one => one.GetString()!).Single();

        await Repository.RunAsync("", "skopeo", "copy", "--quiet", $"oci-archive:{archive}", $"oci:{_folder.File("layout")}:test");
        await Repository.RunAsync("", "umoci", "unpack", "--image", $"{_folder.File("layout")}:test", _folder.File("bundle"));
        var root = new RootFolder(_folder.File("bundle/rootfs"));
        // No shell, no package manager.
        foreach (var program in new[] { "bin/sh", "usr/bin/sh", "bin/dash", "usr/bin/perl", "usr/bin/apt-get" })
            Assert.False(File.Exists(root.File(program)), program);

        // There is no env in it: the variables come from outside, as an engine gives them.
        string[] CommandOf(params IEnumerable<string> program) =>
            ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", .. environment, .. root.Command(User, "/data", program)];
        using var server = RosterProcess.ServeBy(CommandOf(entry));
        var shown = Copied().Matches(container).Select(copied => File.ReadAllText(root.File(copied.Groups[1].Value)).Trim()).ToList();
        Assert.Equal(2, shown.Count);
        var key = shown[0];
        Assert.Contains("/console/#link=", shown[1], StringComparison.Ordinal);
        Assert.DoesNotContain(key, server.Output() + server.Log(), StringComparison.Ordinal);
        var id = await server.Client(key).CreateAsync();
        Assert.Equal(200, (await server.Client(key).GetAsync($"/api/partners/{id}")).Status);
        // A search needs ICU, and a read-only root all that is written to be in /data.
        Assert.Equal([id], (await server.Client(key).GetAsync("/api/partners?q=lovelace")).Ids);

        // It listens at another port than in a container.
        var answers = new Dictionary<string, string>();
        foreach (var words in Executed().Matches(page.Text).Select(executed => executed.Groups[1].Value.Split(' ')))
        {
            var command = CommandOf([.. words, .. words[1] == "health" ? ["--urls", server.Address.ToString()] : Array.Empty<string>()]);
            answers[words[1]] = await Repository.RunAsync("", command[0], command[1..]);
        }
        Assert.Equal(["health", "keys"], answers.Keys.Order());
        Assert.Equal("{\"status\":\"ok\"}\n", answers["health"]);
        Assert.Contains("\tfirst\t", answers["keys"], StringComparison.Ordinal);
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());
    }

    [Fact]
    public void The_Dockerfile_makes_its_files_by_the_same_program()
    {
        var file = File.ReadAllText(Path.Combine(Repository.Root, "Dockerfile"));
        var last = file[file.LastIndexOf("\nFROM ", StringComparison.Ordinal)..];

        Assert.Contains("RUN packaging/image-root.sh /published /root-of-image", file, StringComparison.Ordinal);
        Assert.StartsWith("\nFROM scratch\n", last, StringComparison.Ordinal);
        Assert.Equal(
            ["COPY --from=build /root-of-image /"],
            last.Split('\n').Where(line => line.StartsWith("COPY", StringComparison.Ordinal)));
        Assert.Contains("CMD [\"/usr/bin/roster-server\", \"health\", \"--live\"]", last, StringComparison.Ordinal);
    }
}
