using System.Net;
using Roster.Access;

namespace Roster.Tests.Server;

/// <summary>Sessions of the console and links to it, and what an attacker tries with them, on every engine.</summary>
public abstract class SessionContract(RosterHost host)
{
    private const string Path = "/api/session";

    private static readonly TimeSpan Moment = TimeSpan.FromMinutes(1);

    /// <summary>A browser without a cookie.</summary>
    private RosterClient Browser => host.WithKey(null);

    [Fact]
    public async Task A_key_is_exchanged_for_a_cookie_that_no_script_reads_and_no_other_site_sends()
    {
        var api = await host.NewWorkspaceAsync();

        var person = await ConsoleClient.ByKeyAsync(Browser, api.Key!);

        Assert.Matches(
            "^roster=[0-9A-Za-z_-]{43}; max-age=604800; path=/; samesite=strict; httponly$", ConsoleClient.SetCookieOf(person.Begun));
        var session = person.Begun.Json;
        Assert.Equal(api.Workspace.Name, session.GetProperty("workspace").GetProperty("name").GetString());
        Assert.Equal(("test", "key"), (session.GetProperty("actor").GetProperty("name").GetString(),
            session.GetProperty("actor").GetProperty("kind").GetString()));
        Assert.Equal("admin", session.GetProperty("role").GetString());
        Assert.False(session.TryGetProperty("key", out _));
        Assert.True(person.Begun.Headers.CacheControl!.NoStore);
        var again = (await person.GetAsync(Path)).Json;
        foreach (var member in new[] { "id", "workspace", "actor", "role", "scopes", "createdAt", "version" })
            Assert.Equal(session.GetProperty(member).GetRawText(), again.GetProperty(member).GetRawText());
        Assert.Equal(201, (await person.PostAsync("/api/partners", """[{"name":"by cookie"}]""")).Status);
        Assert.Equal(["by cookie"], (await api.GetAsync("/api/partners")).Names);
    }

    [Fact]
    public async Task Without_a_provider_of_OpenID_Connect_there_is_no_such_door()
    {
        Assert.Equal("""{"openIdConnect":false}""", (await Browser.GetAsync(Path + "/doors")).Text);
        Assert.Equal(404, (await Browser.GetAsync(Path + "/oidc?to=/console/")).Status);
        Assert.Equal(404, (await Browser.GetAsync(Path + "/oidc/callback?code=x&state=y")).Status);
    }

    [Fact]
    public async Task A_call_with_a_key_says_who_it_is_and_has_no_session()
    {
        var api = await host.NewWorkspaceAsync(Scopes.LinksWrite);

        var answer = await api.GetAsync(Path);

        Assert.Equal(200, answer.Status);
        foreach (var member in new[] { "id", "createdAt", "expiresAt", "role" })
            Assert.Equal("null", answer.Json.GetProperty(member).GetRawText());
        Assert.Equal(404, (await api.SendAsync(HttpMethod.Delete, Path)).Status);
        Assert.Equal(401, (await Browser.GetAsync(Path)).Status);
    }

    [Fact]
    public async Task A_call_with_a_key_that_expires_says_when()
    {
        var api = await host.NewWorkspaceAsync(Scopes.KeysWrite);
        var made = await api.PostAsync(
            """{"name":"k","scopes":["keysWrite"],"expiresAt":"2090-01-01T00:00:00.000Z"}""", "/api/keys");

        var answer = await host.WithKey(made.Json.GetProperty("key").GetString()!).GetAsync(Path);

        Assert.Equal("2090-01-01T00:00:00.000Z", answer.Json.GetProperty("expiresAt").GetString());
    }

    [Theory]
    [InlineData(Scopes.PartnersRead, "viewer")]
    [InlineData(Scopes.PartnersRead | Scopes.LinksWrite | Scopes.PartnersWrite, "editor")]
    [InlineData(Scopes.PartnersRead | Scopes.LinksWrite | Scopes.KeysRead | Scopes.KeysWrite, "viewer")]
    [InlineData(Scopes.All & ~Scopes.PartnersErase, "admin")]
    [InlineData(Scopes.All & ~Scopes.PartnersRead, null)]
    public async Task A_role_is_the_largest_whose_scopes_the_key_has_all_of(Scopes scopes, string? role)
    {
        var api = await host.NewWorkspaceAsync(scopes);
        Assert.Equal(role, (await api.GetAsync(Path)).Json.GetProperty("role").GetString());
    }

