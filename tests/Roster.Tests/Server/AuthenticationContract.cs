using Roster.Access;

namespace Roster.Tests.Server;

/// <summary>Authentication, on every engine.</summary>
public abstract class AuthenticationContract(RosterHost host)
{
    private const string Path = "/api/partners";

    [Fact]
    public async Task A_key_is_accepted_with_and_without_Bearer()
    {
        var api = await host.NewWorkspaceAsync();
        foreach (var authorization in new[] { $"Bearer {api.Key}", $"bearer {api.Key}", api.Key })
            Assert.Equal(200, (await api.SendAsync(HttpMethod.Put, Path, One(), authorization)).Status);
    }

    [Fact]
    public async Task Missing_malformed_unknown_revoked_and_expired_keys_get_the_same_401()
    {
        var api = await host.NewWorkspaceAsync();
        var expired = await host.NewKeyAsync(api.Workspace, Scopes.All, Timestamp.Now(host.Clock));
        var revoked = await host.NewKeyAsync(api.Workspace, Scopes.All);
        Assert.Equal(200, (await revoked.PutAsync("""[{"name":"a"}]""")).Status);
        var stored = (await host.Store.ListKeysAsync(null, CancellationToken.None))
            .Single(key => key.Matches(ApiKeySecret.Parse(revoked.Key!)!.Hash()));
        await host.Store.RevokeKeyAsync(
            stored.Id,
            AuditEvent.Of(AuditAction.KeyRevoked, stored.WorkspaceId, Timestamp.Now(host.Clock), Actor.Command, ""),
            CancellationToken.None);

        var answers = new List<string>();
        foreach (var key in new[]
        {
            null, "", "x", new string('x', 5_000), ApiKeySecret.Mint().Text, api.Key![..^1], api.Key + "x", revoked.Key, expired.Key,
            $"{api.Key} {api.Key}", $"Basic {api.Key}",
        })
        {
            var answer = await host.WithKey(key).PutAsync("""[{"name":"a"}]""");
            Assert.Equal((401, "unauthorized"), (answer.Status, answer.Code));
            Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.ToString());
            answers.Add(answer.Text.Replace(answer.Json.GetProperty("requestId").GetString()!, "", StringComparison.Ordinal));
        }
        Assert.Single(answers.Distinct());
    }

    [Fact]
    public async Task Callers_who_come_at_once_are_each_who_they_are_and_a_key_that_is_revoked_meanwhile_opens_nothing_more()
    {
        var callers = new List<(RosterClient Api, string Name)>();
        for (var i = 0; i < 4; i++)
        {
            var api = await host.NewWorkspaceAsync();
            await api.PutAsync($$"""[{"name":"of caller {{i}}"}]""");
            callers.Add((api, $"of caller {i}"));
        }
        var revoked = (await host.Store.FindKeyAsync(ApiKeySecret.Parse(callers[0].Api.Key!)!.Hash(), CancellationToken.None))!;

        Assert.All(await AllAsync(), answer => Assert.Equal(200, answer.Status));
        var during = AllAsync();
        await host.Store.RevokeKeyAsync(
            revoked.Id,
            AuditEvent.Of(AuditAction.KeyRevoked, revoked.WorkspaceId, Timestamp.Now(host.Clock), Actor.Command, ""),
            CancellationToken.None);
        Assert.All(await AllAsync(), answer => Assert.Equal(answer.Caller == 0 ? 401 : 200, answer.Status));
        Assert.All(await during, answer => Assert.True(answer.Status == 200 || answer.Caller == 0));

        async Task<(int Caller, int Status)[]> AllAsync() => await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            var (api, name) = callers[i % callers.Count];
            var answer = await api.GetAsync(Path);
            if (answer.Status == 200)
                Assert.Equal([name], answer.Json.EnumerateArray().Select(partner => partner.GetProperty("name").GetString()));
            return (i % callers.Count, answer.Status);
        }));
    }

    [Fact]
    public async Task A_key_stops_working_when_it_expires()
    {
        await using var own = await host.AnotherAsync();
        var api = await own.NewWorkspaceAsync();
        var until = Timestamp.Now(own.Clock).AddMilliseconds(3_600_000);
        var shortLived = await own.NewKeyAsync(api.Workspace, Scopes.All, until);

        Assert.Equal(200, (await shortLived.PutAsync("""[{"name":"a"}]""")).Status);
        own.Clock.Move(TimeSpan.FromHours(1));
        Assert.Equal(401, (await shortLived.PutAsync("""[{"name":"a"}]""")).Status);
    }

    [Fact]
    public async Task Past_the_limit_of_failures_a_guess_is_not_looked_up_and_keys_that_work_go_on()
    {
        CountedStore lookUps = null!;
        await using var own = await host.AnotherAsync(
            settings => settings with { FailedAuthentications = 5 }, store => CountedStore.Around(store, out lookUps));
        var api = await own.NewWorkspaceAsync();
        Assert.Equal(200, (await api.GetAsync(Path)).Status);
        var before = lookUps.Of(nameof(IRosterStore.FindKeyAsync));

        // One after the other, then many at once: each 401 is looked up in the store, and no 429 is.
        var guesses = new List<int>();
        for (var i = 0; i < 40; i++)
            guesses.Add(await GuessAsync());
        guesses.AddRange(await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => GuessAsync())));

        Assert.Equal(Enumerable.Repeat(401, 5), guesses.Take(5));
        Assert.Equal(guesses.Count(status => status == 401), lookUps.Of(nameof(IRosterStore.FindKeyAsync)) - before);
        Assert.Equal(guesses.Count, guesses.Count(status => status is 401 or 429));
        Assert.InRange(guesses.Count(status => status == 429), 1, guesses.Count);
        Assert.Equal(200, (await api.GetAsync(Path)).Status);
        // A valid key that this server has not seen yet is limited like a guess until its first success.
        var another = await own.NewKeyAsync(api.Workspace, Scopes.PartnersRead);
        int status;
        do
            status = (await another.GetAsync(Path)).Status;
        while (status == 429);
        Assert.Equal(200, status);

        async Task<int> GuessAsync() => (await own.WithKey(ApiKeySecret.Mint().Text).GetAsync(Path)).Status;
    }

    [Fact]
    public async Task A_guess_at_a_path_that_needs_no_key_is_counted_too()
    {
        CountedStore lookUps = null!;
        await using var own = await host.AnotherAsync(
            settings => settings with { FailedAuthentications = 5 }, store => CountedStore.Around(store, out lookUps));

        for (var i = 0; i < 100; i++)
            Assert.Equal(404, (await own.WithKey(ApiKeySecret.Mint().Text).GetAsync("/api/nothing")).Status);

        Assert.InRange(lookUps.Of(nameof(IRosterStore.FindKeyAsync)), 0, 99);
    }

    [Fact]
    public async Task Many_valid_keys_that_come_at_once_from_one_address_are_no_guesses()
    {
        await using var own = await host.AnotherAsync(settings => settings with { FailedAuthentications = 3 });
        var api = await own.NewWorkspaceAsync();
        var keys = new List<RosterClient>();
        for (var i = 0; i < 30; i++)
            keys.Add(await own.NewKeyAsync(api.Workspace, Scopes.PartnersRead));

        var answers = await Task.WhenAll(keys.Select(key => key.GetAsync(Path)));

        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
    }

    [Fact]
    public async Task A_key_that_is_revoked_after_it_worked_is_a_guess_from_then_on()
    {
        CountedStore lookUps = null!;
        await using var own = await host.AnotherAsync(
            settings => settings with { FailedAuthentications = 5 }, store => CountedStore.Around(store, out lookUps));
        var api = await own.NewWorkspaceAsync();
        var key = await own.NewKeyAsync(api.Workspace, Scopes.PartnersRead);
        Assert.Equal(200, (await key.GetAsync(Path)).Status);
        var stored = (await own.Store.FindKeyAsync(ApiKeySecret.Parse(key.Key!)!.Hash(), CancellationToken.None))!;
        await own.Store.RevokeKeyAsync(
            stored.Id,
            AuditEvent.Of(AuditAction.KeyRevoked, stored.WorkspaceId, Timestamp.Now(own.Clock), Actor.Command, ""),
            CancellationToken.None);
        var before = lookUps.Of(nameof(IRosterStore.FindKeyAsync));

        var statuses = new List<int>();
        for (var i = 0; i < 100; i++)
            statuses.Add((await key.GetAsync(Path)).Status);

        Assert.Contains(429, statuses);
        Assert.Equal(statuses.Count(status => status == 401), lookUps.Of(nameof(IRosterStore.FindKeyAsync)) - before);
    }

    [Fact]
    public async Task Erasing_needs_a_scope_of_its_own()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync();
        var all = await host.NewKeyAsync(api.Workspace, Scopes.All & ~Scopes.PartnersErase);
        var erases = await host.NewKeyAsync(api.Workspace, Scopes.PartnersErase);

        var refused = await all.PostAsync($"[\"{id}\"]", Path + "/erase");

        Assert.Equal((403, "missing_scope"), (refused.Status, refused.Code));
        Assert.Equal("partnersErase", refused.Json.GetProperty("missingScopes")[0].GetString());
        Assert.Equal(200, (await erases.PostAsync($"[\"{id}\"]", Path + "/erase")).Status);
    }

    [Fact]
    public async Task A_key_without_the_scope_gets_403_with_the_missing_scopes()
    {
        var api = await host.NewWorkspaceAsync(Scopes.All & ~Scopes.LinksWrite);

        var answer = await api.PutAsync("""[{"name":"a"}]""");

        Assert.Equal((403, "missing_scope"), (answer.Status, answer.Code));
        Assert.Equal(["linksWrite"], answer.Json.GetProperty("missingScopes").EnumerateArray().Select(scope => scope.GetString()));
    }

    [Fact]
    public async Task Only_the_hash_of_a_key_is_stored()
    {
        var api = await host.NewWorkspaceAsync();
        var secret = ApiKeySecret.Parse(api.Key!)!;

        var stored = (await host.Store.FindKeyAsync(secret.Hash(), CancellationToken.None))!;

        Assert.Equal(32, stored.Hash.Length);
        Assert.DoesNotContain(api.Key!, string.Join(' ', stored.Id, stored.Name, stored.Prefix), StringComparison.Ordinal);
        Assert.Equal(api.Key![..11], stored.Prefix);
    }

    [Fact]
    public async Task Unknown_paths_are_404_and_other_methods_405_with_Allow()
    {
        var api = await host.NewWorkspaceAsync();

        var unknown = await api.SendAsync(HttpMethod.Get, "/api/partnerz");
        var method = await api.SendAsync(HttpMethod.Patch, Path);

        Assert.Equal((404, "not_found"), (unknown.Status, unknown.Code));
        Assert.Equal((405, "method_not_allowed"), (method.Status, method.Code));
        Assert.Contains("PUT", method.ContentHeaders.Allow);
    }

    [Fact]
    public async Task Neither_keys_nor_personal_data_get_into_the_log()
    {
        var api = await host.NewWorkspaceAsync();
        await api.PutAsync("""[{"name":"Canaria Lognot","email":"canaria@lognot.example","phone":"555-0199"}]""");
        await api.PutAsync("""[{"name":"Canaria Lognot","email":"canaria lognot.example","phone":"555-0199","canaria":1}]""");
        await api.SendAsync(HttpMethod.Put, Path + "?canaria=1", One());

        var log = host.Log();

        Assert.Contains("PUT /api/partners/ 200", log, StringComparison.Ordinal);
        Assert.DoesNotContain("anaria", log, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("555-0199", log, StringComparison.Ordinal);
        Assert.DoesNotContain(api.Key!, log, StringComparison.Ordinal);
    }

    private static StringContent One() => new("""[{"name":"a"}]""", System.Text.Encoding.UTF8, "application/json");
}

public sealed class AuthenticationOnSqlite(SqliteHost host) : AuthenticationContract(host);

public sealed class AuthenticationOnPostgres(PostgresHost host) : AuthenticationContract(host);
