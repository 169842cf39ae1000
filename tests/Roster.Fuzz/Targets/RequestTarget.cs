using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Roster.Access;
using Roster.Partners;
using Roster.Server.Formats;
using Roster.Server.Guard;
using Roster.Server.Http;
using Roster.Server.Imports;
using Roster.Server.Partners;
using Roster.Server.Writes;

namespace Roster.Fuzz.Targets;

/// <summary>
/// The query and the headers of a request: its first line is the query, the others are headers. What is wrong is a problem
/// that can be sent; what is right leads to a next page of the same list.
/// </summary>
internal sealed class RequestTarget() : FuzzTarget("request")
{
    private const string Path = "/api/partners";

    /// <summary>What the sending of a problem needs.</summary>
    private static readonly ServiceProvider Services = new ServiceCollection().AddSingleton<UnsentAnswers>().BuildServiceProvider();

    private static readonly PartnerCursor Cursor = new(Guid.Parse("019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10"), "é", new Timestamp(5_000));

    public override void Run(byte[] input)
    {
        var lines = Encoding.Latin1.GetString(input).Split('\n');
        var query = "?" + lines[0].Trim('\r', '?');
        var write = NewRequest(query, lines);
        var parameters = new Parameters(write.Request);
        WriteOptions.Read(write.Request, parameters);
        Send(parameters.Finish(), write);
        Send(RequestBody.Refuse(write.Request, RequestBody.Json, RequestBody.Ndjson, RequestBody.Csv), write);
        RequestBody.IsCsv(write.Request);
        var upload = new Parameters(write.Request);
        if (ContentDigest.Read(write.Request, upload) is { } digest)
            FuzzException.UnlessSame(32, digest.Length, "bytes of a digest");
        HostnameList.Parse(["example.com"], out _)!.AllowsPage(write.Request.Headers.Origin.ToString());
        ReadList(NewRequest(query, lines));
    }

    private static DefaultHttpContext NewRequest(string query, string[] lines)
    {
        var http = new DefaultHttpContext { RequestServices = Services };
        http.Request.Method = "PUT";
        http.Request.Path = Path;
        http.Request.QueryString = new QueryString(query);
        http.Response.Body = new MemoryStream();
        foreach (var line in lines.Skip(1))
        {
            var colon = line.IndexOf(':');
            // Kestrel lets no control characters through.
            if (colon > 0 && line[..colon].All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
                http.Request.Headers.Append(line[..colon], new string([.. line[(colon + 1)..].Trim().Where(c => !char.IsControl(c))]));
        }
        return http;
    }

    /// <summary>A problem is JSON, whatever is wrong.</summary>
    private static void Send(Problem? problem, DefaultHttpContext http)
    {
        if (problem is null)
            return;
        var body = new MemoryStream();
        http.Response.Body = body;
        problem.WriteAsync(http).GetAwaiter().GetResult();
        using var json = JsonDocument.Parse(body.ToArray());
        FuzzException.UnlessSame(http.Response.StatusCode, problem.Status, "the status of a problem");
        FuzzException.Unless(json.RootElement.GetProperty("code").GetString() is { Length: > 0 }, "a problem without a code");
    }

    private void ReadList(DefaultHttpContext http)
    {
        if (PartnerFormat.Negotiate(http.Request) is not { } format)
            return;
        var parameters = new Parameters(http.Request);
        var list = PartnerListRequest.Parse(parameters, 1, format);
        if (parameters.Finish() is { } problem)
        {
            Send(problem, http);
            return;
        }
        Accept();
        list.Query.Filter.Matches(new Partner(Cursor.Id, PartnerValues.Gone.With(PartnerField.Name, "é"), default, default, null, 1));
        list.ShowNext(http, Cursor);
        var link = http.Response.Headers.Link.ToString();
        var next = new DefaultHttpContext();
        next.Request.QueryString = new QueryString(link.Split('<', '>')[1][Path.Length..]);
        var again = new Parameters(next.Request);
        var page = PartnerListRequest.Parse(again, 1, format);
        FuzzException.UnlessSame(null, again.Finish()?.English, $"a problem of the next page {link}");
        FuzzException.UnlessSame(list.Query.Filter.ToString(), page.Query.Filter.ToString(), "the filter of the next page");
        FuzzException.UnlessSame(
            list.Query with { Filter = page.Query.Filter, Skip = 0, After = Cursor }, page.Query, "the query of the next page");
        FuzzException.UnlessSame(list.AsOf, page.AsOf, "the moment of the next page");
        FuzzException.Unless(QueryHelpers.ParseQuery(next.Request.QueryString.Value).ContainsKey("cursor"), "a next page without cursor");
    }
}
