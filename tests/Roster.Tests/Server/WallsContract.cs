using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Roster.Access;
using Roster.Server.Guard;

namespace Roster.Tests.Server;

/// <summary>
/// Workspaces are separate, on every engine. The cases come from the route table, so a new call is included by itself.
/// </summary>
public abstract class WallsContract(RosterHost host)
{
    private static readonly Scopes[] Each =
        [.. Enum.GetValues<Scopes>().Where(scope => System.Numerics.BitOperations.PopCount((uint)scope) == 1)];

    [Fact]
    public async Task Every_call_needs_its_scope_and_no_other()
    {
        var admin = await host.NewWorkspaceAsync();
        foreach (var scope in Each)
        {
            var key = await host.NewKeyAsync(admin.Workspace, scope);
            foreach (var (method, path, required) in Calls())
            {
                var address = path.Replace("{id}", Guid.NewGuid().ToString(), StringComparison.Ordinal);
                var answer = await key.SendAsync(method, address, Body(method, path, Guid.NewGuid().ToString()));
                var isAllowed = required == Scopes.None || required.HasFlag(scope);
                Assert.True((answer.Status == 403) != isAllowed
                    || (answer.Status == 403 && answer.Code == "missing_scope" && path is "/api/keys" or "/api/links"),
                    $"{method} {path} with {scope}: {answer.Status}");
                Assert.Equal(401, (await host.WithKey(null).SendAsync(
                    method, path.Replace("{id}", "x", StringComparison.Ordinal), Body(method, path, "x"))).Status);
            }
        }
    }

    [Fact]
    public async Task A_foreign_id_is_answered_byte_for_byte_as_an_unknown_one_by_every_call()
    {
        var mine = await host.NewWorkspaceAsync();
        var theirs = await host.NewWorkspaceAsync();
        var foreign = await theirs.CreateAsync("""{"name":"theirs","externalId":"x"}""");
        var foreignDeleted = await theirs.CreateAsync("""{"name":"theirs"}""");
        await theirs.DeleteAsync(foreignDeleted);
        var foreignKey = (await theirs.GetAsync("/api/keys")).Json[0].GetProperty("id").GetString()!;
        foreach (var (method, path, _) in Calls())
        {
            var unknown = await Ask(Guid.NewGuid().ToString());
            foreach (var id in new[] { foreign, foreignDeleted, foreignKey })
                Assert.Equal(unknown, await Ask(id));

            async Task<string> Ask(string id)
            {
                var answer = await mine.SendAsync(method, path.Replace("{id}", id, StringComparison.Ordinal), Body(method, path, id));
                // The room on the disk and the server's notices change from one call to the next.
                return answer.Status == 201 ? "201" : $"{answer.Status} "
                    + Regex.Replace(answer.Text, "Bytes\":[0-9]+|\"notices\":\\[[^]]*\\]", "")
                    .Replace(id, "ID", StringComparison.OrdinalIgnoreCase)
                    .Replace(answer.Headers.GetValues("Roster-Request-Id").Single(), "REQUEST", StringComparison.Ordinal);
            }
        }
        Assert.Equal(["theirs"], (await theirs.GetAsync("/api/partners")).Names);
        Assert.Equal(200, (await theirs.GetAsync("/api/keys")).Status);
    }

    [Fact]
    public async Task Nothing_of_another_workspace_is_found_listed_counted_or_matched()
    {
        var theirs = await host.NewWorkspaceAsync();
        await theirs.PutAsync("""[{"name":"Wallflower","email":"wall@flower.example","phone":"555","externalId":"w1"}]""");
        var mine = await host.NewWorkspaceAsync();
        foreach (var query in new[]
        {
            "", "?q=wallflower", "?email=wall@flower.example", "?phone=555", "?externalId=w1", "?sort=name", "?deleted=true",
        })
            Assert.Empty((await mine.GetAsync("/api/partners" + query)).Items);
        Assert.Equal(0, (await mine.GetAsync("/api/partners?count=true")).Count("Roster-Total"));
        foreach (var matchOn in new[] { "email", "externalId" })
            Assert.Equal(1, (await mine.PutAsync(
                """[{"name":"Mine","email":"wall@flower.example","externalId":"w1"}]"""u8.ToArray(),
                path: "/api/partners?matchOn=" + matchOn)).Revision);
        Assert.Equal(["Wallflower"], (await theirs.GetAsync("/api/partners")).Names);
        Assert.Single((await mine.GetAsync("/api/keys")).Json.EnumerateArray());
    }

    [Fact]
    public void Every_endpoint_declares_a_scope_or_that_it_needs_none_and_one_that_does_not_stops_the_server()
    {
        Assert.All(host.Endpoints, endpoint => Assert.True(
            endpoint.Metadata.GetMetadata<RequiredScope>() is not null || endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null));

        var builder = Microsoft.AspNetCore.Builder.WebApplication.CreateEmptyBuilder(new());
        Microsoft.Extensions.DependencyInjection.RoutingServiceCollectionExtensions.AddRoutingCore(builder.Services);
        Microsoft.AspNetCore.Hosting.WebHostBuilderKestrelExtensions.UseKestrelCore(builder.WebHost);
        var app = builder.Build();
        Microsoft.AspNetCore.Builder.EndpointRouteBuilderExtensions.MapGet(app, "/api/forgotten", () => "open");

        Assert.Contains("/api/forgotten", Assert.Throws<InvalidOperationException>(
            () => RequiredScope.DemandEverywhere(app)).Message, StringComparison.Ordinal);
    }

    private IEnumerable<(HttpMethod Method, string Path, Scopes Required)> Calls() =>
        from route in host.Endpoints.OfType<RouteEndpoint>()
        let required = route.Metadata.GetMetadata<RequiredScope>()
        where required is not null
        from method in route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
        select (new HttpMethod(method), "/" + route.RoutePattern.RawText!.Trim('/'), required.Scope);

    /// <summary>A body that names the id, if the call's body can name one.</summary>
    private static StringContent Body(HttpMethod method, string path, string id) => new(path switch
    {
        "/api/partners" when method == HttpMethod.Delete => $"[\"{id}\"]",
        "/api/partners" => $$"""[{"id":"{{id}}"}]""",
        "/api/partners/restore" or "/api/partners/erase" => $"[\"{id}\"]",
        _ => """{"name":"k","scopes":["partnersRead"]}""",
    }, System.Text.Encoding.UTF8, "application/json");
}

public sealed class WallsOnSqlite(SqliteHost host) : WallsContract(host);

public sealed class WallsOnPostgres(PostgresHost host) : WallsContract(host);
