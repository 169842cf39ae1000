using Microsoft.Net.Http.Headers;
using Roster.Server.Http;

namespace Roster.Server.Partners;

/// <summary>A format that a list can be answered in.</summary>
/// <param name="ContentType">As the answer names it.</param>
/// <param name="IsStreamed">Whether it is written partner by partner, so that a list of any length fits.</param>
internal sealed record PartnerFormat(string ContentType, bool IsStreamed)
{
    public static readonly PartnerFormat Json = new(RequestBody.Json + "; charset=utf-8", false);
    public static readonly PartnerFormat Ndjson = new(RequestBody.Ndjson + "; charset=utf-8", true);
    public static readonly PartnerFormat Csv = new(RequestBody.Csv + "; charset=utf-8; header=present", true);
    public static readonly PartnerFormat Spreadsheet = new(RequestBody.Csv + "; charset=utf-8; header=present; profile=spreadsheet", true);

    /// <summary>The format that the Accept header likes best; JSON where it likes all, or says nothing.</summary>
    /// <returns>Null where it accepts none.</returns>
    public static PartnerFormat? Negotiate(HttpRequest request)
    {
        if (request.Headers.Accept.Count == 0)
            return Json;
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted))
            return null;
        return accepted.Where(type => type.Quality is not 0)
            .OrderByDescending(type => type.Quality ?? 1)
            .Select(Named)
            .FirstOrDefault(format => format is not null);
    }

    private static PartnerFormat? Named(MediaTypeHeaderValue type) => type.MediaType.ToString().ToLowerInvariant() switch
    {
        RequestBody.Json or "application/*" or "*/*" => Json,
        RequestBody.Ndjson => Ndjson,
        RequestBody.Csv or "text/*" => type.Parameters.Any(IsSpreadsheetProfile) ? Spreadsheet : Csv,
        _ => null,
    };

    private static bool IsSpreadsheetProfile(NameValueHeaderValue parameter) =>
        parameter.Name.Equals("profile", StringComparison.OrdinalIgnoreCase)
        && HeaderUtilities.RemoveQuotes(parameter.Value).Equals("spreadsheet", StringComparison.OrdinalIgnoreCase);
}
