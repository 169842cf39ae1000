using System.Text.Json;
using System.Text.RegularExpressions;

namespace Roster.Tests.Server;

/// <summary>What the log of a real server says of requests, and what it leaves out.</summary>
public sealed class RequestLineTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_line_of_a_request_says_what_became_of_it_and_who_called_from_where()
    {
        using var server = RosterProcess.Serve(_folder.Path);
        var api = server.FirstClient();

        var refused = await api.PutAsync("""[{"name":""}]""");
        Assert.Equal(200, (await api.PutAsync("""[{"name":"a"}]""")).Status);
        await server.Client(null).GetAsync("/nothing/of/ours");
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());

        var lines = LinesOfRequests(server);
        Assert.Equal(3, lines.Count);
        var line = lines[0];
        Assert.Equal("PUT", line.GetProperty("Method").GetString());
        Assert.StartsWith("/api/partners", line.GetProperty("Route").GetString(), StringComparison.Ordinal);
        Assert.Equal((400, "validation_failed"), (line.GetProperty("Status").GetInt32(), line.GetProperty("Code").GetString()));
        Assert.True(line.GetProperty("Milliseconds").GetDouble() > 0);
        Assert.Equal(1, line.GetProperty("Workspace").GetInt64());
        Assert.True(line.GetProperty("KeyId").GetGuid() != Guid.Empty);
        Assert.Equal(refused.Headers.GetValues("Roster-Request-Id").Single(), line.GetProperty("RequestId").GetString());
        Assert.Equal("127.0.0.1", line.GetProperty("Client").GetString());
        Assert.Equal((200, "-"), (lines[1].GetProperty("Status").GetInt32(), lines[1].GetProperty("Code").GetString()));
        Assert.Equal((404, "not_found"), (lines[2].GetProperty("Status").GetInt32(), lines[2].GetProperty("Code").GetString()));
        Assert.Equal("-", lines[2].GetProperty("Route").GetString());
    }

    [Fact]
    public async Task Without_addresses_no_line_has_one()
    {
        using var server = RosterProcess.Serve(_folder.Path, "--log-addresses", "off");

        Assert.Equal(200, (await server.FirstClient().GetAsync("/api/partners")).Status);
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());

        Assert.Equal("-", Assert.Single(LinesOfRequests(server)).GetProperty("Client").GetString());
    }

    [Fact]
    public async Task A_health_check_has_a_line_only_if_it_fails()
    {
        using var server = RosterProcess.Serve(_folder.Path, "--database", "sqlite:roster.db");
        var api = server.Client(null);

        Assert.Equal(200, (await api.GetAsync("/health/live")).Status);
        Assert.Equal(200, (await api.GetAsync("/health/ready")).Status);
        File.Move(_folder.File("roster.db"), _folder.File("elsewhere.db"));
        while ((await api.GetAsync("/health/ready")).Status == 200)
            continue;
        await server.HasSaidAsync("/health/ready 503 storage_damaged");
        server.Kill();

        Assert.All(LinesOfRequests(server), line => Assert.Equal(
            ("/health/ready", 503, "storage_damaged"),
            (line.GetProperty("Route").GetString(), line.GetProperty("Status").GetInt32(), line.GetProperty("Code").GetString())));
        Assert.NotEmpty(LinesOfRequests(server));
    }

    [Fact]
    public async Task Every_line_of_an_ordinary_day_is_an_event_of_ours()
    {
        using var server = RosterProcess.Serve(_folder.Path);
        var api = server.FirstClient();

        Assert.Equal(200, (await api.PutAsync("""[{"name":"a"}]""")).Status);
        Assert.Equal(400, (await api.PutAsync("not json")).Status);
        Assert.Equal(401, (await server.Client("wrong").GetAsync("/api/partners")).Status);
        server.Signal("HUP");
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());

        Assert.All(server.Log().Split('\n').Select(line => JsonDocument.Parse(line).RootElement), line =>
        {
            Assert.StartsWith("Roster", line.GetProperty("Category").GetString(), StringComparison.Ordinal);
            Assert.InRange(line.GetProperty("EventId").GetInt32(), 6001, 6999);
        });
    }

    [Fact]
    public async Task Levels_are_set_for_all_and_for_single_categories()
    {
        using var server = RosterProcess.Serve(
            _folder.Path, "--log-format", "text", "--log-level", "warning,Roster=Information,Microsoft.AspNetCore.Hosting=Information");

        Assert.Equal(200, (await server.FirstClient().GetAsync("/api/partners")).Status);
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());

        Assert.Matches("info: Roster\\[6010\\] GET /api/partners/? 200 - in", server.Log());
        Assert.Contains("Microsoft.AspNetCore.Hosting.Diagnostics", server.Log(), StringComparison.Ordinal);
        Assert.DoesNotMatch(new Regex("Microsoft\\.AspNetCore\\.(Routing|Server)"), server.Log());
    }

    [Theory]
    [InlineData("Loud", "not 'Loud'")]
    [InlineData("Roster=Loud", "not 'Roster=Loud'")]
    [InlineData("Warning,Error", "not 'Error'")]
    [InlineData("4", "not '4'")]
    public void A_level_that_does_not_exist_is_a_sentence(string levels, string why)
    {
        var result = RosterProcess.Run(_folder.Path, "--log-level", levels);

        Assert.NotEqual(0, result.ExitCode);
        Assert.StartsWith("--log-level takes a level", result.Errors, StringComparison.Ordinal);
        Assert.Contains(why, result.Errors, StringComparison.Ordinal);
    }

    private static List<JsonElement> LinesOfRequests(RosterProcess server) =>
    [
        .. server.Log().Split('\n').Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("EventId").GetInt32() == 6010).Select(line => line.GetProperty("State")),
    ];
}
