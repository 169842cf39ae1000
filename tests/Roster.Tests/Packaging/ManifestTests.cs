using System.Reflection;
using Roster.Server.Guard;
using Roster.Server.Hosting;
using Roster.Server.Imports;
using YamlDotNet.RepresentationModel;

namespace Roster.Tests.Packaging;

/// <summary>
/// The files for Compose and Kubernetes. Neither runs here: what they say of Roster is held to what the image and the server
/// have.
/// </summary>
public sealed class ManifestTests
{
    private const string User = "10001";

    [Fact]
    public void Kubernetes_runs_SQLite_once_and_stops_it_before_a_new_one()
    {
        var set = Load("ops/kubernetes/sqlite.yaml").Single(one => Text(one, "kind") == "StatefulSet");

        Assert.Equal("1", Text(set, "spec", "replicas"));
        Assert.Equal("ReadWriteOncePod", Text(set, "spec", "volumeClaimTemplates", "0", "spec", "accessModes", "0"));
        Assert.Equal("data", Text(set, "spec", "volumeClaimTemplates", "0", "metadata", "name"));
        // It reads while it cannot write, and no other one could.
        CheckPod(set, "/health/live");
    }

    [Fact]
    public void Kubernetes_runs_several_servers_on_PostgreSQL_with_the_password_from_a_secret()
    {
        var deployment = Load("ops/kubernetes/postgresql.yaml").Single(one => Text(one, "kind") == "Deployment");
        var container = At(deployment, "spec", "template", "spec", "containers", "0");
        var variables = ((YamlSequenceNode)At(container, "env")).ToDictionary(one => Text(one, "name"), one => Text(one, "value"));

        Assert.Equal("0", Text(deployment, "spec", "strategy", "rollingUpdate", "maxUnavailable"));
        Assert.StartsWith("postgresql://", variables["ROSTER_DATABASE"], StringComparison.Ordinal);
        Assert.StartsWith(
            Text(container, "volumeMounts", "0", "mountPath"), variables["ROSTER_DATABASE_PASSWORD_FILE"], StringComparison.Ordinal);
        // A pod that is told to stop gets requests until its ingress has heard of it.
        var pause = Number(container, "lifecycle", "preStop", "sleep", "seconds");
        Assert.InRange(pause, 3, 30);
        CheckPod(deployment, "/health/ready", pause);
    }