    [Fact]
    public async Task Over_HTTPS_the_cookie_is_bound_to_the_host_and_over_plain_HTTP_from_elsewhere_there_is_none()
    {
        await using var own = await host.AnotherAsync(settings => settings with { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")] });
        var api = await own.NewWorkspaceAsync();
        (string, string?)[] https =
        [
            ("Roster-Console", "1"), ("Sec-Fetch-Site", "same-origin"), ("Host", "roster.example"), ("X-Forwarded-Proto", "https"),
        ];

        var begun = await BeginAsync(https);
        var refused = await BeginAsync(
            [("Roster-Console", "1"), ("Origin", "http://roster.example"), ("Host", "roster.example")]);
        // A proxy that is not trusted and passes on its own address as Host.
        var looksLocal = await own.WithKey(null).SendAsync(
            HttpMethod.Post, Path, authorization: $"Bearer {api.Key}",
            headers: [("Roster-Console", "1"), ("Sec-Fetch-Site", "same-origin"), ("Origin", "https://roster.example")]);

        Assert.Equal(201, begun.Status);
        Assert.Matches(
            "^__Host-roster=[^;]+; max-age=604800; path=/; secure; samesite=strict; httponly$", ConsoleClient.SetCookieOf(begun));
        Assert.Equal((403, "https_required"), (refused.Status, refused.Code));
        Assert.Equal((403, "not_from_console"), (looksLocal.Status, looksLocal.Code));
        var secret = ConsoleClient.CookieOf(begun).Split('=')[1];
        Assert.Equal(200, await GetAsync(("Cookie", $"__Host-roster={secret}"), ("Host", "r.example"), ("X-Forwarded-Proto", "https")));
        // Neither name works where the other one belongs.
        Assert.Equal(401, await GetAsync(("Cookie", $"roster={secret}"), ("Host", "roster.example"), ("X-Forwarded-Proto", "https")));
        Assert.Equal(401, await GetAsync(("Cookie", $"__Host-roster={secret}")));
        Assert.Equal(401, await GetAsync(("Cookie", $"roster={secret}"), ("Host", "roster.example")));

        Task<Answer> BeginAsync((string, string?)[] headers) => own.WithKey(null).SendAsync(
            HttpMethod.Post, Path, authorization: $"Bearer {api.Key}", headers: headers);

        async Task<int> GetAsync(params (string, string?)[] headers) =>
            (await own.WithKey(null).SendAsync(HttpMethod.Get, Path, headers: headers)).Status;
    }

    [Theory]
    [InlineData(201, "1", "same-origin", "self")]
    [InlineData(201, "1", null, "self")]
    [InlineData(403, "1", "same-origin", null)]
    [InlineData(403, "1", "same-origin", "https://behind.a.proxy.example")]
    [InlineData(403, null, "same-origin", "self")]
    [InlineData(403, "true", "same-origin", "self")]
    [InlineData(403, "1", null, null)]
    [InlineData(403, "1", "cross-site", "self")]
    [InlineData(403, "1", "same-site", null)]
    [InlineData(403, "1", "none", null)]
    [InlineData(403, "1", null, "https://evil.example")]
    [InlineData(403, "1", null, "null")]
    public async Task A_write_by_cookie_must_come_from_the_consoles_own_pages(int status, string? marker, string? site, string? origin)
    {
        var api = await host.NewWorkspaceAsync();
        var person = await ConsoleClient.ByKeyAsync(Browser, api.Key!);
        if (origin == "self")
            origin = host.Address.GetLeftPart(UriPartial.Authority);
        (string, string?)[] headers = [("Roster-Console", marker), ("Sec-Fetch-Site", site), ("Origin", origin)];

        var write = await person.SendAsync(HttpMethod.Post, "/api/partners", Json("""[{"name":"a"}]"""), headers);
        var signIn = await Browser.SendAsync(HttpMethod.Post, Path, authorization: $"Bearer {api.Key}", headers: headers);

        Assert.Equal((status, status), (write.Status, signIn.Status));
        if (status == 403)
        {
            Assert.Equal(("not_from_console", "not_from_console"), (write.Code, signIn.Code));
            Assert.Empty((await api.GetAsync("/api/partners")).Items);
            Assert.False(signIn.Headers.Contains("Set-Cookie"));
            var (link, end) = (await LinkAsync(api), await person.SendAsync(HttpMethod.Delete, Path, headers: headers));
            Assert.Equal(403, end.Status);
            var exchanged = await Browser.SendAsync(
                HttpMethod.Post, Path, Json($$"""{"link":"{{link.Split("#link=")[1]}}"}"""), headers: headers);
            Assert.Equal((403, "not_from_console"), (exchanged.Status, exchanged.Code));
            // The link was not used up.
            Assert.Equal(201, (await ConsoleClient.OpenAsync(Browser, link)).Status);
        }
        Assert.Equal(200, (await person.SendAsync(HttpMethod.Get, "/api/partners", headers: headers)).Status);
    }

    [Fact]
    public async Task Every_call_that_writes_refuses_a_cookie_from_elsewhere()
    {
        var person = await ConsoleClient.ByKeyAsync(Browser, (await host.NewWorkspaceAsync()).Key!);
        foreach (var operation in ApiDocument.Operations.Where(operation =>
            operation.Contains("/api/", StringComparison.Ordinal) && !operation.StartsWith("GET", StringComparison.Ordinal)))
        {
            var path = System.Text.RegularExpressions.Regex.Replace(operation.Split(' ')[1], @"\{\w+\}", "1");
            var answer = await person.SendAsync(
                new HttpMethod(operation.Split(' ')[0]), path, Json("[]"), [("Sec-Fetch-Site", "cross-site")]);
            Assert.Equal((operation, 403, "not_from_console"), (operation, answer.Status, answer.Code));
        }
        Assert.Equal(200, (await person.GetAsync(Path)).Status);
    }

    [Fact]
    public async Task A_request_with_the_header_Authorization_never_looks_at_the_cookie()
    {
        var person = await ConsoleClient.ByKeyAsync(Browser, (await host.NewWorkspaceAsync()).Key!);
        var other = await host.NewWorkspaceAsync(Scopes.PartnersRead);

        foreach (var authorization in new[] { "", "x", "Bearer ", $"Bearer {ApiKeySecret.Mint().Text}" })
            Assert.Equal(401, (await Browser.SendAsync(
                HttpMethod.Get, Path, authorization: authorization, headers: [("Cookie", person.Cookie)])).Status);
        var answer = await Browser.SendAsync(
            HttpMethod.Get, Path, authorization: $"Bearer {other.Key}", headers: [("Cookie", person.Cookie)]);
        Assert.Equal(other.Workspace.Name, answer.Json.GetProperty("workspace").GetProperty("name").GetString());
        // Nor does it need what the console sends.
        Assert.Equal(403, (await Browser.SendAsync(HttpMethod.Put, "/api/partners", Json("[]"), $"Bearer {other.Key}",
            headers: [("Cookie", person.Cookie)])).Status);
    }

    [Fact]
    public async Task A_sign_in_never_takes_over_a_cookie_that_is_there()
    {
        var api = await host.NewWorkspaceAsync();
        var planted = $"roster={RandomSecret.Mint().Text}";

        var begun = await Browser.SendAsync(HttpMethod.Post, Path, authorization: $"Bearer {api.Key}",
            headers: [("Cookie", planted), .. Browser.OwnPage]);

        Assert.Equal(201, begun.Status);
        Assert.NotEqual(planted, ConsoleClient.CookieOf(begun));
        Assert.Equal(401, (await Browser.SendAsync(HttpMethod.Get, Path, headers: [("Cookie", planted)])).Status);
        var again = await ConsoleClient.ByKeyAsync(Browser, api.Key!);
        Assert.NotEqual(ConsoleClient.CookieOf(begun), again.Cookie);
    }

    [Fact]
    public async Task Only_hashes_are_stored_and_neither_answers_nor_the_log_have_a_secret()
    {
        var api = await host.NewWorkspaceAsync();
        var link = await LinkAsync(api);
        var opened = await ConsoleClient.OpenAsync(Browser, link);
        var person = new ConsoleClient(Browser, opened);
        var (secret, token, key) = (person.Secret, link.Split("#link=")[1], opened.Json.GetProperty("key").GetString()!);

        var stored = await host.Store.FindSessionAsync(RandomSecret.Parse(secret)!.Hash(), CancellationToken.None);
        var answers = opened.Text.Replace(key, "", StringComparison.Ordinal);
        foreach (var path in new[] { Path, "/api/sessions", "/api/keys", "/api/audit", "/api/changesets" })
            answers += (await person.GetAsync(path)).Text + (await api.GetAsync(path)).Text;

        Assert.Equal(32, stored!.Session.Hash.Length);
        foreach (var one in new[] { secret, token, key })
            Assert.DoesNotContain(one, answers + host.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_ends_after_12_hours_without_use_and_after_7_days_at_most()
    {
        await using var own = await host.AnotherAsync();
        var api = await own.NewWorkspaceAsync();
        var idle = await ConsoleClient.ByKeyAsync(own.WithKey(null), api.Key!);
        var used = await ConsoleClient.ByKeyAsync(own.WithKey(null), api.Key!);
        var begun = own.Clock.GetUtcNow();
        for (var hours = 0; hours < 7 * 24; hours += 11)
        {
            Assert.Equal(200, (await used.GetAsync(Path)).Status);
            await UseStoredAsync(own, used);
            if (hours >= 12)
                Assert.Equal(401, (await idle.GetAsync(Path)).Status);
            own.Clock.Move(TimeSpan.FromHours(11));
        }
        own.Clock.Move(begun + TimeSpan.FromDays(7) - own.Clock.GetUtcNow() - Moment);
        Assert.Equal(200, (await used.GetAsync(Path)).Status);
        var last = (await used.GetAsync(Path)).Json;
        Assert.InRange(last.GetProperty("expiresAt").GetDateTimeOffset(), (begun + TimeSpan.FromDays(7)).AddMinutes(-1), begun.AddDays(7));
        own.Clock.Move(2 * Moment);
        var ended = await used.GetAsync(Path);
        Assert.Equal((401, "unauthorized"), (ended.Status, ended.Code));
        Assert.Empty((await api.GetAsync("/api/sessions")).Items);
    }

    [Fact]
    public async Task A_session_that_was_not_used_for_12_hours_is_over()
    {
        await using var own = await host.AnotherAsync();
        var person = await ConsoleClient.ByKeyAsync(own.WithKey(null), (await own.NewWorkspaceAsync()).Key!);
        own.Clock.Move(TimeSpan.FromHours(12) - Moment);
        Assert.Equal(200, (await person.GetAsync(Path)).Status);
        await UseStoredAsync(own, person);
        own.Clock.Move(TimeSpan.FromHours(12) + Moment);
        Assert.Equal(401, (await person.GetAsync(Path)).Status);
    }

    [Fact]
    public async Task The_last_use_is_stored_once_a_minute()
    {
        CountedStore calls = null!;
        await using var own = await host.AnotherAsync(wrap: store => CountedStore.Around(store, out calls));
        var person = await ConsoleClient.ByKeyAsync(own.WithKey(null), (await own.NewWorkspaceAsync()).Key!);
        Assert.Equal(200, (await person.GetAsync(Path)).Status);
        await UntilAsync(() => Task.FromResult(calls.Of(nameof(IRosterStore.NoteKeyUseAsync)) > 0));
        own.Clock.Move(2 * Moment);
        var moved = Timestamp.Now(own.Clock);

        Assert.Equal(200, (await person.GetAsync(Path)).Status);

        await UntilAsync(async () =>
            (await own.Store.FindSessionAsync(Guid.Parse(person.Id), CancellationToken.None))!.Session.LastUsedAt >= moved);

        static async Task UntilAsync(Func<Task<bool>> isSo)
        {
            for (var i = 0; !await isSo(); i++)
            {
                Assert.True(i < 600, "It was not stored in a minute.");
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }
        }
    }

    [Fact]
    public async Task Revoking_or_ending_the_key_ends_its_sessions_at_once()
    {
        await using var own = await host.AnotherAsync();
        var admin = await own.NewWorkspaceAsync();
        var (revoked, revokedId) = await SignedInAsync("");
        var (rotated, rotatedId) = await SignedInAsync("");
        var expiry = Timestamp.Now(own.Clock).AddMilliseconds(60_000);
        var (expiring, _) = await SignedInAsync($",\"expiresAt\":\"{expiry}\"");
        Assert.Equal(expiry.ToString(), expiring.Begun.Json.GetProperty("expiresAt").GetString());

        await admin.SendAsync(HttpMethod.Delete, $"/api/keys/{revokedId}");
        await admin.SendAsync(HttpMethod.Post, $"/api/keys/{rotatedId}/rotate?overlap=0");
        own.Clock.Move(2 * Moment);

        foreach (var person in new[] { revoked, rotated, expiring })
            Assert.Equal(401, (await person.GetAsync(Path)).Status);
        Assert.Empty((await admin.GetAsync("/api/sessions")).Items);

        async Task<(ConsoleClient, string)> SignedInAsync(string more)
        {
            var made = await admin.PostAsync($$"""{"name":"k","scopes":["partnersRead"]{{more}}}""", "/api/keys");
            var person = await ConsoleClient.ByKeyAsync(own.WithKey(null), made.Json.GetProperty("key").GetString()!);
            Assert.Equal(200, (await person.GetAsync("/api/partners")).Status);
            return (person, made.Json.GetProperty("id").GetString()!);
        }
    }

    [Fact]
    public async Task Signing_out_ends_the_session_and_clears_the_cookie()
    {
        var api = await host.NewWorkspaceAsync();
        var person = await ConsoleClient.ByKeyAsync(Browser, api.Key!);
        var other = await ConsoleClient.ByKeyAsync(Browser, api.Key!);

        var ended = await person.DeleteAsync(Path);

        Assert.Equal(204, ended.Status);
        Assert.Equal("roster=; max-age=0; path=/; samesite=strict; httponly", ConsoleClient.SetCookieOf(ended));
        Assert.Equal(401, (await person.GetAsync(Path)).Status);
        Assert.Equal(401, (await person.DeleteAsync(Path)).Status);
        Assert.Equal(200, (await other.GetAsync(Path)).Status);
        Assert.Equal(
            ["session_ended", "session_begun", "session_begun", "key_created", "workspace_created"],
            (await api.GetAsync("/api/audit")).Items.Select(one => one.GetProperty("action").GetString()));
    }

    [Fact]
    public async Task Sessions_are_listed_newest_first_and_ended_by_those_who_may()
    {
        var admin = await host.NewWorkspaceAsync();
        var viewer = await host.NewKeyAsync(admin.Workspace, Roles.Viewer);
        var stranger = await host.NewWorkspaceAsync();
        var (first, second) = (
            await ConsoleClient.ByKeyAsync(Browser, viewer.Key!), await ConsoleClient.ByKeyAsync(Browser, viewer.Key!));
        var boss = await ConsoleClient.ByKeyAsync(Browser, admin.Key!);

        var all = (await boss.GetAsync("/api/sessions")).Items;
        var own = (await second.GetAsync("/api/sessions")).Items;

        Assert.Equal(3, all.Count);
        Assert.Equal(boss.Id, all.Single(one => one.GetProperty("current").GetBoolean()).GetProperty("id").GetString());
        Assert.Equal([first.Id, second.Id], own.Select(one => one.GetProperty("id").GetString()!).Order(StringComparer.Ordinal));
        Assert.Equal(own.Select(one => one.GetProperty("createdAt").GetString()).OrderDescending(StringComparer.Ordinal),
            own.Select(one => one.GetProperty("createdAt").GetString()));
        Assert.EndsWith($"{IPAddress.Loopback}", own[0].GetProperty("address").GetString(), StringComparison.Ordinal);
        // Others' sessions are not there, those of a stronger key may not be ended, and one's own may.
        Assert.Equal(404, (await second.DeleteAsync($"/api/sessions/{boss.Id}")).Status);
        Assert.Equal(404, (await stranger.SendAsync(HttpMethod.Delete, $"/api/sessions/{boss.Id}")).Status);
        var reader = await host.NewKeyAsync(admin.Workspace, Scopes.KeysRead);
        Assert.Equal("missing_scope", (await reader.SendAsync(HttpMethod.Delete, $"/api/sessions/{first.Id}")).Code);
        var weak = await host.NewKeyAsync(admin.Workspace, Scopes.KeysWrite | Scopes.PartnersRead);
        Assert.Equal("missing_scope", (await weak.SendAsync(HttpMethod.Delete, $"/api/sessions/{boss.Id}")).Code);
        Assert.Equal(204, (await weak.SendAsync(HttpMethod.Delete, $"/api/sessions/{first.Id}")).Status);
        Assert.Equal(204, (await second.DeleteAsync($"/api/sessions/{second.Id}")).Status);
        foreach (var person in new[] { first, second })
            Assert.Equal(401, (await person.GetAsync(Path)).Status);
        Assert.Equal(404, (await boss.DeleteAsync($"/api/sessions/{first.Id}")).Status);
        Assert.Equal(404, (await boss.DeleteAsync("/api/sessions/nonsense")).Status);
        Assert.Equal(200, (await boss.GetAsync(Path)).Status);
    }

    [Fact]
    public async Task A_key_has_at_most_100_sessions_and_a_new_one_ends_the_oldest()
    {
        var api = await host.NewWorkspaceAsync();
        var first = await ConsoleClient.ByKeyAsync(Browser, api.Key!);
        await Task.Delay(5, TestContext.Current.CancellationToken);
        var second = await ConsoleClient.ByKeyAsync(Browser, api.Key!);
        await Task.Delay(5, TestContext.Current.CancellationToken);

        for (var i = 2; i <= Session.MaxOfKey; i++)
            await ConsoleClient.ByKeyAsync(Browser, api.Key!);

        Assert.Equal(401, (await first.GetAsync(Path)).Status);
        Assert.Equal(200, (await second.GetAsync(Path)).Status);
        Assert.Equal(Session.MaxOfKey, (await api.GetAsync("/api/sessions")).Items.Count);
    }

    [Fact]
    public async Task A_key_that_only_reads_does_not_fill_the_audit_by_signing_in()
    {
        await using var own = await host.AnotherAsync(settings => settings with { RowsPerMinute = 25_000 });
        var admin = await own.NewWorkspaceAsync();
        var reader = await own.NewKeyAsync(admin.Workspace, Scopes.PartnersRead);

        var statuses = new List<int>();
        for (var i = 0; i < 4; i++)
            statuses.Add((await own.WithKey(null).SendAsync(
                HttpMethod.Post, Path, authorization: $"Bearer {reader.Key}", headers: reader.OwnPage)).Status);

        Assert.Equal([201, 201, 429, 429], statuses);
        Assert.Equal(2, (await admin.GetAsync("/api/audit")).Items.Count(one => one.GetProperty("action").GetString() == "session_begun"));
    }

    [Fact]
    public async Task A_server_whose_clock_is_behind_does_not_end_the_session_that_it_begins()
    {
        var api = await host.NewWorkspaceAsync();
        for (var i = 0; i < Session.MaxOfKey; i++)
            await ConsoleClient.ByKeyAsync(Browser, api.Key!);
        var key = (await host.Store.FindKeyAsync(ApiKeySecret.Parse(api.Key!)!.Hash(), CancellationToken.None))!;
        var at = host.Clock.GetUtcNow().AddMinutes(-10);
        var session = new Session(
            Guid.CreateVersion7(at), key.WorkspaceId, key.Id, RandomSecret.Mint().Hash(), Timestamp.From(at), Timestamp.From(at),
            null, null);

        Assert.True(await host.Store.AddSessionAsync(
            session, key, AuditEvent.Of(AuditAction.SessionBegun, key.WorkspaceId, session.CreatedAt, Actor.Command, "s"),
            CancellationToken.None));

        Assert.NotNull(await host.Store.FindSessionAsync(session.Id, CancellationToken.None));
    }

    [Fact]
    public async Task A_link_makes_a_person_once_and_shows_the_persons_key_once()
    {
        var api = await host.NewWorkspaceAsync();
        var made = await api.PostAsync("""{"name":"Amal Haddad","role":"editor"}""", "/api/links");
        Assert.Equal((201, "editor"), (made.Status, made.Json.GetProperty("role").GetString()));
        var link = made.Json.GetProperty("link").GetString()!;
        Assert.StartsWith($"{host.Address.GetLeftPart(UriPartial.Authority)}/console/#link=", link, StringComparison.Ordinal);

        var opened = await ConsoleClient.OpenAsync(Browser, link);
        var again = await ConsoleClient.OpenAsync(Browser, link);

        Assert.Equal(201, opened.Status);
        Assert.Equal((401, "link_not_valid"), (again.Status, again.Code));
        Assert.False(again.Headers.Contains("Set-Cookie"));
        var actor = opened.Json.GetProperty("actor");
        Assert.Equal(("Amal Haddad", "person"), (actor.GetProperty("name").GetString(), actor.GetProperty("kind").GetString()));
        var person = new ConsoleClient(Browser, opened);
        Assert.False((await person.GetAsync(Path)).Json.TryGetProperty("key", out _));
        var key = host.WithKey(opened.Json.GetProperty("key").GetString());
        Assert.Equal(person.KeyId, (await key.GetAsync(Path)).Json.GetProperty("actor").GetProperty("id").GetString());
        Assert.Equal(201, (await ConsoleClient.ByKeyAsync(Browser, key.Key!)).Begun.Status);
        Assert.Equal(403, (await person.GetAsync("/api/keys")).Status);
        Assert.Equal(201, (await person.PostAsync("/api/partners", """[{"name":"a"}]""")).Status);
        var listed = (await api.GetAsync("/api/keys")).Items.Single(one => one.GetProperty("id").GetString() == person.KeyId);
        Assert.Equal(("person", "editor"), (listed.GetProperty("kind").GetString(), listed.GetProperty("role").GetString()));
        var other = (await api.GetAsync("/api/keys")).Items.Single(one => one.GetProperty("id").GetString() != person.KeyId);
        Assert.Equal(("key", "admin"), (other.GetProperty("kind").GetString(), other.GetProperty("role").GetString()));
        var audit = (await api.GetAsync("/api/audit")).Items;
        Assert.Equal(
            ["session_begun", "session_begun", "person_created", "link_created", "key_created", "workspace_created"],
            audit.Select(one => one.GetProperty("action").GetString()));
        Assert.Equal(person.KeyId, audit[0].GetProperty("actorKeyId").GetString());
        Assert.Equal(other.GetProperty("id").GetString(), audit[2].GetProperty("actorKeyId").GetString());
        Assert.Equal($"{person.KeyId} Amal Haddad", audit[2].GetProperty("subject").GetString());
    }

    [Fact]
    public async Task What_somebody_did_has_their_name_and_kind_in_change_sets_history_audit_and_imports()
    {
        var api = await host.NewWorkspaceAsync();
        var person = new ConsoleClient(Browser, await ConsoleClient.OpenAsync(Browser, await LinkAsync(api, "admin")));
        var id = (await person.SendAsync(HttpMethod.Put, "/api/partners", Json("""[{"name":"a"}]"""), [
            .. Browser.OwnPage, ("Idempotency-Key", "k")])).Ids[0];
        await api.PutAsync($$"""[{"id":"{{id}}","name":"b"}]""");
        await person.SendAsync(HttpMethod.Post, "/api/imports", new StringContent("name\nc\n", null, "text/csv"));
        await person.PostAsync("/api/keys", """{"name":"k","scopes":["partnersRead"]}""");
        var import = (await api.GetAsync("/api/imports")).Items[0].GetProperty("id").GetString();

        foreach (var one in new[]
        {
            (await api.GetAsync("/api/changesets")).Items[1], (await api.GetAsync("/api/changesets/1")).Json,
            (await api.GetAsync("/api/changesets/by-key/k")).Json, (await api.GetAsync($"/api/partners/{id}/history")).Items[1],
            (await api.GetAsync("/api/imports")).Items[0], (await api.GetAsync($"/api/imports/{import}")).Json,
            (await api.GetAsync("/api/audit")).Items[0],
        })
            Assert.Equal($$"""{"id":"{{person.KeyId}}","name":"Amal Haddad","kind":"person"}""", one.GetProperty("actor").GetRawText());
        var other = (await api.GetAsync("/api/changesets")).Items[0].GetProperty("actor");
        Assert.Equal(("test", "key"), (other.GetProperty("name").GetString(), other.GetProperty("kind").GetString()));
        // Commands made the workspace and its first key.
        Assert.All((await api.GetAsync("/api/audit")).Items.TakeLast(2),
            one => Assert.Equal("null", one.GetProperty("actor").GetRawText()));
    }

    [Fact]
    public async Task Of_many_who_open_a_link_at_once_one_succeeds()
    {
        var api = await host.NewWorkspaceAsync();
        var link = await LinkAsync(api);

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => ConsoleClient.OpenAsync(Browser, link)));

        Assert.Equal(1, answers.Count(answer => answer.Status == 201));
        Assert.All(answers.Where(answer => answer.Status != 201), answer => Assert.Equal("link_not_valid", answer.Code));
        Assert.Single((await api.GetAsync("/api/keys")).Items, key => key.GetProperty("kind").GetString() == "person");
        Assert.Single((await api.GetAsync("/api/sessions")).Items);
    }

    [Fact]
    public async Task A_sign_in_that_fails_uses_up_no_link_and_begins_no_session()
    {
        CountedStore calls = null!;
        await using var own = await host.AnotherAsync(wrap: store => CountedStore.Around(store, out calls));
        var api = await own.NewWorkspaceAsync();
        var link = await LinkAsync(api);
        calls.Failing = nameof(IRosterStore.FindWorkspaceNameAsync);

        var byLink = await ConsoleClient.OpenAsync(own.WithKey(null), link);
        var byKey = await own.WithKey(null).SendAsync(
            HttpMethod.Post, Path, authorization: $"Bearer {api.Key}", headers: api.OwnPage);

        foreach (var failed in new[] { byLink, byKey })
        {
            Assert.Equal(503, failed.Status);
            Assert.False(failed.Headers.Contains("Set-Cookie"));
        }
        calls.Failing = null;
        Assert.Empty((await api.GetAsync("/api/sessions")).Items);
        Assert.Equal(201, (await ConsoleClient.OpenAsync(own.WithKey(null), link)).Status);
    }

    [Fact]
    public async Task A_link_ends_after_30_minutes_and_with_the_key_that_made_it()
    {
        await using var own = await host.AnotherAsync();
        var admin = await own.NewWorkspaceAsync();
        var maker = await own.NewKeyAsync(admin.Workspace, Scopes.All);
        var makerId = (await maker.GetAsync(Path)).Json.GetProperty("actor").GetProperty("id").GetString();
        var (early, late, orphan) = (await LinkAsync(admin), await LinkAsync(admin), await LinkAsync(maker));
        await admin.SendAsync(HttpMethod.Delete, $"/api/keys/{makerId}");

        own.Clock.Move(TimeSpan.FromMinutes(29));
        Assert.Equal(201, (await ConsoleClient.OpenAsync(own.WithKey(null), early)).Status);
        Assert.Equal("link_not_valid", (await ConsoleClient.OpenAsync(own.WithKey(null), orphan)).Code);
        own.Clock.Move(TimeSpan.FromMinutes(2));
        Assert.Equal("link_not_valid", (await ConsoleClient.OpenAsync(own.WithKey(null), late)).Code);
    }

    [Fact]
    public async Task A_link_gives_at_most_what_its_maker_has()
    {
        var admin = await host.NewWorkspaceAsync();
        var made = await admin.PostAsync(
            """{"name":"k","scopes":["keysWrite","partnersRead"],"allowedHostnames":["127.0.0.1"],"expiresAt":"2090-01-01"}""",
            "/api/keys");
        var maker = host.WithKey(made.Json.GetProperty("key").GetString());

        var refused = await maker.PostAsync("""{"name":"a","role":"editor"}""", "/api/links");
        var person = new ConsoleClient(Browser, await ConsoleClient.OpenAsync(Browser, await LinkAsync(maker, "viewer")));

        Assert.Equal((403, "missing_scope"), (refused.Status, refused.Code));
        Assert.Equal(
            ["linksWrite", "partnersWrite"],
            refused.Json.GetProperty("missingScopes").EnumerateArray().Select(one => one.GetString()).Order(StringComparer.Ordinal));
        var key = (await host.Store.FindKeyAsync(Guid.Parse(person.KeyId), CancellationToken.None))!;
        var limit = (await host.Store.FindKeyAsync(ApiKeySecret.Parse(maker.Key!)!.Hash(), CancellationToken.None))!;
        Assert.True(key.Grant.Beyond(limit.Grant).IsNone, $"{key.Grant}");
        Assert.Equal(200, (await person.GetAsync("/api/partners")).Status);
        var reader = await host.NewWorkspaceAsync(Scopes.KeysRead);
        Assert.Equal(403, (await reader.PostAsync("""{"name":"a","role":"viewer"}""", "/api/links")).Status);
    }

    [Fact]
    public async Task A_key_for_other_hosts_pages_opens_no_console_here()
    {
        var made = await (await host.NewWorkspaceAsync()).PostAsync(
            """{"name":"k","scopes":["partnersRead"],"allowedHostnames":["app.example"]}""", "/api/keys");
        var secret = made.Json.GetProperty("key").GetString();

        var refused = await Browser.SendAsync(HttpMethod.Post, Path, authorization: $"Bearer {secret}",
            headers: Browser.OwnPage);

        Assert.Equal((403, "origin_not_allowed"), (refused.Status, refused.Code));
        // Nor would a session of it.
        var key = (await host.Store.FindKeyAsync(ApiKeySecret.Parse(secret!)!.Hash(), CancellationToken.None))!;
        var (cookie, now) = (RandomSecret.Mint(), Timestamp.Now(host.Clock));
        await host.Store.AddSessionAsync(
            new Session(Guid.CreateVersion7(), key.WorkspaceId, key.Id, cookie.Hash(), now, now, null, null), key,
            AuditEvent.Of(AuditAction.SessionBegun, key.WorkspaceId, now, Actor.Command, "s"), CancellationToken.None);
        var answer = await Browser.SendAsync(HttpMethod.Get, "/api/partners", headers: [("Cookie", $"roster={cookie.Text}")]);
        Assert.Equal((403, "origin_not_allowed"), (answer.Status, answer.Code));
    }

    [Theory]
    [InlineData("{}", "0 name name_required", "0 role invalid_scope")]
    [InlineData("""{"name":"a"}""", "0 role invalid_scope")]
    [InlineData("""{"name":"a","role":"owner"}""", "0 role invalid_scope")]
    [InlineData("""{"name":"a","role":7}""", "0 role invalid_scope")]
    [InlineData("""{"name":"a","role":null}""", "0 role invalid_scope")]
    [InlineData("""{"name":"a","scopes":[]}""", "0 scopes invalid_scope")]
    [InlineData("""{"name":"a","scopes":["all"]}""", "0 scopes invalid_scope")]
    [InlineData("""{"name":"a","role":"viewer","scopes":["partnersRead"]}""", "0 role conflicting_fields")]
    [InlineData("""{"name":"","role":"viewer"}""", "0 name name_required")]
    [InlineData("""{"name":7,"role":"viewer"}""", "0 name invalid_type")]
    [InlineData("""{"name":"\ud800","role":"viewer"}""", "0 name invalid_text")]
    [InlineData("""{"name":"a","role":"viewer","role":"viewer"}""", "0 role duplicate_field")]
    [InlineData("""{"name":"a","role":"viewer","expiresAt":null}""", "0 expiresAt unknown_field")]
    [InlineData("""{"name":"a","role":"viewer","\ud800":1}""", "0 - invalid_text")]
    public async Task A_bad_link_is_refused_with_every_fault(string body, params string[] faults)
    {
        var answer = await (await host.NewWorkspaceAsync()).PostAsync(body, "/api/links");

        Assert.Equal((400, "validation_failed"), (answer.Status, answer.Code));
        Assert.Equal(faults, answer.Faults);
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("[]", 400)]
    [InlineData("{", 400)]
    [InlineData("{}", 400)]
    [InlineData("""{"link":7}""", 400)]
    [InlineData("""{"link":"\ud800"}""", 400)]
    [InlineData("""{"\ud800":"x"}""", 400)]
    [InlineData("""{"link":"x","key":"y"}""", 400)]
    [InlineData("""{"link":"x","link":"x"}""", 400)]
    [InlineData("""{"link":""}""", 401)]
    [InlineData("""{"link":"x"}""", 401)]
    [InlineData("""{"link":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""", 401)]
    [InlineData("""{"link":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}""", 401)]
    public async Task A_nonsense_exchange_is_refused(string body, int status)
    {
        var answer = await Browser.SendAsync(HttpMethod.Post, Path, Json(body), headers: Browser.OwnPage);

        Assert.Equal((status, status == 400 ? "invalid_body" : "link_not_valid"), (answer.Status, answer.Code));
        Assert.False(answer.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task A_sign_in_takes_either_a_key_or_a_link_and_no_parameter()
    {
        var api = await host.NewWorkspaceAsync();
        var link = await LinkAsync(api);

        var both = await Browser.SendAsync(HttpMethod.Post, Path, Json($$"""{"link":"{{link.Split("#link=")[1]}}"}"""),
            $"Bearer {api.Key}", headers: Browser.OwnPage);
        var neither = await Browser.SendAsync(HttpMethod.Post, Path, headers: Browser.OwnPage);
        var text = await Browser.SendAsync(HttpMethod.Post, Path, new StringContent("x"), headers: Browser.OwnPage);
        var large = await Browser.SendAsync(
            HttpMethod.Post, Path, Json($$"""{"link":"{{new string('x', 5_000)}}"}"""), headers: Browser.OwnPage);
        var query = await Browser.SendAsync(HttpMethod.Post, Path + "?link=x", headers: Browser.OwnPage);

        Assert.Equal((400, "invalid_body"), (both.Status, both.Code));
        Assert.Equal((401, "unauthorized"), (neither.Status, neither.Code));
        Assert.Equal(415, text.Status);
        Assert.Equal(413, large.Status);
        Assert.Equal((400, "unknown_parameter"), (query.Status, query.Code));
        Assert.Equal(201, (await ConsoleClient.OpenAsync(Browser, link)).Status);
    }

    [Fact]
    public async Task Guesses_of_keys_cookies_and_links_share_one_limit()
    {
        await using var own = await host.AnotherAsync(settings => settings with { FailedAuthentications = 3 });
        var api = await own.NewWorkspaceAsync();
        var known = await ConsoleClient.ByKeyAsync(own.WithKey(null), api.Key!);
        var statuses = new List<int>();

        for (var i = 0; i < 4; i++)
        {
            statuses.Add((await own.WithKey(ApiKeySecret.Mint().Text).GetAsync(Path)).Status);
            statuses.Add((await own.WithKey(null).SendAsync(
                HttpMethod.Get, Path, headers: [("Cookie", $"roster={RandomSecret.Mint().Text}")])).Status);
            statuses.Add((await ConsoleClient.OpenAsync(own.WithKey(null), RandomSecret.Mint().Text)).Status);
            statuses.Add((await own.WithKey(null).SendAsync(
                HttpMethod.Post, Path, authorization: $"Bearer {ApiKeySecret.Mint().Text}", headers: api.OwnPage)).Status);
        }

        // One more each second, and the test is not slower than that by much.
        Assert.InRange(statuses.Count(status => status == 401), 3, 8);
        Assert.All(statuses, status => Assert.True(status is 401 or 429));
        Assert.Equal(200, (await known.GetAsync(Path)).Status);
    }

    [Fact]
    public async Task HEAD_answers_as_GET_does_and_needs_no_proof_of_the_page()
    {
        var person = await ConsoleClient.ByKeyAsync(Browser, (await host.NewWorkspaceAsync()).Key!);
        foreach (var path in new[] { Path, "/api/sessions" })
        {
            var (get, head) = (await person.GetAsync(path), await person.SendAsync(HttpMethod.Head, path, headers: []));
            Assert.Equal((200, 200, 0), (get.Status, head.Status, head.Body.Length));
            Assert.Equal(get.Body.Length, head.ContentHeaders.ContentLength);
        }
    }

    [Fact]
    public async Task A_page_of_another_origin_cannot_read_with_the_cookie()
    {
        var person = await ConsoleClient.ByKeyAsync(Browser, (await host.NewWorkspaceAsync()).Key!);

        var answer = await person.SendAsync(HttpMethod.Get, Path, headers: [("Origin", "https://evil.example")]);

        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Credentials"));
        Assert.Equal("DENY", answer.Headers.GetValues("X-Frame-Options").Single());
    }

    [Fact]
    public async Task Without_a_console_there_are_no_sessions()
    {
        await using var own = await host.AnotherAsync(settings => settings with { IsConsoleOn = false });
        var api = await own.NewWorkspaceAsync();
        var secret = RandomSecret.Mint();
        var key = (await own.Store.FindKeyAsync(ApiKeySecret.Parse(api.Key!)!.Hash(), CancellationToken.None))!;
        var now = Timestamp.Now(own.Clock);
        await own.Store.AddSessionAsync(
            new Session(Guid.CreateVersion7(), key.WorkspaceId, key.Id, secret.Hash(), now, now, null, null), key,
            AuditEvent.Of(AuditAction.SessionBegun, key.WorkspaceId, now, Actor.Command, "s"), CancellationToken.None);

        foreach (var (method, path) in new[]
        {
            (HttpMethod.Get, "/api/sessions"), (HttpMethod.Delete, $"/api/sessions/{Guid.NewGuid()}"), (HttpMethod.Post, "/api/links"),
        })
            Assert.Equal(404, (await own.WithKey(api.Key).SendAsync(method, path)).Status);
        // Programs ask it who their key is.
        Assert.Equal(200, (await own.WithKey(api.Key).GetAsync(Path)).Status);
        Assert.Equal(401, (await own.WithKey(null).SendAsync(
            HttpMethod.Get, "/api/partners", headers: [("Cookie", $"roster={secret.Text}")])).Status);
    }

    private static async Task<string> LinkAsync(RosterClient api, string role = "editor") =>
        (await api.PostAsync($$"""{"name":"Amal Haddad","role":"{{role}}"}""", "/api/links")).Json.GetProperty("link").GetString()!;

    /// <summary>Stores the use now, which the server does every few seconds.</summary>
    private static Task UseStoredAsync(RosterHost own, ConsoleClient person) => own.Store.NoteSessionUseAsync(
        new Dictionary<Guid, Timestamp> { [Guid.Parse(person.Id)] = Timestamp.Now(own.Clock) }, CancellationToken.None);

    private static StringContent Json(string json) => new(json, System.Text.Encoding.UTF8, "application/json");
}

public sealed class SessionsOnSqlite(SqliteHost host) : SessionContract(host);

public sealed class SessionsOnPostgres(PostgresHost host) : SessionContract(host)
{
    [Fact]
    public async Task Who_signs_in_at_one_server_goes_on_at_another_and_signs_out_at_both()
    {
        var api = await host.NewWorkspaceAsync();
        await using var other = await PostgresHost.OnAsync(host.Database);
        var link = (await api.PostAsync("""{"name":"Amal","role":"viewer"}""", "/api/links")).Json.GetProperty("link").GetString()!;

        var opened = await ConsoleClient.OpenAsync(other.WithKey(null), link);
        var (there, here) = (new ConsoleClient(other.WithKey(null), opened), new ConsoleClient(host.WithKey(null), opened));

        Assert.Equal(201, opened.Status);
        Assert.Equal("link_not_valid", (await ConsoleClient.OpenAsync(host.WithKey(null), link)).Code);
        Assert.Equal(there.Id, (await here.GetAsync("/api/session")).Json.GetProperty("id").GetString());
        Assert.Equal(204, (await here.DeleteAsync("/api/session")).Status);
        Assert.Equal(401, (await there.GetAsync("/api/session")).Status);
    }

    [Fact]
    public async Task Of_two_servers_that_exchange_a_link_at_once_one_succeeds()
    {
        var api = await host.NewWorkspaceAsync();
        await using var other = await PostgresHost.OnAsync(host.Database);
        for (var round = 0; round < 5; round++)
        {
            var link = (await api.PostAsync("""{"name":"Amal","role":"viewer"}""", "/api/links")).Json.GetProperty("link").GetString()!;
            var answers = await Task.WhenAll(
                ConsoleClient.OpenAsync(host.WithKey(null), link), ConsoleClient.OpenAsync(other.WithKey(null), link));
            Assert.Equal([201, 401], answers.Select(answer => answer.Status).Order());
        }
    }
}
