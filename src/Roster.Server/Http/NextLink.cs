using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.WebUtilities;

namespace Roster.Server.Http;

internal static class NextLink
{
    /// <summary>Adds a Link header (RFC 8288) to the next page: the same request with another cursor.</summary>
    /// <param name="without">Parameters of the first page only.</param>
    public static void ShowNext(this HttpContext http, string parameter, string value, params string[] without)
    {
        var query = new QueryBuilder(
            Pairs(http.Request.QueryString).Where(one => one.Key != parameter && !without.Contains(one.Key)))
        {
            { parameter, value },
        };
        http.Response.Headers.Link = $"<{http.Request.Path}{query}>; rel=\"next\"";
    }

    /// <summary>The names and values of a query, in order. Names are as they are written, in upper or lower case.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Pairs(QueryString query)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var pair in new QueryStringEnumerable(query.Value))
            pairs.Add(new(pair.DecodeName().ToString(), pair.DecodeValue().ToString()));
        return pairs;
    }
}
