using Roster.Changes;
using Roster.Server.Http;

namespace Roster.Server.Partners;

/// <summary>
/// Streams a list of any length in constant memory: page after page by cursor, so that no read transaction stays open while
/// a slow client reads.
/// </summary>
internal static class PartnerExport
{
    private const int PageSize = 8_000;

    public static async Task WriteAsync(HttpContext http, IRosterStore store, PartnerListRequest list, PartnerFormat format)
    {
        var left = list.Query.Take;
        var query = list.Query with { Take = HttpMethods.IsHead(http.Request.Method) ? 1 : Math.Min(left, PageSize) };
        // The first page comes before the headers, so that what is wrong with the list is an answer and not a torn stream.
        var page = await list.ReadAsync(store, http.Caller().WorkspaceId, query, http.RequestAborted);
        http.Response.ContentType = format.ContentType;
        if (HttpMethods.IsHead(http.Request.Method))
            return;
        var isFirst = true;
        while (true)
        {
            // The next page is read while this one is written and sent.
            left -= page.Partners.Count;
            query = query with { After = page.Next, Skip = 0, Take = Math.Min(left, PageSize) };
            var next = page.Next is null || left <= 0 ? null : ReadAsync(query);
            try
            {
                if (format.Csv is { } csv)
                    WriteRecords(http, page.Partners, list.Include, csv, isFirst);
                else
                    WriteLines(http, page.Partners, list.Include);
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

    private static void WriteRecords(HttpContext http, IReadOnlyList<Partner> partners, IncludedFields include, CsvFormat format, bool isFirst)
    {
        var csv = new PartnerCsv(http.Response.BodyWriter, include, format);
        if (isFirst)
            csv.WriteHeader();
        foreach (var partner in partners)
            csv.Write(partner);
    }
}
