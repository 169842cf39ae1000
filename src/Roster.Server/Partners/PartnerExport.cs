using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;
using Roster.Server.Http;

namespace Roster.Server.Partners;

/// <summary>
/// Streams a list of any length in constant memory: page after page by cursor, so that no read transaction stays open while
/// a slow client reads.
/// </summary>
internal static class PartnerExport
{
    private const int PageSize = 8_000;

    /// <summary>What spreadsheets take for a formula (owasp.org/www-community/attacks/CSV_Injection).</summary>
    private const string FormulaStarts = "=+-@\t\r";

    public static async Task WriteAsync(HttpContext http, IRosterStore store, PartnerListRequest list, PartnerFormat format)
    {
        var left = list.Query.Take;
        var query = list.Query with { Take = Math.Min(left, PageSize) };
        // The first page comes before the headers, so that what is wrong with the list is an answer and not a torn stream.
        var page = await list.ReadAsync(store, http.Caller().WorkspaceId, query, http.RequestAborted);
        http.Response.ContentType = format.ContentType;
        var isFirst = true;
        while (true)
        {
            // The next page is read while this one is written and sent.
            left -= page.Partners.Count;
            query = query with { After = page.Next, Skip = 0, Take = Math.Min(left, PageSize) };
            var next = page.Next is null || left <= 0 ? null : ReadAsync(query);
            try
            {
                if (format == PartnerFormat.Ndjson)
                    WriteLines(http, page.Partners, list.Include);
                else
                    WriteRecords(http, page.Partners, list.Include, format == PartnerFormat.Spreadsheet, isFirst);
                isFirst = false;
                await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
            }
            finally
            {
                // No read outlives its request, also where the client has gone.
                if (next is not null)
                    await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            if (next is null)
                break;
            page = await next;
        }

        Task<PartnerPage> ReadAsync(PartnerQuery part) =>
            Task.Run(() => list.ReadAsync(store, http.Caller().WorkspaceId, part, http.RequestAborted), http.RequestAborted);
    }

    private static void WriteLines(HttpContext http, IReadOnlyList<Partner> partners, IncludedFields include)
    {
        using var json = new PartnerJson(http.Response.BodyWriter, include);
        foreach (var partner in partners)
            json.WriteLine(partner);
    }

    private static void WriteRecords(
        HttpContext http, IReadOnlyList<Partner> partners, IncludedFields include, bool isSpreadsheet, bool isFirst)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var csv = new CsvWriter(text, new CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\r\n" }, leaveOpen: true))
        {
            if (isFirst)
                WriteHeader(csv, include);
            foreach (var partner in partners)
                WriteRecord(csv, partner, include, isSpreadsheet);
        }
        if (isFirst && isSpreadsheet)
            Encoding.UTF8.GetBytes("\uFEFF", http.Response.BodyWriter);
        // Piece by piece, since the whole would be one large string; a letter can begin in one and end in the next.
        var encoder = Encoding.UTF8.GetEncoder();
        foreach (var piece in text.GetStringBuilder().GetChunks())
            encoder.Convert(piece.Span, http.Response.BodyWriter, flush: false, out _, out _);
    }

    private static void WriteHeader(CsvWriter csv, IncludedFields include)
    {
        foreach (var name in new[] { "id", "name", "email", "phone", "externalId", "createdAt", "updatedAt" })
            csv.WriteField(name);
        if (include.HasFlag(IncludedFields.Revision))
            csv.WriteField("revision");
        if (include.HasFlag(IncludedFields.DeletedAt))
            csv.WriteField("deletedAt");
        csv.NextRecord();
    }

    private static void WriteRecord(CsvWriter csv, Partner partner, IncludedFields include, bool isSpreadsheet)
    {
        csv.WriteField(partner.Id.ToString());
        foreach (var text in new[] { partner.Name, partner.Email, partner.Phone, partner.ExternalId })
            csv.WriteField(isSpreadsheet ? Guard(text) : text is null ? CsvBatchReader.Null : CsvBatchReader.Escape(text));
        csv.WriteField(partner.CreatedAt.ToString());
        csv.WriteField(partner.UpdatedAt.ToString());
        if (include.HasFlag(IncludedFields.Revision))
            csv.WriteField(PartnerAnswer.Number(partner.Revision));
        if (include.HasFlag(IncludedFields.DeletedAt))
            csv.WriteField(partner.DeletedAt?.ToString());
        csv.NextRecord();
    }

    /// <summary>An apostrophe in front makes a spreadsheet take the cell for text.</summary>
    private static string? Guard(string? text) =>
        text is { Length: > 0 } && FormulaStarts.Contains(text[0], StringComparison.Ordinal) ? '\'' + text : text;
}
