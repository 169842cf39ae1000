using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NJsonSchema;
using Roster.Server.OpenApi;

namespace Roster.Tests.Hosting;

/// <summary>The OpenAPI document. Every answer to a test must conform to it.</summary>
internal static class ApiDocument
{
    /// <summary>
    /// The most bytes that are validated, because validating is slow; beyond them an answer only repeats itself.
    /// </summary>
    private const int MaxValidated = 100_000;

    /// <summary>The document does not describe them.</summary>
    private static readonly string[] PagesForPeople = ["/docs", "/console", "/help"];

    /// <summary>By their nodes in the document.</summary>
    private static readonly ConcurrentDictionary<JsonNode, JsonSchema> Schemas = new();

    public static JsonNode Root { get; } = Read();

    /// <summary>The paths, those without parameters first. Each answer is looked up here, so they are made once.</summary>
    private static readonly (string Path, Regex Pattern)[] Templates =
    [
        .. Root["paths"]!.AsObject().Select(one => one.Key).OrderBy(one => one.Contains('{', StringComparison.Ordinal))
            .Select(one => (one, new Regex("^" + Regex.Replace(one, @"\{[^}]+\}", "[^/]+") + "$"))),
    ];

    /// <summary>The operations as <c>GET /api/partners</c>.</summary>
    public static IEnumerable<string> Operations =>
        from path in Root["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        select $"{operation.Key.ToUpperInvariant()} {path.Key}";

    /// <summary>The names of an operation's query parameters, in order.</summary>
    public static IEnumerable<string> QueryParameters(string operation) =>
        (Root["paths"]![operation.Split(' ')[1]]![operation.Split(' ')[0].ToLowerInvariant()]!["parameters"]?.AsArray() ?? [])
            .Select(parameter => Resolve(parameter!)).Where(parameter => parameter["in"]!.GetValue<string>() == "query")
            .Select(parameter => parameter["name"]!.GetValue<string>()).Order(StringComparer.Ordinal);

    /// <summary>The names of headers that operations read, in order.</summary>
    public static IEnumerable<string> RequestHeaders => All(Root).OfType<JsonObject>()
        .Where(one => one["in"]?.ToString() == "header")
        .Select(one => one["name"]!.GetValue<string>()).Distinct().Order(StringComparer.Ordinal);

    /// <summary>The names of headers that answers have, in order.</summary>
    public static IEnumerable<string> ResponseHeaders => All(Root).OfType<JsonObject>()
        .Where(one => one["content"] is not null || one["description"] is not null)
        .SelectMany(one => one["headers"] is JsonObject headers ? headers.Select(header => header.Key) : [])
        .Concat(Root["x-every-path"]?["headers"]?.AsObject().Select(header => header.Key) ?? [])
        .Distinct().Order(StringComparer.Ordinal);

    public static void Check(HttpMethod method, string pathAndQuery, Answer answer)
    {
        var path = '/' + pathAndQuery.Split('?')[0].Trim('/');
        if (PagesForPeople.Any(page => path.StartsWith(page, StringComparison.Ordinal)))
            return;
        var template = Templates.FirstOrDefault(one => one.Pattern.IsMatch(path)).Path;
        // HEAD is GET without a body, on every path.
        var verb = (method == HttpMethod.Head ? HttpMethod.Get : method).Method.ToLowerInvariant();
        var operation = template is null ? null : Root["paths"]![template]![verb];
        if (operation is null)
        {
            if (method == HttpMethod.Options)
                return;
            Assert.Contains(answer.Status, new[] { 404, 405 });
            if (method != HttpMethod.Head)
                CheckBody(Root["components"]!["responses"]!["NotFound"]!, answer);
            return;
        }
        var response = operation["responses"]![answer.Status.ToString(System.Globalization.CultureInfo.InvariantCulture)];
        Assert.True(response is not null, $"{method} {template} does not document the status {answer.Status}: {answer.Text}");
        CheckHeaders(Resolve(response), answer);
        if (method == HttpMethod.Head)
            Assert.Empty(answer.Body);
        else
            CheckBody(Resolve(response), answer);
    }

    /// <summary>A node and all below it.</summary>
    private static IEnumerable<JsonNode> All(JsonNode node) =>
        (node switch { JsonObject map => map.Select(member => member.Value), JsonArray list => list, _ => [] })
        .OfType<JsonNode>().SelectMany(All).Prepend(node);

    private static JsonNode Resolve(JsonNode node) => node["$ref"] is { } reference
        ? reference.GetValue<string>().Split('/').Skip(1).Aggregate(Root, (parent, name) => parent[name]!) : node;

    private static void CheckHeaders(JsonNode response, Answer answer)
    {
        foreach (var header in answer.Headers.Where(header => header.Key.StartsWith("Roster-", StringComparison.Ordinal)))
            Assert.True(response["headers"]?[header.Key] is not null, $"The header {header.Key} is not documented.");
    }

    private static void CheckBody(JsonNode response, Answer answer)
    {
        if (response["content"] is not { } content)
        {
            Assert.Empty(answer.Body);
            return;
        }
        var type = answer.ContentHeaders.ContentType!.MediaType!;
        Assert.True(content[type] is not null, $"The content type {type} is not documented.");
        if (!type.EndsWith("json", StringComparison.Ordinal) || type.EndsWith("ndjson", StringComparison.Ordinal)
            || answer.Body.Length > MaxValidated || answer.ContentHeaders.ContentEncoding.Count > 0)
            return;
        var errors = SchemaOf(Resolve(content[type]!["schema"]!)).Validate(answer.Text);
        Assert.True(errors.Count == 0, string.Join('\n', errors) + "\n" + answer.Text);
    }

    private static JsonSchema SchemaOf(JsonNode schema) => Schemas.GetOrAdd(schema, node =>
    {
        var whole = node.DeepClone().AsObject();
        whole["definitions"] = Root["components"]!["schemas"]!.DeepClone();
        Close(whole);
        var json = whole.ToJsonString().Replace("#/components/schemas/", "#/definitions/", StringComparison.Ordinal);
        return JsonSchema.FromJsonAsync(json).GetAwaiter().GetResult();
    });

    /// <summary>
    /// The document leaves objects open, so that clients accept members added later. This server sends only those named.
    /// </summary>
    private static void Close(JsonNode? schema)
    {
        if (schema is JsonObject one && one["properties"] is JsonObject)
            one.TryAdd("additionalProperties", false);
        foreach (var part in schema switch { JsonObject map => map.Select(member => member.Value), JsonArray list => list, _ => [] })
            Close(part);
    }

    private static JsonNode Read()
    {
        using var stream = typeof(OpenApiPages).Assembly.GetManifestResourceStream("openapi/v1.json")!;
        return JsonNode.Parse(stream)!;
    }
}
