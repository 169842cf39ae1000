using Microsoft.Playwright;
using Roster.Tests.Cli;

namespace Roster.Tests.Pages;

/// <summary>People sign in at a real provider of OpenID Connect, and everybody else stays out.</summary>
public sealed partial class OpenIdConnectTests(ConsoleBrowser browser, OpenIdHost provider) : IClassFixture<OpenIdHost>, IAsyncLifetime
{
    private const string Begin = "/api/session/oidc";

    private const string Editor = """{"name":"Amal Haddad","email":"amal@example.com","roster":"default:editor"}""";

    private static readonly string[] EditorScopes = ["partnersRead", "partnersWrite", "linksWrite"];

    private readonly TempFolder _folder = new();
    private RosterProcess _server = null!;
    private readonly OpenIdHost _provider = provider;
    private RosterClient _admin = null!;

    private HttpClient _http = null!;

    /// <summary>Keeps no cookies and goes nowhere by itself.</summary>
    private RosterClient Stranger => new(_http, null, null);

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(_folder.File("secret"), OpenIdHost.ClientSecret + "\n");
        Serve();
        _admin = _server.FirstClient();
        await _provider.ServeAsync(_server.Address);
    }

    private void Serve(FaultyDisk? disk = null) => Serve(
        disk, "--oidc-issuer", _provider.Issuer.OriginalString, "--oidc-client-id", OpenIdHost.ClientId,
        "--oidc-client-secret-file", _folder.File("secret"), "--oidc-roles", "cn=admins=default:admin,staff=other:viewer",
        "--trusted-proxies", "127.0.0.1/32");

    private void Serve(FaultyDisk? disk, params string[] arguments)
    {
        _server = RosterProcess.Serve(_folder.Path, disk?.Environment ?? new Dictionary<string, string>(), arguments);
        _http = new HttpClient(new SocketsHttpHandler
        {
            UseCookies = false,
            AllowAutoRedirect = false,
            SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=localhost" },
        })
        { BaseAddress = _server.Address };
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        _server.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_person_signs_in_at_the_provider_and_comes_to_the_page_that_was_asked_for()
    {
        await _provider.KnowsAsync("amal", Editor);
        await using var console = await browser.OpenAsync(_server.Address, "/changes?kind=undo", null);
        console.Elsewhere = _provider.Issuer;
        await console.Page.GetByRole(AriaRole.Link, new() { Name = "Sign in with your organisation" }).ClickAsync();

        await SignInAtProviderAsync(console, "amal");

        await console.Heading("Changes").WaitForAsync();
        Assert.EndsWith("/console/changes?kind=undo", console.Page.Url, StringComparison.Ordinal);
        var person = Assert.Single((await _admin.GetAsync("/api/sessions")).Items).GetProperty("actor");
        Assert.Equal(("Amal Haddad", "person"), (person.GetProperty("name").GetString(), person.GetProperty("kind").GetString()));
        Assert.Equal(EditorScopes, await ScopesAsync());
        Assert.Equal(["session_begun", "person_created"], (await AuditAsync()).Take(2));
    }

    [Fact]
    public async Task Whoever_starts_the_server_as_the_page_shows_lets_people_in_by_their_roles_of_the_realm()
    {
        var page = new Page("docs/how-to/sign-in-by-openid-connect.md");
        var redirect = new Uri(page.Blocks.First(block => block.Kind == "text").Text.Trim());
        SelfSigned.Write(_folder.Path, "localhost");
        using var shell = new RosterCommand();
        var arguments = await new PageRun(shell, _server.Address, _folder.Path).ArgumentsAsync(page, page.Next()
            .With("https://*:443", "https://127.0.0.1:0").With("/run/secrets/roster-oidc", _folder.File("secret"))
            .With("https://id.example.com/realms/main", _provider.Issuer.OriginalString));
        page.HasEnded();
        _http.Dispose();
        _server.Dispose();
        Serve(null, arguments);
        await _provider.ControlAsync($$"""{"callback":"{{new Uri(_server.Address, redirect.AbsolutePath)}}"}""");
        await _provider.ControlAsync("""
            {"accounts":{
                "amal":{"name":"Amal","realm_access":{"roles":["offline_access","directory-staff"]}},
                "noor":{"name":"Noor","realm_access":{"roles":["directory-admins","directory-staff"]}}}}
            """);

        // As Keycloak is at first: the claim is neither in the ID token nor in the userinfo.
        await AssertRefusedAsync("amal", "oidc");
        await _provider.ControlAsync("""{"inToken":true}""");

        foreach (var (login, role) in new[] { ("amal", "editor"), ("noor", "admin") })
        {
            var cookie = await AssertSignsInAsync(login);
            var session = (await Stranger.SendAsync(HttpMethod.Get, "/api/session", headers: [("Cookie", cookie)])).Json;
            Assert.Equal((role, "default"),
                (session.GetProperty("role").GetString(), session.GetProperty("workspace").GetProperty("name").GetString()));
        }
    }

    [Fact]
    public async Task A_person_without_a_role_is_refused_in_words_and_a_key_still_opens_the_door()
    {
        await _provider.KnowsAsync("amal", """{"name":"Amal Haddad","roster":["nobody","none:editor","editor:default",7,"\ud800"]}""");
        await using var console = await browser.OpenAsync(_server.Address, "/", null);
        console.Elsewhere = _provider.Issuer;
        await console.Page.GetByRole(AriaRole.Link, new() { Name = "Sign in with your organisation" }).ClickAsync();
        await SignInAtProviderAsync(console, "amal");

        await console.SeesAsync("gives you no access here");
        Assert.Empty(await console.FindingsAsync());
        Assert.Empty((await _admin.GetAsync("/api/sessions")).Items);
        await console.Page.GetByLabel("API key").FillAsync(_admin.Key!);
        await console.Button("Sign in").ClickAsync();

        await console.Heading("Partners").WaitForAsync();
    }

    [Fact]
    public async Task A_provider_that_does_not_answer_is_said_and_comes_back_with_another_key()
    {
        await _provider.KnowsAsync("amal", Editor);
        await AssertSignsInAsync("amal");
        _provider.Stop();

        // Its configuration is known, so only the code cannot be exchanged.
        var (cookie, _) = await BeginAsync();
        Assert.Equal("oidc-down", await EndAsync(CallbackOf(cookie, "x"), cookie));

        await _provider.StartAsync();
        await _provider.KnowsAsync("amal", Editor);
        await AssertSignsInAsync("amal");
    }

    [Fact]
    public async Task A_provider_whose_connections_are_reset_as_soon_as_they_are_made_is_said()
    {
        using var disk = new FaultyDisk();
        _http.Dispose();
        _server.Dispose();
        Serve(disk);
        await _provider.ServeAsync(_server.Address);
        // Its configuration is known. Started anew it has no connection, so the next one is new.
        var (cookie, _) = await BeginAsync();
        _provider.Stop();
        await _provider.StartAsync();
        disk.Fail($"connect {FaultyDisk.NotConnected} {_provider.Issuer.Authority}");

        Assert.Equal("oidc-down", await EndAsync(CallbackOf(cookie, "x"), cookie));

        Assert.Equal(1, disk.Counts()[0]);
    }

    [Fact]
    public async Task Without_a_provider_the_server_starts_and_the_page_says_so_and_the_key_door_works()
    {
        _provider.Stop();
        var key = _admin.Key;
        _http.Dispose();
        _server.Dispose();
        Serve();
        await using var console = await browser.OpenAsync(_server.Address, "/", null);

        await console.Page.GetByRole(AriaRole.Link, new() { Name = "Sign in with your organisation" }).ClickAsync();
        await console.SeesAsync("does not answer");
        await console.Page.GetByLabel("API key").FillAsync(key!);
        await console.Button("Sign in").ClickAsync();

        await console.Heading("Partners").WaitForAsync();
        Assert.DoesNotContain("refused", console.Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_rights_are_those_that_the_provider_gives_at_the_last_sign_in()
    {
        await _provider.KnowsAsync("amal", Editor);
        await AssertSignsInAsync("amal");
        var id = await PersonIdAsync();

        await _provider.KnowsAsync("amal", """{"name":"Amal H.","roster":["viewer"]}""");
        await AssertSignsInAsync("amal");

        Assert.Equal(["partnersRead"], await ScopesAsync());
        Assert.Equal(id, await PersonIdAsync());
        Assert.Equal("Amal H.", (await PersonAsync()).GetProperty("name").GetString());
        Assert.Equal(["session_begun", "person_changed", "session_begun", "person_created"], (await AuditAsync()).Take(4));
        await AssertSignsInAsync("amal");
        Assert.Equal(["session_begun", "session_begun", "person_changed"], (await AuditAsync()).Take(3));
    }

    [Theory]
    [InlineData("""{"name":"A","roster":["default:viewer","editor","viewer"]}""", "default", "editor")]
    [InlineData("""{"name":"A","roster":["none:admin","other:viewer","default:admin","other:editor"]}""", "other", "editor")]
    [InlineData("""{"name":"A","roster":["cn=admins"]}""", "default", "admin")]
    [InlineData("""{"name":"\u0007","preferred_username":"\u0007A","roster":"staff"}""", "other", "viewer")]
    public async Task The_largest_role_in_the_first_known_workspace_counts(string claims, string workspace, string role)
    {
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "workspaces", "create", "other").ExitCode);
        await _provider.ControlAsync($$$"""{"inToken":true,"accounts":{"amal":{{{claims}}}}}""");

        var cookie = await AssertSignsInAsync("amal");
        var session = (await Stranger.SendAsync(HttpMethod.Get, "/api/session", headers: [("Cookie", cookie)])).Json;

        Assert.Equal(workspace, session.GetProperty("workspace").GetProperty("name").GetString());
        Assert.Equal((role, "A"), (session.GetProperty("role").GetString(), session.GetProperty("actor").GetProperty("name").GetString()));
    }

    [Fact]
    public async Task A_person_whose_key_was_revoked_stays_out_even_after_a_rotation()
    {
        await _provider.KnowsAsync("amal", Editor);
        await AssertSignsInAsync("amal");
        var rotated = await _admin.SendAsync(HttpMethod.Post, $"/api/keys/{await PersonIdAsync()}/rotate?overlap=0");
        Assert.Equal(201, rotated.Status);
        await AssertSignsInAsync("amal");
        var id = rotated.Json.GetProperty("id").GetString();
        Assert.Equal(id, (await _admin.GetAsync("/api/sessions")).Items[0].GetProperty("actor").GetProperty("id").GetString());

        Assert.Equal(204, (await _admin.SendAsync(HttpMethod.Delete, $"/api/keys/{id}")).Status);

        await AssertRefusedAsync("amal", "oidc");
        Assert.Empty((await _admin.GetAsync("/api/sessions")).Items);
    }

    [Theory]
    [InlineData("signature")]
    [InlineData("none")]
    [InlineData("hmac")]
    [InlineData("nonce")]
    [InlineData("issuer")]
    [InlineData("audience")]
    [InlineData("azp")]
    [InlineData("audiences")]
    [InlineData("expired")]
    [InlineData("subject")]
    [InlineData("userinfo")]
    public async Task A_forged_answer_opens_nothing(string how)
    {
        await _provider.KnowsAsync("amal", Editor);
        await _provider.TamperAsync(how);
        await AssertRefusedAsync("amal", "oidc");
        Assert.Equal("workspace_created", (await AuditAsync())[^1]);
        Assert.DoesNotContain("session_begun", await AuditAsync());

        await _provider.TamperAsync(null);
        await AssertSignsInAsync("amal");
    }

    [Theory]
    [InlineData("large")]
    [InlineData("late")]
    public async Task An_answer_that_is_too_large_or_too_late_is_not_waited_for(string how)
    {
        await _provider.KnowsAsync("amal", Editor);
        await _provider.TamperAsync(how);

        await AssertRefusedAsync("amal", "oidc-down");
    }

    [Fact]
    public async Task A_callback_works_once_and_only_in_the_browser_that_began()
    {
        await _provider.KnowsAsync("amal", Editor);
        var (own, address) = await BeginAsync();
        var (other, _) = await BeginAsync();
        var callback = (await _provider.VisitAsync(address, "amal")).PathAndQuery;

        // Another browser: it has no cookie, or one with another state, or it puts its own state beside the code.
        Assert.Equal("oidc-again", await EndAsync(callback, null));
        Assert.Equal("oidc-again", await EndAsync(callback, other));
        Assert.Equal("oidc", await EndAsync(callback.Replace(StateOf(own), StateOf(other), StringComparison.Ordinal), other));
        Assert.DoesNotContain("session_begun", await AuditAsync());

        // The provider has seen the code with the wrong verifier, so it is spent: begin again.
        (own, address) = await BeginAsync();
        callback = (await _provider.VisitAsync(address, "amal")).PathAndQuery;
        Assert.Null(await EndAsync(callback, own));
        Assert.Equal("oidc", await EndAsync(callback, own));
        Assert.Single(await AuditAsync(), action => action == "session_begun");
    }

    [Fact]
    public async Task A_token_of_another_sign_in_and_an_answer_of_another_issuer_are_refused()
    {
        await _provider.KnowsAsync("amal", Editor);
        var (own, address) = await BeginAsync();
        var parts = own.Split('.');
        var callback = (await _provider.VisitAsync(address, "amal")).PathAndQuery;
        Assert.Equal("oidc", await EndAsync(callback, string.Join('.', [parts[0], new string('A', 43), .. parts[2..]])));

        (own, address) = await BeginAsync();
        callback = (await _provider.VisitAsync(address, "amal")).PathAndQuery;
        Assert.Contains("&iss=", callback, StringComparison.Ordinal);
        Assert.Equal("oidc", await EndAsync(callback.Split("&iss=")[0], own));
        (own, address) = await BeginAsync();
        callback = (await _provider.VisitAsync(address, "amal")).PathAndQuery;
        Assert.Equal("oidc", await EndAsync(callback.Split("&iss=")[0] + "&iss=http%3A%2F%2Fevil.example", own));
        Assert.DoesNotContain("session_begun", await AuditAsync());
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("https://evil.example/console/")]
    [InlineData("/console")]
    [InlineData("/api/partners")]
    [InlineData("/console/../api")]
    [InlineData("/console/%2e%2e/api")]
    [InlineData("/console/\\evil.example")]
    [InlineData("\\\\evil.example/console/")]
    [InlineData("/console/#link=x")]
    [InlineData("/console/ x")]
    [InlineData("/console/\r\nSet-Cookie: a=b")]
    public async Task A_page_elsewhere_is_refused(string to)
    {
        var answer = await Stranger.GetAsync($"{Begin}?to={Uri.EscapeDataString(to)}");

        Assert.Equal((400, "invalid_parameter"), (answer.Status, answer.Code));
        Assert.False(answer.Headers.Contains("Set-Cookie"));
        // Nor does one in the cookie lead there.
        var (cookie, _) = await BeginAsync();
        var page = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(to)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        Assert.Equal("oidc-again", await EndAsync(
            $"{Begin}/callback?code=x&state={StateOf(cookie)}", string.Join('.', [.. cookie.Split('.')[..3], page])));
    }

    [Fact]
    public async Task Beginning_sets_a_short_cookie_that_no_script_reads_and_asks_with_all_proofs()
    {
        var answer = await Stranger.GetAsync($"{Begin}?to=/console/partners");

        Assert.Matches("^roster-oidc=[^;]+; max-age=600; path=/; samesite=lax; httponly$", ConsoleClient.SetCookieOf(answer));
        Assert.True(answer.Headers.CacheControl!.NoStore);
        var query = answer.Headers.Location!.Query;
        Assert.Contains("scope=openid%20profile%20email%20roster", query, StringComparison.Ordinal);
        foreach (var part in new[] { "response_type=code", "code_challenge_method=S256", "&code_challenge=", "&state=", "&nonce=" })
            Assert.Contains(part, query, StringComparison.Ordinal);
        Assert.Equal("""{"openIdConnect":true}""", (await Stranger.GetAsync("/api/session/doors")).Text);
    }

    [Fact]
    public async Task Over_HTTPS_the_cookie_is_bound_to_this_host_and_over_plain_HTTP_only_this_machine_may_begin()
    {
        var secure = await Stranger.SendAsync(
            HttpMethod.Get, Begin, headers: [("X-Forwarded-Proto", "https"), ("Host", "roster.example")]);
        var plain = await Stranger.SendAsync(HttpMethod.Get, Begin, headers: [("Host", "roster.example")]);

        Assert.Matches(
            "^__Host-roster-oidc=[^;]+; max-age=600; path=/; secure; samesite=lax; httponly$", ConsoleClient.SetCookieOf(secure));
        Assert.Contains(
            "redirect_uri=" + Uri.EscapeDataString("https://roster.example/api/session/oidc/callback"),
            secure.Headers.Location!.Query, StringComparison.Ordinal);
        Assert.Equal((403, "https_required"), (plain.Status, plain.Code));
    }

    [Fact]
    public async Task Callbacks_that_fail_share_the_limit_of_failed_authentications()
    {
        var (cookie, _) = await BeginAsync();
        Answer answer;
        for (var i = 0; ; i++)
        {
            answer = await CallbackAsync(CallbackOf(cookie, $"guess{i}"), cookie);
            if (answer.Status != 302)
                break;
            Assert.InRange(i, 0, 100);
        }

        Assert.Equal((429, "rate_limited"), (answer.Status, answer.Code));
    }

    [Theory]
    [InlineData("configuration")]
    [InlineData("endpoints")]
    public async Task A_configuration_that_is_wrong_is_not_kept(string how)
    {
        await _provider.KnowsAsync("amal", Editor);
        await _provider.TamperAsync(how);
        var refused = await Stranger.GetAsync(Begin);
        Assert.Equal((302, "/console/?refused=oidc-down"), (refused.Status, refused.Headers.Location!.OriginalString));

        await _provider.TamperAsync(null);
        var since = Environment.TickCount64;
        while ((await Stranger.GetAsync(Begin)).Headers.Location!.OriginalString.Contains("refused", StringComparison.Ordinal))
        {
            Assert.InRange(Environment.TickCount64 - since, 0, 30_000);
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
        await AssertSignsInAsync("amal");
    }

    [Fact]
    public async Task A_provider_in_trouble_is_not_asked_without_end()
    {
        // Its configuration is known.
        var (cookie, _) = await BeginAsync();
        _provider.Stop();
        Answer answer;
        for (var i = 0; ; i++)
        {
            answer = await CallbackAsync(CallbackOf(cookie, $"code{i}"), cookie);
            if (answer.Status != 302)
                break;
            Assert.EndsWith("?refused=oidc-down", answer.Headers.Location!.OriginalString, StringComparison.Ordinal);
            Assert.InRange(i, 0, 100);
        }

        Assert.Equal((429, "rate_limited"), (answer.Status, answer.Code));
    }

    private static async Task SignInAtProviderAsync(ConsolePage console, string login)
    {
        await console.Page.GetByPlaceholder("Enter any login").FillAsync(login);
        await console.Page.GetByPlaceholder("and password").FillAsync("any");
        await console.Button("Sign-in").ClickAsync();
        await console.Button("Continue").ClickAsync();
    }

    /// <summary>What the names of cookies begin with.</summary>
    private string Prefix => _server.Address.Scheme == "https" ? "__Host-" : "";

    /// <summary>Signs in without a browser.</summary>
    /// <returns>The session's cookie.</returns>
    private async Task<string> AssertSignsInAsync(string login)
    {
        var (cookie, address) = await BeginAsync();
        var answer = await CallbackAsync((await _provider.VisitAsync(address, login)).PathAndQuery, cookie);
        Assert.Equal((302, "/console/"), (answer.Status, answer.Headers.Location?.OriginalString));
        var cookies = answer.Headers.GetValues("Set-Cookie").ToList();
        Assert.Contains(cookies, one => one.StartsWith($"{Prefix}roster-oidc=; max-age=0;", StringComparison.Ordinal));
        return cookies.Single(one => one.StartsWith($"{Prefix}roster=", StringComparison.Ordinal)).Split(';')[0];
    }

    private async Task AssertRefusedAsync(string login, string reason)
    {
        var (cookie, address) = await BeginAsync();
        Assert.Equal(reason, await EndAsync((await _provider.VisitAsync(address, login)).PathAndQuery, cookie));
    }

    private async Task<(string Cookie, Uri Address)> BeginAsync()
    {
        var answer = await Stranger.GetAsync(Begin);
        Assert.True(answer.Status == 302, answer.Text);
        return (ConsoleClient.CookieOf(answer), answer.Headers.Location!);
    }

    /// <returns>Why the sign-in was refused; null if it was not.</returns>
    private async Task<string?> EndAsync(string callback, string? cookie)
    {
        var answer = await CallbackAsync(callback, cookie);
        Assert.Equal(302, answer.Status);
        var location = answer.Headers.Location!.OriginalString;
        Assert.StartsWith("/console/", location, StringComparison.Ordinal);
        var isSignedIn = answer.Headers.GetValues("Set-Cookie").Any(one => one.StartsWith($"{Prefix}roster=", StringComparison.Ordinal));
        Assert.Equal(!location.Contains("?refused=", StringComparison.Ordinal), isSignedIn);
        return isSignedIn ? null : location.Split("?refused=")[1];
    }

    private Task<Answer> CallbackAsync(string callback, string? cookie) =>
        Stranger.SendAsync(HttpMethod.Get, callback, headers: [("Cookie", cookie)]);

    /// <summary>What a browser calls after the provider gave it this code.</summary>
    private string CallbackOf(string cookie, string code) =>
        $"{Begin}/callback?code={code}&state={StateOf(cookie)}&iss={_provider.Issuer.OriginalString}";

    private static string StateOf(string cookie) => cookie.Split('=', 2)[1].Split('.')[0];

    private async Task<System.Text.Json.JsonElement> PersonAsync() =>
        Assert.Single((await _admin.GetAsync("/api/keys")).Json.EnumerateArray(), key => key.GetProperty("kind").GetString() == "person");

    private async Task<string> PersonIdAsync() => (await PersonAsync()).GetProperty("id").GetString()!;

    private async Task<IReadOnlyList<string>> ScopesAsync() =>
        [.. (await PersonAsync()).GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()!)];

    private async Task<IReadOnlyList<string>> AuditAsync() =>
        [.. (await _admin.GetAsync("/api/audit")).Json.EnumerateArray().Select(one => one.GetProperty("action").GetString()!)];
}
