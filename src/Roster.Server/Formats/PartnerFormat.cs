using Microsoft.Net.Http.Headers;
using Roster.Batches;
using Roster.Server.Http;

namespace Roster.Server.Formats;

/// <summary>A format of a list answer.</summary>
/// <param name="ContentType">The Content-Type of the answer.</param>
/// <param name="IsStreamed">Whether it is streamed, so that a list can have any length.</param>
/// <param name="Csv">The CSV dialect; null for other formats.</param>
internal sealed record PartnerFormat(string ContentType, bool IsStreamed, CsvFormat? Csv = null)
{
    public static readonly PartnerFormat Json = new(RequestBody.Json + "; charset=utf-8", false);
    public static readonly PartnerFormat Ndjson = new(RequestBody.Ndjson + "; charset=utf-8", true);

    /// <summary>The format that the Accept header prefers; JSON if it accepts anything or is missing.</summary>
    /// <returns>Null if it accepts none.</returns>
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

    private static PartnerFormat? Named(MediaTypeHeaderValue type) => RequestBody.FormatOf(type) switch
    {
        RequestBody.Json or "application/*" or "*/*" => Json,
        RequestBody.Ndjson => Ndjson,
        RequestBody.Csv or "text/*" when RequestBody.Divider(type) is { } divider =>
            OfCsv(new CsvFormat(divider, RequestBody.IsForSpreadsheets(type))),
        _ => null,
    };

    private static PartnerFormat OfCsv(CsvFormat csv)
    {
        var type = csv.Divider == '\t' ? RequestBody.TabSeparated : RequestBody.Csv;
        var delimiter = csv.Divider is ',' or '\t' ? "" : $"; delimiter={CsvFormat.NameOf(csv.Divider)}";
        var profile = csv.IsSpreadsheet ? "; profile=spreadsheet" : "";
        return new PartnerFormat($"{type}; charset=utf-8; header=present{delimiter}{profile}", true, csv);
    }
}
