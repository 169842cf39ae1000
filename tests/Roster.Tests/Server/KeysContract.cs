using System.Net;
using System.Text;
using System.Text.Json;
using CsCheck;
using Roster.Access;

namespace Roster.Tests.Server;

/// <summary>API keys over HTTP, their audit, and browser pages, on every engine.</summary>
public abstract class KeysContract(RosterHost host)
{
    private const string Path = "/api/keys";

    [Fact]
    public async Task A_key_is_created_with_its_secret_shown_once_and_works()
    {
        var api = await host.NewWorkspaceAsync();

        var created = await api.PostAsync(
            """{"name":"crm","scopes":["linksWrite","partnersRead"],"expiresAt":"2090-01-01T00:00:00Z"}""", Path);

        Assert.Equal(201, created.Status);
        var key = host.WithKey(created.Json.GetProperty("key").GetString());
        Assert.Equal(200, (await key.PutAsync("""[{"name":"a"}]""")).Status);
        Assert.Equal(403, (await key.PostAsync("""[{"name":"a"}]""")).Status);
        var listed = (await api.GetAsync(Path)).Json.EnumerateArray().Single(one => one.GetProperty("name").GetString() == "crm");
        Assert.Equal(created.Json.GetProperty("id").GetString(), listed.GetProperty("id").GetString());
        Assert.Equal("2090-01-01T00:00:00.000Z", listed.GetProperty("expiresAt").GetString());
        Assert.Equal(["partnersRead", "linksWrite"], listed.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()));
        Assert.DoesNotContain(created.Json.GetProperty("key").GetString()!, (await api.GetAsync(Path)).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "0 name name_required", "0 scopes invalid_scope")]
    [InlineData("""{"name":"k","scopes":[]}""", "0 scopes invalid_scope")]
    [InlineData("""{"name":"k","scopes":["everything"]}""", "0 scopes invalid_scope")]
    [InlineData("""{"name":"k","scopes":"linksWrite"}""", "0 scopes invalid_scope")]
    [InlineData("""{"name":7,"scopes":["linksWrite"]}""", "0 name invalid_type")]
    [InlineData("""{"name":"\u0000","scopes":["linksWrite"]}""", "0 name invalid_text")]
    [InlineData("""{"name":" ","scopes":["linksWrite"]}""", "0 name name_required")]
    [InlineData("""{"name":"k","name":"k","scopes":["linksWrite"]}""", "0 name duplicate_field")]
    [InlineData("""{"name":"k","scopes":["linksWrite"],"expires":null}""", "0 expires unknown_field")]
    [InlineData("""{"name":"k","scopes":["linksWrite"],"\ud800":1}""", "0 - invalid_text")]
    [InlineData("""{"name":"k","scopes":["linksWrite"],"expiresAt":"2001-01-01T00:00:00Z"}""", "0 expiresAt invalid_time")]
    [InlineData("""{"name":"k","scopes":["linksWrite"],"expiresAt":"soon"}""", "0 expiresAt invalid_time")]
    [InlineData("""{"name":"k","scopes":["linksWrite"],"allowedHostnames":["https://a.example"]}""", "0 allowedHostnames invalid_hostname")]
    [InlineData("""{"name":"k","scopes":["linksWrite"],"allowedHostnames":["*"]}""", "0 allowedHostnames invalid_hostname")]
    [InlineData("""{"name":"k","scopes":["linksWrite"],"expiresAt":"2001-01-01"}""", "0 expiresAt invalid_time")]
    [InlineData("""{"name":"k","scopes":["linksWrite"],"expiresAt":"2090-01-01T00:00:00"}""", "0 expiresAt invalid_time")]
    [InlineData("""{"name":"k","scopes":["linksWrite"],"expiresAt":"2090-02-30"}""", "0 expiresAt invalid_time")]
    [InlineData("""{"name":"k","scopes":["linksWrite"],"expiresAt":4070908800}""", "0 expiresAt invalid_time")]
    public async Task A_bad_key_is_refused_with_every_fault(string body, params string[] faults)
    {
        var answer = await (await host.NewWorkspaceAsync()).PostAsync(body, Path);

        Assert.Equal((400, "validation_failed"), (answer.Status, answer.Code));
        Assert.Equal(faults, answer.Faults);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"name\":\"k\"} {}")]
    public async Task A_body_that_is_no_object_is_refused(string body) =>
        Assert.Equal("invalid_body", (await (await host.NewWorkspaceAsync()).PostAsync(body, Path)).Code);

    [Fact]
    public async Task A_key_can_never_give_a_scope_it_lacks()
    {
        var admin = await host.NewWorkspaceAsync();
        var strong = (await admin.PostAsync("""{"name":"strong","scopes":["linksWrite"]}""", Path)).Json.GetProperty("id").GetString();
        var weak = await host.NewKeyAsync(admin.Workspace, Scopes.KeysWrite | Scopes.KeysRead | Scopes.PartnersRead);

        var answer = await weak.PostAsync("""{"name":"k","scopes":["partnersRead","linksWrite"]}""", Path);

        Assert.Equal((403, "missing_scope"), (answer.Status, answer.Code));
        Assert.Equal("linksWrite", answer.Json.GetProperty("missingScopes")[0].GetString());
        Assert.Equal(403, (await weak.SendAsync(HttpMethod.Post, $"{Path}/{strong}/rotate")).Status);
        Assert.Equal(201, (await weak.PostAsync("""{"name":"k","scopes":["partnersRead","keysWrite"]}""", Path)).Status);
    }

    [Fact]
    public async Task A_key_for_some_hosts_or_some_time_gives_no_more_than_that()
    {
        var admin = await host.NewWorkspaceAsync();
        var created = await admin.PostAsync(
            """{"name":"k","scopes":["keysWrite"],"allowedHostnames":["a.example","b.example"],"expiresAt":"2090-01-01T00:00:00Z"}""",
            Path);
        var key = host.WithKey(created.Json.GetProperty("key").GetString());

        Assert.Equal(
            ["0 allowedHostnames invalid_hostname", "0 expiresAt invalid_time"],
            (await key.PostAsync("""{"name":"more","scopes":["keysWrite"]}""", Path)).Faults);
        Assert.Equal(
            ["0 allowedHostnames invalid_hostname", "0 expiresAt invalid_time"],
            (await key.PostAsync(
                """{"name":"more","scopes":["keysWrite"],"allowedHostnames":["*.example"],"expiresAt":"2090-01-01T00:00:01Z"}""",
                Path)).Faults);
        Assert.Equal(201, (await key.PostAsync(
            """{"name":"less","scopes":["keysWrite"],"allowedHostnames":["b.example"],"expiresAt":"2089-01-01T00:00:00Z"}""",
            Path)).Status);
    }

    [Theory]
    [InlineData("2090-06-01", "2090-06-01T00:00:00.000Z")]
    [InlineData("2090-06-01T00:00:00Z", "2090-06-01T00:00:00.000Z")]
    [InlineData("2090-06-01T00:00:00+02:00", "2090-05-31T22:00:00.000Z")]
    [InlineData("2090-06-01T00:00:00.25-05:30", "2090-06-01T05:30:00.250Z")]
    public async Task A_key_expires_at_a_time_with_any_offset_or_at_the_start_of_a_day_in_UTC(string given, string meant)
    {
        var created = await (await host.NewWorkspaceAsync())
            .PostAsync($$"""{"name":"k","scopes":["linksWrite"],"expiresAt":"{{given}}"}""", Path);

        Assert.Equal((201, meant), (created.Status, created.Json.GetProperty("expiresAt").GetString()));
    }

    [Fact]
    public async Task A_key_with_thousands_of_fields_is_refused_with_one_fault()
    {
        var api = await host.NewWorkspaceAsync();
        var other = string.Concat(Enumerable.Range(0, 5_000).Select(i => $",\"f{i}\":1"));
        var same = string.Concat(Enumerable.Repeat(",\"name\":1", 5_000));

        foreach (var fields in new[] { other, same })
        {
            var answer = await api.PostAsync($$"""{"name":"k"{{fields}}}""", Path);
            Assert.Equal((400, "validation_failed"), (answer.Status, answer.Code));
            Assert.Equal(["0 - too_many_fields"], answer.Faults);
        }
    }

    [Theory]
    [InlineData(Path)]
    [InlineData("/api/links")]
    public async Task A_body_that_is_too_large_is_refused_with_the_limit_of_this_call(string path)
    {
        var answer = await (await host.NewWorkspaceAsync()).PostAsync($$"""{"name":"{{new string('n', 64 << 10)}}"}""", path);

        Assert.Equal((413, "body_too_large"), (answer.Status, answer.Code));
        Assert.Contains("over 64 KiB", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_may_give_a_host_below_one_of_its_wildcards_and_no_wildcard_for_one_of_its_hosts()
    {
        var admin = await host.NewWorkspaceAsync();
        var made = await admin.PostAsync(
            """{"name":"k","scopes":["keysWrite"],"allowedHostnames":["*.example.com","shop.example"]}""", Path);
        var key = host.WithKey(made.Json.GetProperty("key").GetString());

        foreach (var (hostnames, status) in new[]
        {
            ("""["a.example.com"]""", 201), ("""["*.a.example.com","shop.example"]""", 201), ("""["example.com"]""", 400),
            ("""["*.com"]""", 400), ("""["*.shop.example"]""", 400), ("[]", 400), ("null", 400),
        })
            Assert.Equal(status, (await key.PostAsync(
                $$"""{"name":"k","scopes":["keysWrite"],"allowedHostnames":{{hostnames}}}""", Path)).Status);
    }

    [Theory]
    [InlineData("""{"name":"t","scopes":["partnersRead"]}""", "key_can_more", "allowedHostnames", "expiresAt")]
    [InlineData("""{"name":"t","scopes":["partnersRead"],"allowedHostnames":["b.example"],"expiresAt":"2089-01-01"}""",
        "key_can_more", "allowedHostnames")]
    [InlineData("""{"name":"t","scopes":["partnersRead"],"allowedHostnames":["a.example"],"expiresAt":"2091-01-01"}""",
        "key_can_more", "expiresAt")]
    [InlineData("""{"name":"t","scopes":["linksWrite"],"allowedHostnames":["a.example"],"expiresAt":"2091-01-01"}""",
        "missing_scope", "expiresAt")]
    [InlineData("""{"name":"t","scopes":["linksWrite"],"allowedHostnames":["a.example"],"expiresAt":"2089-01-01"}""", "missing_scope")]
    [InlineData("""{"name":"t","scopes":["partnersRead"],"allowedHostnames":["a.example"],"expiresAt":"2089-01-01"}""", null)]
    public async Task A_key_rotates_and_revokes_only_what_can_no_more_than_itself(string target, string? code, params string[] more)
    {
        var admin = await host.NewWorkspaceAsync();
        var made = await admin.PostAsync(
            """{"name":"k","scopes":["keysWrite","partnersRead"],"allowedHostnames":["a.example"],"expiresAt":"2090-01-01"}""", Path);
        var key = host.WithKey(made.Json.GetProperty("key").GetString());
        var other = await admin.PostAsync(target, Path);
        var (id, secret) = (other.Json.GetProperty("id").GetString(), host.WithKey(other.Json.GetProperty("key").GetString()));

        var rotated = await key.SendAsync(HttpMethod.Post, $"{Path}/{id}/rotate?overlap=0");
        var revoked = await key.SendAsync(HttpMethod.Delete, $"{Path}/{(code is null ? rotated.Json.GetProperty("id").GetString() : id)}");

        if (code is null)
        {
            Assert.Equal((201, 204), (rotated.Status, revoked.Status));
            return;
        }
        foreach (var refused in new[] { rotated, revoked })
        {
            Assert.Equal((403, code), (refused.Status, refused.Code));
            Assert.Equal(more, refused.Json.GetProperty("details")
                .EnumerateArray().Select(fault => fault.GetProperty("field").GetString()));
            Assert.Equal(code == "missing_scope", refused.Json.TryGetProperty("missingScopes", out var missing)
                && missing[0].GetString() == "linksWrite");
        }
        // The key is unchanged.
        Assert.NotEqual(401, (await secret.GetAsync("/api/partners")).Status);
        Assert.Equal(204, (await admin.SendAsync(HttpMethod.Delete, $"{Path}/{id}")).Status);
    }

    [Fact]
    public async Task No_sequence_of_calls_yields_a_key_that_can_more_than_its_maker()
    {
        var (made, refused) = (0, 0);
        await AnyAct.Array[5, 25].SampleAsync(async acts =>
        {
            var admin = await host.NewWorkspaceAsync();
            List<RosterClient> callers = [admin];
            foreach (var act in acts)
            {
                var caller = callers[act.Caller % callers.Count];
                var before = await KeysAsync();
                var mine = before.Values.Single(key => key.Matches(ApiKeySecret.Parse(caller.Key!)!.Hash()));
                var target = before.Keys.Order().ElementAt(act.Target % before.Count);
                var answer = act.Kind switch
                {
                    "create" => await caller.PostAsync(act.Body, Path),
                    "rotate" => await caller.SendAsync(HttpMethod.Post, $"{Path}/{target}/rotate?overlap={act.Overlap}"),
                    _ => await caller.SendAsync(HttpMethod.Delete, $"{Path}/{target}"),
                };
                if (answer.Status == 201)
                    callers.Add(host.WithKey(answer.Json.GetProperty("key").GetString()));
                Interlocked.Add(ref made, answer.Status == 201 ? 1 : 0);
                Interlocked.Add(ref refused, answer.Status is 400 or 403 ? 1 : 0);
                foreach (var (id, key) in await KeysAsync())
                {
                    // Each new or changed key was within the caller's rights, and no key has gained rights.
                    var was = before.GetValueOrDefault(id);
                    if (was is not null && (was.ExpiresAt, was.RevokedAt) == (key.ExpiresAt, key.RevokedAt))
                        continue;
                    Assert.True(answer.Status is 201 or 204);
                    Assert.True(mine.IsValidAt(Timestamp.Now(host.Clock)) && IsWithin(was ?? key, mine),
                        $"{act} by {mine.Grant} gave {key.Grant}");
                    Assert.True(was is null || IsWithin(key, was));
                    // A rotation may move the end, but not beyond the caller's.
                    Assert.True(was is not null || act.Kind != "rotate"
                        || IsWithin(key with { ExpiresAt = null }, before[target] with { ExpiresAt = null }));
                }
            }

            async Task<Dictionary<Guid, ApiKey>> KeysAsync() =>
                (await host.Store.ListKeysAsync(admin.Workspace.Id, CancellationToken.None)).ToDictionary(key => key.Id);
        }, iter: 40, threads: 2);
        Assert.InRange(made, 50, int.MaxValue);
        Assert.InRange(refused, 50, int.MaxValue);
    }

    [Fact]
    public async Task A_body_that_cannot_be_decompressed_is_refused()
    {
        var content = new ByteArrayContent("garbage"u8.ToArray()) { Headers = { ContentType = new("application/json") } };
        content.Headers.ContentEncoding.Add("gzip");

        var answer = await (await host.NewWorkspaceAsync()).SendAsync(HttpMethod.Post, Path, content);

        Assert.Equal((400, "invalid_encoding"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task A_rotated_key_goes_on_for_the_overlap_and_the_new_one_works_at_once()
    {
        await using var own = await host.AnotherAsync();
        var admin = await own.NewWorkspaceAsync();
        var created = await admin.PostAsync("""{"name":"k","scopes":["linksWrite"]}""", Path);
        var old = own.WithKey(created.Json.GetProperty("key").GetString());
        var id = created.Json.GetProperty("id").GetString();

        var rotated = await admin.SendAsync(HttpMethod.Post, $"{Path}/{id}/rotate?overlap=3600");

        Assert.Equal(201, rotated.Status);
        var next = own.WithKey(rotated.Json.GetProperty("key").GetString());
        Assert.Equal(200, (await old.PutAsync("""[{"name":"a"}]""")).Status);
        Assert.Equal(200, (await next.PutAsync("""[{"name":"a"}]""")).Status);
        own.Clock.Move(TimeSpan.FromMinutes(61));
        Assert.Equal(401, (await old.PutAsync("""[{"name":"a"}]""")).Status);
        Assert.Equal(200, (await next.PutAsync("""[{"name":"a"}]""")).Status);

        var last = await admin.SendAsync(HttpMethod.Post, $"{Path}/{rotated.Json.GetProperty("id").GetString()}/rotate?overlap=0");
        Assert.Equal(401, (await next.PutAsync("""[{"name":"a"}]""")).Status);
        Assert.Equal(200, (await own.WithKey(last.Json.GetProperty("key").GetString()).PutAsync("""[{"name":"a"}]""")).Status);
        Assert.Equal(404, (await admin.SendAsync(HttpMethod.Post, $"{Path}/{id}/rotate")).Status);
    }

    [Fact]
    public async Task A_rotated_key_lasts_as_long_as_the_old_one_was_made_for_and_not_longer_than_the_calling_key()
    {
        await using var own = await host.AnotherAsync();
        var admin = await own.NewWorkspaceAsync();
        var year = await MakeAsync("linksWrite", 365);
        var (shorter, rotator) = (await MakeAsync("linksWrite", 320), await MakeAsync("linksWrite,keysWrite", 330));
        own.Clock.Move(TimeSpan.FromDays(300));

        var again = (await admin.SendAsync(HttpMethod.Post, $"{Path}/{year.GetProperty("id")}/rotate")).Json;
        var within = await own.WithKey(rotator.GetProperty("key").GetString())
            .SendAsync(HttpMethod.Post, $"{Path}/{shorter.GetProperty("id")}/rotate");

        Assert.InRange(EndOf(again) - EndOf(year), TimeSpan.FromDays(300), TimeSpan.FromDays(301));
        Assert.Equal((201, EndOf(rotator)), (within.Status, EndOf(within.Json)));
        own.Clock.Move(TimeSpan.FromDays(100));
        Assert.Equal(401, (await own.WithKey(year.GetProperty("key").GetString()).PutAsync("""[{"name":"a"}]""")).Status);
        Assert.Equal(200, (await own.WithKey(again.GetProperty("key").GetString()).PutAsync("""[{"name":"a"}]""")).Status);

        async Task<JsonElement> MakeAsync(string scopes, int days) => (await admin.PostAsync(
            BodyOf(scopes, "", Timestamp.From(own.Clock.GetUtcNow().AddDays(days)).ToString()), Path)).Json;

        static DateTimeOffset EndOf(JsonElement key) => key.GetProperty("expiresAt").GetDateTimeOffset();
    }

    [Fact]
    public async Task A_key_that_was_rotated_already_is_refused_with_the_id_of_the_key_in_its_place()
    {
        var admin = await host.NewWorkspaceAsync();
        var id = (await admin.PostAsync("""{"name":"k","scopes":["linksWrite"]}""", Path)).Json.GetProperty("id").GetString();
        var first = (await admin.SendAsync(HttpMethod.Post, $"{Path}/{id}/rotate?overlap=3600")).Json;

        var second = await admin.SendAsync(HttpMethod.Post, $"{Path}/{id}/rotate");

        Assert.Equal((409, "already_rotated"), (second.Status, second.Code));
        Assert.Contains(first.GetProperty("id").GetString()!, second.Text, StringComparison.Ordinal);
        var third = await admin.SendAsync(HttpMethod.Post, $"{Path}/{first.GetProperty("id")}/rotate");
        Assert.Equal((201, JsonValueKind.Null), (third.Status, third.Json.GetProperty("expiresAt").ValueKind));
    }

    [Fact]
    public async Task A_key_that_ends_in_the_last_year_that_can_be_written_is_rotated()
    {
        var admin = await host.NewWorkspaceAsync();
        var id = (await admin.PostAsync(BodyOf("linksWrite", "", "9999-12-31"), Path)).Json.GetProperty("id").GetString();

        var rotated = await admin.SendAsync(HttpMethod.Post, $"{Path}/{id}/rotate");

        Assert.Equal((201, 9999), (rotated.Status, rotated.Json.GetProperty("expiresAt").GetDateTimeOffset().Year));
    }

    [Fact]
    public async Task A_revoked_key_stops_working_at_once()
    {
        var admin = await host.NewWorkspaceAsync();
        var created = await admin.PostAsync("""{"name":"k","scopes":["linksWrite"]}""", Path);
        var id = created.Json.GetProperty("id").GetString();
        var key = host.WithKey(created.Json.GetProperty("key").GetString());
        Assert.Equal(200, (await key.PutAsync("""[{"name":"a"}]""")).Status);

        Assert.Equal(204, (await admin.SendAsync(HttpMethod.Delete, $"{Path}/{id}")).Status);
        Assert.Equal(401, (await key.PutAsync("""[{"name":"a"}]""")).Status);
        Assert.Equal(204, (await admin.SendAsync(HttpMethod.Delete, $"{Path}/{id}")).Status);
    }

    [Fact]
    public async Task Administration_is_audited_with_who_what_when_and_from_where()
    {
        var admin = await host.NewWorkspaceAsync();
        var created = await admin.PostAsync("""{"name":"crm","scopes":["linksWrite"]}""", Path);
        var id = created.Json.GetProperty("id").GetString();
        var rotated = (await admin.SendAsync(HttpMethod.Post, $"{Path}/{id}/rotate")).Json.GetProperty("id").GetString();
        await admin.SendAsync(HttpMethod.Delete, $"{Path}/{rotated}");

        var audit = (await admin.GetAsync("/api/audit")).Json.EnumerateArray().ToList();

        Assert.Equal(
            ["key_revoked", "key_rotated", "key_created", "key_created", "workspace_created"],
            audit.Select(one => one.GetProperty("action").GetString()));
        Assert.Equal($"{rotated} crm", audit[0].GetProperty("subject").GetString());
        Assert.Equal("127.0.0.1", audit[0].GetProperty("address").GetString());
        Assert.NotNull(audit[0].GetProperty("actorKeyId").GetString());
        Assert.Equal(JsonValueKind.Null, audit[3].GetProperty("actorKeyId").ValueKind);
        var pages = new List<string?>();
        for (var next = "/api/audit?take=2"; next is not null;)
        {
            var page = await admin.GetAsync(next);
            pages.AddRange(page.Json.EnumerateArray().Select(one => one.GetProperty("id").GetString()));
            next = page.Next;
        }
        Assert.Equal(audit.Select(one => one.GetProperty("id").GetString()), pages);
    }

    [Fact]
    public async Task When_a_key_was_last_used_is_listed_after_the_server_wrote_it_down()
    {
        var folder = host;
        var admin = await folder.NewWorkspaceAsync();
        await admin.GetAsync("/api/partners");
        JsonElement listed;
        do
            listed = (await admin.GetAsync(Path)).Json[0];
        while (listed.GetProperty("lastUsedAt").ValueKind == JsonValueKind.Null);

        Assert.StartsWith("20", listed.GetProperty("lastUsedAt").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://app.example.com", null, true)]
    [InlineData("https://APP.example.com:8443", null, true)]
    [InlineData("http://a.b.shop.example", null, true)]
    [InlineData(null, "https://app.example.com/page?x=1", true)]
    [InlineData(null, null, true)]
    [InlineData("https://example.com", null, false)]
    [InlineData("https://shop.example", null, false)]
    [InlineData("https://evilshop.example", null, false)]
    [InlineData("https://app.example.com.evil.example", null, false)]
    [InlineData("https://evil.example", "https://app.example.com/", false)]
    [InlineData(null, "https://evil.example/https://app.example.com/", false)]
    [InlineData("null", null, false)]
    [InlineData("app.example.com", null, false)]
    [InlineData("file:///app.example.com", null, false)]
    public async Task A_key_for_some_hosts_works_on_their_pages_only(string? origin, string? referer, bool works)
    {
        var key = await BrowserKeyAsync("""["app.example.com","*.shop.example"]""");

        var answer = await key.SendAsync(HttpMethod.Get, "/api/partners", headers: [("Origin", origin), ("Referer", referer)]);

        Assert.Equal(works ? 200 : 403, answer.Status);
        if (!works)
            Assert.Equal("origin_not_allowed", answer.Code);
    }

    [Fact]
    public async Task Browsers_of_allowed_origins_get_CORS_answers_and_others_none()
    {
        var name = $"{Guid.NewGuid():N}.example";
        var key = await BrowserKeyAsync($"[\"{name}\"]");
        // The allowed hosts of all keys are looked up once a second at most.
        Answer preflight;
        do
            preflight = await Preflight($"https://{name}");
        while (!preflight.Headers.Contains("Access-Control-Allow-Origin"));

        Assert.Equal(204, preflight.Status);
        var answer = await key.SendAsync(HttpMethod.Get, "/api/partners", headers: ("Origin", $"https://{name}"));
        Assert.Equal($"https://{name}", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Contains("Roster-Revision", answer.Headers.GetValues("Access-Control-Expose-Headers").Single(), StringComparison.Ordinal);
        Assert.Equal($"https://{name}", preflight.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("GET,PUT,POST,PATCH,DELETE", preflight.Headers.GetValues("Access-Control-Allow-Methods").Single());
        Assert.Equal(
            [.. ApiDocument.RequestHeaders.Concat(["Authorization", "Content-Encoding", "Content-Type"]).Order(StringComparer.Ordinal)],
            preflight.Headers.GetValues("Access-Control-Allow-Headers").Single().Split(',').Order(StringComparer.Ordinal));
        Assert.Equal(
            ApiDocument.ResponseHeaders,
            answer.Headers.GetValues("Access-Control-Expose-Headers").Single().Split(',').Order(StringComparer.Ordinal));
        Assert.False((await Preflight("https://evil.example")).Headers.Contains("Access-Control-Allow-Origin"));

        Task<Answer> Preflight(string origin) => host.WithKey(null).SendAsync(HttpMethod.Options, "/api/partners",
            headers: [("Origin", origin), ("Access-Control-Request-Method", "PUT"), ("Access-Control-Request-Headers", "authorization")]);
    }

    [Fact]
    public async Task Requests_of_pages_do_not_wait_for_each_other_while_the_hosts_of_keys_cannot_be_read()
    {
        CountedStore counts = null!;
        await using var own = await host.AnotherAsync(wrap: store => CountedStore.Around(store, out counts));
        var api = await own.NewWorkspaceAsync();
        counts.Failing = nameof(IRosterStore.ListHostnamesAsync);
        Assert.Equal(200, await StatusAsync("/api/partners"));
        var back = new TaskCompletionSource();
        (counts.Failing, counts.HostnamesAfter) = (null, back.Task);
        own.Clock.Move(TimeSpan.FromSeconds(2));

        var statuses = await Task.WhenAll(Enumerable.Repeat("/api/partners", 20).Append("/health/live").Select(StatusAsync));

        Assert.All(statuses, status => Assert.Equal(200, status));
        Assert.Equal(2, counts.Of(nameof(IRosterStore.ListHostnamesAsync)));
        back.SetResult();
        // It is noticed that they can be read again.
        var name = $"{Guid.NewGuid():N}.example";
        await api.PostAsync($$"""{"name":"k","scopes":["partnersRead"],"allowedHostnames":["{{name}}"]}""", Path);
        Answer answer;
        do
        {
            own.Clock.Move(TimeSpan.FromSeconds(2));
            answer = await api.SendAsync(HttpMethod.Get, "/api/partners", headers: ("Origin", $"https://{name}"));
        }
        while (!answer.Headers.Contains("Access-Control-Allow-Origin"));

        async Task<int> StatusAsync(string path) =>
            (await api.SendAsync(HttpMethod.Get, path, headers: ("Origin", "https://page.example"))).Status;
    }

    [Fact]
    public async Task A_probe_from_a_page_is_answered_while_the_hosts_of_keys_are_being_read()
    {
        var never = new TaskCompletionSource();
        CountedStore counts = null!;
        await using var own = await host.AnotherAsync(wrap: store => CountedStore.Around(store, out counts));
        counts.HostnamesAfter = never.Task;

        var live = await own.WithKey(null).SendAsync(HttpMethod.Get, "/health/live", headers: ("Origin", "https://page.example"));

        Assert.Equal(200, live.Status);
        never.SetResult();
    }

    [Fact]
    public async Task An_IPv4_address_that_came_in_the_form_of_IPv6_is_in_the_audit_and_in_sessions_in_its_own()
    {
        await using var own = await host.AnotherAsync(settings => settings with { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")] });
        var api = await own.NewWorkspaceAsync();
        var body = new StringContent("""{"name":"k","scopes":["partnersRead"]}""", Encoding.UTF8, "application/json");
        var from = ("X-Forwarded-For", (string?)"::ffff:203.0.113.5");

        var made = await api.SendAsync(HttpMethod.Post, Path, body, headers: from);
        var begun = await own.WithKey(null).SendAsync(
            HttpMethod.Post, "/api/session", authorization: $"Bearer {api.Key}", headers: [.. api.OwnPage, from]);

        Assert.Equal((201, 201), (made.Status, begun.Status));
        foreach (var action in new[] { "session_begun", "key_created" })
            Assert.Equal("203.0.113.5", (await api.GetAsync("/api/audit")).Items
                .First(one => one.GetProperty("action").GetString() == action).GetProperty("address").GetString());
        Assert.Equal("203.0.113.5", (await api.GetAsync("/api/sessions")).Items.Single().GetProperty("address").GetString());
    }

    private static readonly Gen<Act> AnyAct = Gen.Select(
        Some.Of("create", "create", "create", "rotate", "rotate", "revoke"), Gen.Int[0, 99], Gen.Int[0, 99],
        Gen.Select(
            Some.Of("keysWrite", "keysWrite,partnersRead", "keysWrite,linksWrite",
                "keysWrite,partnersRead,linksWrite,partnersErase", "partnersRead"),
            Some.Of("", "", "a.example.com", "*.example.com", "a.example.com,shop.example", "*.a.example.com", "b.a.example.com"),
            Some.Of("", "", "2090-01-01", "2090-01-02", "2091-01-01")),
        Some.Of(0, 60, 86_400),
        (kind, caller, target, what, overlap) => new Act(kind, caller, target, BodyOf(what.Item1, what.Item2, what.Item3), overlap));

    private static string BodyOf(string scopes, string hostnames, string expiresAt) => JsonSerializer.Serialize(new
    {
        name = "k",
        scopes = scopes.Split(','),
        allowedHostnames = hostnames.Split(',', StringSplitOptions.RemoveEmptyEntries),
        expiresAt = expiresAt.Length > 0 ? expiresAt : null,
    });

    /// <summary>Judged by what a key allows, independently of how the server compares keys.</summary>
    private static bool IsWithin(ApiKey key, ApiKey other)
    {
        string[] hosts = ["a.example.com", "b.a.example.com", "c.b.a.example.com",
            "z.example.com", "example.com", "shop.example", "else.example"];
        return key.Scopes.Names().All(other.Scopes.Names().Contains)
            && hosts.All(name => !key.AllowedHostnames.AllowsPage($"https://{name}/")
                || other.AllowedHostnames.AllowsPage($"https://{name}/"))
            && (key.ExpiresAt?.Microseconds ?? long.MaxValue) <= (other.ExpiresAt?.Microseconds ?? long.MaxValue);
    }

    private sealed record Act(string Kind, int Caller, int Target, string Body, int Overlap);

    private async Task<RosterClient> BrowserKeyAsync(string hostnames)
    {
        var admin = await host.NewWorkspaceAsync();
        var created = await admin.PostAsync($$"""{"name":"k","scopes":["partnersRead"],"allowedHostnames":{{hostnames}} }""", Path);
        return host.WithKey(created.Json.GetProperty("key").GetString());
    }
}

public sealed class KeysOnSqlite(SqliteHost host) : KeysContract(host);

public sealed class KeysOnPostgres(PostgresHost host) : KeysContract(host);
