using Microsoft.AspNetCore.Routing;

namespace Roster.Tests.Server;

/// <summary>HEAD, the front page, and a plus sign in a query, on every engine.</summary>
public abstract class HeadContract(RosterHost host)
{
    /// <summary>Headers that differ from one answer to the next.</summary>
    private static readonly string[] OfOneAnswer =
    [
        "Date", "Roster-Request-Id", "RateLimit", "Server-Timing", "Transfer-Encoding", "Connection", "Content-Security-Policy",
    ];

    [Fact]
    public async Task HEAD_answers_as_GET_does_without_a_body()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync();
        string[] paths =
        [
            "/api/partners?count=true", "/api/partners?take=0", $"/api/partners/{id}", "/api/partners/none",
            $"/api/partners/{id}/history", "/api/partners/changes?after=0",
            "/api/changesets", "/api/changesets/1", "/api/changesets/1/changes", "/api/changesets/by-key/k", "/api/keys", "/api/audit",
            "/health/live", "/health/ready", "/errors", "/help", "/help/nothing", "/help/pictures/partners.png",
            "/openapi/v1.json", "/docs/", "/", "/nothing",
        ];
        foreach (var path in paths)
        {
            var get = await api.GetAsync(path);
            var head = await api.SendAsync(HttpMethod.Head, path);

            Assert.Equal((path, get.Status, 0), (path, head.Status, head.Body.Length));
            Assert.Equal(Headers(get), Headers(head));
            if (path.StartsWith("/api", StringComparison.Ordinal)
                && !get.ContentHeaders.ContentType!.MediaType!.StartsWith("text", StringComparison.Ordinal))
                Assert.Equal((path, (long?)get.Body.Length), (path, head.ContentHeaders.ContentLength));
        }
        Assert.Equal(304, (await api.SendAsync(HttpMethod.Head, $"/api/partners/{id}", ifNoneMatch: "*")).Status);
        Assert.Equal(405, (await api.SendAsync(HttpMethod.Head, "/api/changesets/1/undo")).Status);
        Assert.Equal(401, (await host.WithKey("nobody").SendAsync(HttpMethod.Head, "/api/partners")).Status);
    }

    [Theory]
    [InlineData("text/csv")]
    [InlineData("application/x-ndjson")]
    public async Task HEAD_of_an_export_has_its_headers(string type)
    {
        var api = await host.NewWorkspaceAsync();
        await api.CreateAsync();

        var head = await api.SendAsync(HttpMethod.Head, "/api/partners?count=true", accept: type);

        Assert.Equal((200, type, 0), (head.Status, head.ContentHeaders.ContentType!.MediaType, head.Body.Length));
        Assert.Equal(1, head.Count("Roster-Total"));
        Assert.Equal(400, (await api.SendAsync(HttpMethod.Head, "/api/partners?cursor=nonsense", accept: type)).Status);
    }

    [Fact]
    public void Every_route_that_has_GET_has_HEAD()
    {
        var methods = host.Endpoints.OfType<RouteEndpoint>()
            .Select(route => (route.RoutePattern.RawText,
                Methods: route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods)).ToArray();

        Assert.All(methods, route => Assert.Equal(route.Methods.Contains("GET"), route.Methods.Contains("HEAD")));
        Assert.Contains(methods, route => route.Methods.Contains("HEAD"));
    }

    [Theory]
    [InlineData("text/html,application/xhtml+xml,*/*;q=0.8", 302)]
    [InlineData("application/json", 404)]
    [InlineData("*/*", 404)]
    [InlineData(null, 404)]
    public async Task The_front_page_leads_browsers_to_the_console_and_tells_programs_that_nothing_is_there(string? accept, int status)
    {
        await host.NewWorkspaceAsync();
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = host.Address };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);

        using var answer = await http.SendAsync(request);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(status == 302 ? "/console/" : null, answer.Headers.Location?.OriginalString);
        if (status == 404)
            Assert.Contains("\"not_found\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("phone=+44 20 7946 0000")]
    [InlineData("phone=%2B44 20 7946 0000")]
    [InlineData("phone=+442079460000")]
    [InlineData("q=+44 20 7946")]
    [InlineData("q=%2B44 20 7946")]
    public async Task A_phone_is_found_whether_or_not_its_plus_is_escaped(string query)
    {
        var api = await host.NewWorkspaceAsync();
        await api.PutAsync("""[{"externalId": "rt-1", "name": "Ada Lovelace", "email": "ada@example.com", "phone": "+44 20 7946 0000"}]""");

        Assert.Equal(["Ada Lovelace"], (await api.GetAsync($"/api/partners?{query}")).Names);
    }

    [Theory]
    [InlineData("kim+news@example.com")]
    [InlineData("kim news@example.com")]
    [InlineData("+kim@example.com")]
    public async Task An_email_with_a_space_is_refused_with_how_to_write_a_plus(string email)
    {
        var api = await host.NewWorkspaceAsync();
        await api.CreateAsync("""{"name":"Kim","email":"kim+news@example.com"}""");

        var refused = await api.GetAsync($"/api/partners?email={email}");

        Assert.Equal((400, "invalid_parameter"), (refused.Status, refused.Code));
        Assert.Contains("%2B", refused.Text, StringComparison.Ordinal);
        Assert.Equal(["Kim"], (await api.GetAsync("/api/partners?email=kim%2Bnews@example.com")).Names);
        Assert.Equal(["Kim"], (await api.GetAsync("/api/partners?q=kim%2Bnews")).Names);
    }

    private static IEnumerable<string> Headers(Answer answer) => answer.Headers.Concat(answer.ContentHeaders)
        .Where(header => !OfOneAnswer.Contains(header.Key, StringComparer.OrdinalIgnoreCase) && header.Key != "Content-Length")
        .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}").Order(StringComparer.Ordinal);
}

public sealed class HeadOnSqlite(SqliteHost host) : HeadContract(host);

public sealed class HeadOnPostgres(PostgresHost host) : HeadContract(host);
