using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Roster.Server.Hosting;

namespace Roster.Tests.Packaging;

public sealed class NginxTests(SqliteHost host) : ProxyContract(host)
{
    private protected override ReverseProxy Start(Uri server) => ReverseProxy.Nginx(server);

    [Fact]
    public async Task Plain_HTTP_is_sent_to_HTTPS()
    {
        using var proxy = Start(new Uri("http://127.0.0.1:1"));

        using var answer = await proxy.Http.GetAsync(new Uri($"http://localhost:{proxy.PlainPort}/console/?a=b"));

        Assert.Equal((HttpStatusCode.PermanentRedirect, "https://localhost/console/?a=b"),
            (answer.StatusCode, answer.Headers.Location!.ToString()));
    }

    [Fact]
    public void Its_limit_of_a_body_is_that_of_an_import_and_its_time_is_longer_than_any_wait()
    {
        var settings = File.ReadAllText(Path.Combine(Repository.Root, "ops/nginx/roster.conf"));

        Assert.Equal(ServerSettings.DefaultImportMebibytes, Number(settings, @"client_max_body_size (\d+)m;"));
        Assert.True(Number(settings, @"proxy_read_timeout (\d+)s;") > 60);
    }

    private static int Number(string text, string pattern) =>
        int.Parse(Regex.Match(text, pattern).Groups[1].Value, CultureInfo.InvariantCulture);
}

public sealed class CaddyTests(SqliteHost host) : ProxyContract(host)
{
    private protected override ReverseProxy Start(Uri server) => ReverseProxy.Caddy(server);
}

/// <summary>What must work through a proxy with our settings.</summary>
public abstract class ProxyContract(SqliteHost host)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private protected abstract ReverseProxy Start(Uri server);

    [Fact]
    public async Task A_file_of_several_MB_is_uploaded()
    {
        await using var server = await ServerAsync();
        using var proxy = Start(server.Address);
        var file = System.Text.Encoding.UTF8.GetBytes(ImportCalls.Many(0, 150_000));
        Assert.True(file.Length > 2 << 20);

        var uploaded = await proxy.Client((await server.NewWorkspaceAsync()).Key).UploadAsync(file);

        Assert.True(uploaded.Status == 201, uploaded.Text);
    }

    [Fact]
    public async Task The_feed_waits_and_is_answered_with_the_change()
    {
        await using var server = await ServerAsync();
        using var proxy = Start(server.Address);
        var api = proxy.Client((await server.NewWorkspaceAsync()).Key);
        var end = (await api.PutAsync("""[{"name":"a"}]""")).Revision;
        var feed = api.GetAsync($"/api/partners/changes?after={end}&wait=30");

        var id = await api.CreateAsync();

        Assert.Contains(id, (await feed).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_arrive_while_the_import_is_still_at_work()
    {
        CountedStore store = null!;
        await using var server = await ServerAsync(real => CountedStore.Around(real, out store));
        using var proxy = Start(server.Address);
        var api = proxy.Client((await server.NewWorkspaceAsync()).Key);
        var id = await api.NewImportAsync(ImportCalls.Many(0, 3));
        var go = new TaskCompletionSource();
        store.WritesAfter = go.Task;
        Assert.Equal(202, (await api.PostAsync("", $"{ImportCalls.Path}/{id}/plan")).Status);

        using var request = new HttpRequestMessage(HttpMethod.Get, $"{ImportCalls.Path}/{id}/events");
        request.Headers.Authorization = new("Bearer", api.Key);
        using var answer = await proxy.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Patience);
        using var events = new StreamReader(await answer.Content.ReadAsStreamAsync());
        // Held back, it would not come before the plan is made, which waits for this test.
        Assert.StartsWith("id: ", await events.ReadLineAsync().WaitAsync(Patience), StringComparison.Ordinal);
        Assert.NotEqual("planned", (await api.ImportAsync(id)).State());

        go.SetResult();
        Assert.Contains("\"state\":\"planned\"", await events.ReadToEndAsync().WaitAsync(Patience), StringComparison.Ordinal);
    }

    [Fact]
    public async Task People_sign_in_to_the_console_and_their_cookie_is_for_HTTPS_only()
    {
        await using var server = await ServerAsync();
        using var proxy = Start(server.Address);
        var key = (await server.NewWorkspaceAsync()).Key!;

        var session = await ConsoleClient.ByKeyAsync(proxy.Client(null), key);

        Assert.StartsWith("__Host-", session.Cookie, StringComparison.Ordinal);
        Assert.Contains("secure", ConsoleClient.SetCookieOf(session.Begun), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(200, (await session.GetAsync("/api/session")).Status);
        using var partner = new StringContent("""[{"name":"a"}]""", System.Text.Encoding.UTF8, "application/json");
        Assert.Equal(200, (await session.SendAsync(HttpMethod.Put, "/api/partners", partner)).Status);
    }

    [Fact]
    public async Task A_client_cannot_claim_another_address_to_go_on_guessing_keys()
    {
        await using var server = await host.AnotherAsync(settings => Trusting(settings) with { FailedAuthentications = 1 });
        using var proxy = Start(server.Address);
        var statuses = new List<int>();
        for (var i = 0; i < 5; i++)
            statuses.Add((await proxy.Client($"roster_{new string('x', 37)}{i}").SendAsync(
                HttpMethod.Get, "/api/partners", headers: [("X-Forwarded-For", $"192.0.2.{i}")])).Status);

        Assert.Contains(429, statuses);
    }

    private Task<RosterHost> ServerAsync(Func<IRosterStore, IRosterStore>? wrap = null) => host.AnotherAsync(Trusting, wrap);

    private static ServerSettings Trusting(ServerSettings settings)
    {
        var page = new Page("docs/how-to/behind-a-proxy.md");
        var setting = page.Next("ini").Text.Trim().Split('=');
        page.HasEnded();
        Assert.Equal("ROSTER_TRUSTED_PROXIES", setting[0]);
        return settings with { TrustedProxies = [.. setting[1].Split(',').Select(network => IPNetwork.Parse(network))] };
    }
}
