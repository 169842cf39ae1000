using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Roster.Batches;
using Roster.Server.Http;

namespace Roster.Tests.Server;

/// <summary>
/// The OpenAPI document describes the server completely. The client of all other tests checks that each answer
/// conforms.
/// </summary>
public sealed partial class OpenApiTests(SqliteHost host)
{
    [Fact]
    public async Task The_document_is_served_as_it_is_written()
    {
        var answer = await host.WithKey(null).GetAsync("/openapi/v1.json");

        Assert.Equal("3.1.1", answer.Json.GetProperty("openapi").GetString());
        Assert.Equal(ApiDocument.Root.ToJsonString(), JsonSerializer.Serialize(answer.Json));
    }

    [Fact]
    public void The_route_table_and_the_document_hold_the_same_operations()
    {
        var routes = host.Endpoints.OfType<RouteEndpoint>()
            .Where(route => !route.RoutePattern.RawText!.StartsWith("/docs", StringComparison.Ordinal))
            .Where(route => !route.RoutePattern.RawText!.StartsWith("/console", StringComparison.Ordinal))
            .Where(route => !route.RoutePattern.RawText!.StartsWith("/help", StringComparison.Ordinal))
            // The document says once that each GET has HEAD, too; HeadContract tests it.
            .SelectMany(route => route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Where(method => method != "HEAD")
                // A route writes a parameter that may contain slashes in another way.
                .Select(method => $"{method} /{route.RoutePattern.RawText!.Trim('/').Replace("{**", "{", StringComparison.Ordinal)}"));

        Assert.Equal(ApiDocument.Operations.Order(StringComparer.Ordinal), routes.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Each_call_takes_the_query_parameters_that_the_document_has_and_no_others()
    {
        var api = await host.NewWorkspaceAsync();
        var differing = new List<string>();
        foreach (var operation in ApiDocument.Operations.Where(operation => operation.Contains("/api/", StringComparison.Ordinal)
            // A client ignores what a provider of OpenID Connect adds (RFC 6749, 4.1.2).
            && !operation.EndsWith("/callback", StringComparison.Ordinal)))
        {
            var (method, path) = (new HttpMethod(operation.Split(' ')[0]), operation.Split(' ')[1]);
            var body = method == HttpMethod.Get ? null : new StringContent("[]", null, "application/json");
            var filled = path.Replace("{revision}", "1", StringComparison.Ordinal)
                .Replace("{id}", $"{Guid.NewGuid()}", StringComparison.Ordinal)
                .Replace("{key}", "k", StringComparison.Ordinal);
            var answer = await api.SendAsync(method, filled + "?parameter=", body);
            var known = KnownParameters().Match(answer.Text) is { Success: true } match ? match.Groups["names"].Value.Split(", ") : [];
            if (answer.Code != ProblemCode.UnknownParameter
                || !known.Order(StringComparer.Ordinal).SequenceEqual(ApiDocument.QueryParameters(operation)))
                differing.Add($"{operation}: {answer.Text}, but {string.Join(", ", ApiDocument.QueryParameters(operation))}");
        }
        Assert.Empty(differing);
    }

    [GeneratedRegex("it has: (?<names>[A-Za-z, ]+)")]
    private static partial Regex KnownParameters();

    [Theory]
    [InlineData("Problem", typeof(ProblemCode))]
    [InlineData("Fault", typeof(FaultCode))]
    public void Every_code_is_in_the_document(string schema, Type codes)
    {
        var known = codes.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetValue(null)!);
        var documented = ApiDocument.Root["components"]!["schemas"]![schema]!["properties"]!["code"]!["enum"]!
            .AsArray().Select(code => code!.GetValue<string>());

        Assert.Equal(known.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_code_of_an_answer_is_named_by_a_response()
    {
        var responses = ApiDocument.Root["components"]!["responses"]!.ToJsonString();

        foreach (var field in typeof(ProblemCode).GetFields(BindingFlags.Public | BindingFlags.Static))
            Assert.Contains((string)field.GetValue(null)!, responses, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_examples_of_the_document_are_what_the_server_takes_and_gives()
    {
        var api = await host.NewWorkspaceAsync();
        var put = ApiDocument.Root["paths"]!["/api/partners"]!["put"]!["requestBody"]!["content"]!.AsObject();
        foreach (var (type, content) in put)
        {
            var example = content!["example"]!;
            var body = type == "application/json" ? example.ToJsonString() : example.GetValue<string>();
            Assert.Equal(200, (await api.PutAsync(System.Text.Encoding.UTF8.GetBytes(body), type)).Status);
        }
    }

    [Fact]
    public async Task The_page_for_people_needs_nothing_from_the_internet()
    {
        var page = await host.WithKey(null).GetAsync("/docs/");
        Assert.Equal((200, "text/html"), (page.Status, page.ContentHeaders.ContentType!.MediaType));

        var scripts = Regex.Matches(page.Text, """(?:src|href)="([^"]+)"|import\(?'([^']+)'|from '([^']+)'""")
            .Select(match => match.Groups.Cast<Group>().Skip(1).First(group => group.Success).Value).ToList();
        Assert.DoesNotContain("//", string.Concat(scripts), StringComparison.Ordinal);
        Assert.NotEmpty(scripts);
        foreach (var script in scripts.Where(script => script.EndsWith(".js", StringComparison.Ordinal)))
            Assert.Equal(200, (await host.WithKey(null).GetAsync(new Uri(new Uri(host.Address, "/docs/"), script).PathAndQuery)).Status);
    }
}
