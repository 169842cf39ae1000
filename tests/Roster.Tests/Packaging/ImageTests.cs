using System.Text.Json;

namespace Roster.Tests.Packaging;

/// <summary>The image that packaging/image.sh makes. There is no engine: its files are unpacked, and run as an engine would.</summary>
public sealed class ImageTests : IDisposable
{
    private const string User = "10001:10001";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Its_root_serves_as_another_user_and_writes_only_its_data()
    {
        var archive = (await Repository.RunAsync("", "bash", "packaging/image.sh", await Published.Server, _folder.Path)).Trim();
        var config = JsonDocument.Parse(await Repository.RunAsync("", "skopeo", "inspect", "--config", $"oci-archive:{archive}"))
            .RootElement.GetProperty("config");
        Assert.Equal(User, config.GetProperty("User").GetString());
        Assert.Equal(["5080/tcp"], config.GetProperty("ExposedPorts").EnumerateObject().Select(port => port.Name));
        Assert.Equal(["/data"], config.GetProperty("Volumes").EnumerateObject().Select(volume => volume.Name));
        var environment = config.GetProperty("Env").EnumerateArray().Select(one => one.GetString()!).ToList();
        var entry = config.GetProperty("Entrypoint").EnumerateArray().Select(one => one.GetString()!).Single();

        await Repository.RunAsync("", "skopeo", "copy", "--quiet", $"oci-archive:{archive}", $"oci:{_folder.File("layout")}:test");
        await Repository.RunAsync("", "umoci", "unpack", "--image", $"{_folder.File("layout")}:test", _folder.File("bundle"));
        var root = new RootFolder(_folder.File("bundle/rootfs"));
        // No shell, no package manager.
        foreach (var program in new[] { "bin/sh", "usr/bin/sh", "bin/dash", "usr/bin/perl", "usr/bin/apt-get" })
            Assert.False(File.Exists(root.File(program)), program);

        // There is no env in it: the variables come from outside, as an engine gives them.
        string[] command = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", .. environment, .. root.Command(User, "/data", entry)];
        using var server = RosterProcess.ServeBy(command);
        var key = (await File.ReadAllTextAsync(root.File("/data/first-key"))).Trim();
        Assert.DoesNotContain(key, server.Output() + server.Log(), StringComparison.Ordinal);
        var id = await server.Client(key).CreateAsync();
        Assert.Equal(200, (await server.Client(key).GetAsync($"/api/partners/{id}")).Status);
        // A search needs ICU, and a read-only root all that is written to be in /data.
        Assert.Equal([id], (await server.Client(key).GetAsync("/api/partners?q=lovelace")).Ids);

        var healthy = await root.RunAsync(User, "/data", [entry, "health", "--urls", server.Address.ToString()]);
        Assert.Equal("{\"status\":\"ok\"}\n", healthy);
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
        Assert.Contains("CMD [\"/usr/bin/roster-server\", \"health\"]", last, StringComparison.Ordinal);
    }
}
