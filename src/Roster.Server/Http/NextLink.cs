using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.WebUtilities;

namespace Roster.Server.Http;

internal static class NextLink
{
    /// <summary>Adds a Link header (RFC 8288) to the next page: the same request with another cursor.</summary>
    /// <param name="without">Parameters of the first page only.</param>
    public static void ShowNext(this HttpContext http, string parameter, string value, params string[] without)
    {
        var query = new QueryBuilder(QueryHelpers.ParseQuery(http.Request.QueryString.Value)
            .Where(one => one.Key != parameter && !without.Contains(one.Key)))
        {
            { parameter, value },
        };
        http.Response.Headers.Link = $"<{http.Request.Path}{query}>; rel=\"next\"";
    }
}