    [Fact]
    public void There_is_room_for_copies_of_the_largest_files_of_all_imports_that_can_be_read_at_once()
    {
        // One that failed is tried again beside those at work.
        var (uploads, requests, plans) = (LimitOf("UploadsAtOnce"), LimitOf("FilesAtOnce"), ImportWorker.MaxAtWork + 1);
        var all = uploads + requests + plans;
        var deployment = Load("ops/kubernetes/postgresql.yaml").Single(one => Text(one, "kind") == "Deployment");
        var room = Text(deployment, "spec", "template", "spec", "volumes", "1", "emptyDir", "sizeLimit");

        Assert.Equal("Gi", room[^2..]);
        Assert.InRange(
            all * ServerSettings.DefaultImportMebibytes, 1,
            int.Parse(room[..^2], System.Globalization.CultureInfo.InvariantCulture) * 1_024);
        foreach (var file in (string[])["Dockerfile", "ops/kubernetes/postgresql.yaml"])
            Assert.Contains($" up to {all} ", File.ReadAllText(Path.Combine(Repository.Root, file)), StringComparison.Ordinal);
        Assert.Contains(
            $"up to {uploads} that come in ({LimitOf("WorkspaceUploads")} of a workspace), {requests} for requests and {plans} for plans",
            string.Join(' ', new Page("docs/reference/operations.md").Text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);

        static int LimitOf(string name) => (int)typeof(RequestLimits)
            .GetField(name, BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)!.GetRawConstantValue()!;
    }

    [Theory]
    [InlineData("ops/kubernetes/sqlite.yaml")]
    [InlineData("ops/kubernetes/postgresql.yaml")]
    public async Task Whoever_follows_the_head_of_a_file_has_a_key_and_a_link_and_the_key_that_nobody_can_read_is_revoked(string file)
    {
        using var folder = new TempFolder();
        using var server = RosterProcess.Serve(folder.Path, "--first-key-file", "first-key");
        var first = (await File.ReadAllTextAsync(folder.File("first-key"))).Trim();
        Assert.Equal(200, (await server.Client(first).GetAsync("/api/partners")).Status);
        var said = new List<string>();

        foreach (var line in File.ReadLines(Path.Combine(Repository.Root, file)).TakeWhile(line => line[0] == '#'))
        {
            if (line.Split(" -- /usr/bin/roster-server ") is not [_, var command])
                continue;
            var ended = RosterProcess.Run(
                folder.Path, [.. command.Split(' ').Select(word => word == "ID" ? IdOf("first", said[^1]) : word)]);
            Assert.True(ended.ExitCode == 0, line + "\n" + ended.Errors);
            said.Add(ended.Output);
        }

        Assert.Equal(200, (await server.Client(said[0].Trim()).GetAsync("/api/partners")).Status);
        Assert.Contains("/console/#link=", said[1], StringComparison.Ordinal);
        Assert.Equal(401, (await server.Client(first).GetAsync("/api/partners")).Status);

        static string IdOf(string name, string list) =>
            list.Split('\n').Single(key => key.Contains($"\t{name}\t", StringComparison.Ordinal)).Split('\t')[0];
    }

    [Fact]
    public void Compose_starts_Roster_when_its_PostgreSQL_is_there_and_gives_both_the_same_password()
    {
        var services = At(Load("ops/compose.yml").Single(), "services");
        var (roster, database) = (At(services, "roster"), At(services, "database"));

        Assert.Equal("service_healthy", Text(roster, "depends_on", "database", "condition"));
        Assert.Equal(Text(roster, "environment", "ROSTER_DATABASE_PASSWORD_FILE"), Text(database, "environment", "POSTGRES_PASSWORD_FILE"));
        Assert.Equal("true", Text(roster, "read_only"));
        Assert.EndsWith(":/data", Text(roster, "volumes", "0"), StringComparison.Ordinal);
        // Not for other machines: there is no TLS.
        Assert.StartsWith("127.0.0.1:", Text(roster, "ports", "0"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compose_has_a_password_that_the_image_s_user_can_read_and_no_other_user_of_the_host()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder.File("ops"));
        var command = File.ReadLines(Path.Combine(Repository.Root, "ops/compose.yml"))
            .Single(line => line.Contains("openssl", StringComparison.Ordinal)).TrimStart('#');

        await Repository.RunAsync(folder.Path, "sh", "-c", "sudo() { \"$@\"; };" + command);

        Assert.Equal(
            $"600 {User}\n", await Repository.RunAsync(folder.Path, "stat", "--format=%a %u", "ops/database-password"));
    }

    [Theory]
    [InlineData("ops/kubernetes/sqlite.yaml")]
    [InlineData("ops/kubernetes/postgresql.yaml")]
    [InlineData("ops/compose.yml")]
    public async Task Each_variable_that_a_file_sets_is_a_setting_of_the_server(string file)
    {
        var settings = RosterProcess.Run(Repository.Root, "--help").Output;
        var text = await File.ReadAllTextAsync(Path.Combine(Repository.Root, file));

        var variables = System.Text.RegularExpressions.Regex.Matches(text, "ROSTER_[A-Z_]+").Select(match => match.Value).ToHashSet();

        Assert.NotEmpty(variables);
        Assert.All(variables, name => Assert.Contains($"[env: {name}]", string.Join(' ', settings.Split()), StringComparison.Ordinal));
    }

    /// <summary>The image's user, nothing writable but /data, and probes that the server answers.</summary>
    /// <param name="ready">What says whether requests are sent to it.</param>
    /// <param name="pause">The seconds for which a pod that is to stop goes on first.</param>
    private static void CheckPod(YamlNode workload, string ready, int pause = 0)
    {
        var pod = At(workload, "spec", "template", "spec");
        var container = At(pod, "containers", "0");
        Assert.Equal(("true", User), (Text(pod, "securityContext", "runAsNonRoot"), Text(pod, "securityContext", "runAsUser")));
        Assert.Equal("true", Text(container, "securityContext", "readOnlyRootFilesystem"));
        Assert.Equal("ALL", Text(container, "securityContext", "capabilities", "drop", "0"));
        Assert.Equal("/health/live", Text(container, "startupProbe", "httpGet", "path"));
        Assert.Equal("/health/live", Text(container, "livenessProbe", "httpGet", "path"));
        Assert.Equal(ready, Text(container, "readinessProbe", "httpGet", "path"));
        Assert.Contains("/data", ((YamlSequenceNode)At(container, "volumeMounts")).Select(mount => Text(mount, "mountPath")));
        Assert.Equal("5080", Text(container, "ports", "0", "containerPort"));
        Assert.Equal(Text(workload, "spec", "selector", "matchLabels", "app.kubernetes.io/name"),
            Text(workload, "spec", "template", "metadata", "labels", "app.kubernetes.io/name"));
        // Requests have 30 seconds, and the database some more.
        Assert.True(Number(pod, "terminationGracePeriodSeconds") >= pause + 45);
    }

    private static IReadOnlyList<YamlNode> Load(string file)
    {
        using var reader = new StreamReader(Path.Combine(Repository.Root, file));
        var yaml = new YamlStream();
        yaml.Load(reader);
        return [.. yaml.Documents.Select(document => document.RootNode)];
    }

    private static YamlNode At(YamlNode node, params IEnumerable<string> path) => path.Aggregate(node, (at, name) =>
        at is YamlSequenceNode list ? list[int.Parse(name, System.Globalization.CultureInfo.InvariantCulture)] : at[name]);

    private static int Number(YamlNode node, params IEnumerable<string> path) =>
        int.Parse(Text(node, path), System.Globalization.CultureInfo.InvariantCulture);

    private static string Text(YamlNode node, params IEnumerable<string> path) => ((YamlScalarNode)At(node, path)).Value!;
}
