using Microsoft.AspNetCore.Http.Features;

namespace Roster.Server.Http;

/// <summary>Paths as they were sent: routing decodes only some escapes, and not that of a slash.</summary>
internal static class RawPath
{
    /// <summary>
    /// What comes after these segments and a slash, with its escapes. The segments may be escaped, too, and follow a scheme and host.
    /// </summary>
    public static string After(HttpContext http, IReadOnlyCollection<string> segments)
    {
        var path = http.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?', '#')[0];
        if (path.IndexOf("://", StringComparison.Ordinal) is > 0 and var scheme && !path.StartsWith('/'))
            path = path.IndexOf('/', scheme + 3) is > 0 and var start ? path[start..] : "";
        var before = new List<string>();
        while (path.StartsWith('/') && !before.SequenceEqual(segments))
        {
            var end = path.IndexOf('/', 1);
            var segment = Uri.UnescapeDataString(end < 0 ? path[1..] : path[1..end]).ToLowerInvariant();
            path = end < 0 ? "" : path[end..];
            if (segment == ".." && before.Count > 0)
                before.RemoveAt(before.Count - 1);
            else if (segment is not ("." or ".."))
                before.Add(segment);
        }
        return path.Length > 1 ? path[1..] : "";
    }
}
