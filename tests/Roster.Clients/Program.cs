// Roster.Clients nswag|kiota ADDRESS KEY
// Calls a server through a generated client, as an integrator would, and prints the result of each call.
// The test suite compares the lines.
var (generator, address, key) = (args[0], new Uri(args[1]), args[2]);
using var links = new LinkReader();
using var http = new HttpClient(links) { BaseAddress = address };
http.DefaultRequestHeaders.Authorization = new("Bearer", key);
IAsyncEnumerable<string> lines = generator == "nswag" ? NSwagScenario.RunAsync(http, links) : KiotaScenario.RunAsync(http, links);
await foreach (var line in lines)
    Console.WriteLine(line);

/// <summary>Remembers the cursor of the last answer's Link header, which generated methods do not return.</summary>
internal sealed class LinkReader() : DelegatingHandler(new SocketsHttpHandler())
{
    public string? NextCursor { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        NextCursor = response.Headers.TryGetValues("Link", out var links)
            && links.Single().Split('<', '>')[1].Split("cursor=") is [_, var rest]
            ? Uri.UnescapeDataString(rest.Split('&')[0]) : null;
        return response;
    }
}
