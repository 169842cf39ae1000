using System.Runtime.CompilerServices;

namespace Roster.Client;

public sealed partial class RosterClient
{
    private const int ListTake = 1_000;

    /// <summary>One partner.</summary>
    /// <param name="asOf">As it was at this revision.</param>
    /// <param name="deleted">Whether a deleted partner is found too.</param>
    /// <param name="include">Revision and DeletedAt.</param>
    /// <returns>Null if there is none.</returns>
    public async Task<Partner?> GetAsync(
        Guid id, long? asOf = null, bool deleted = false, PartnerInclude include = PartnerInclude.None, CancellationToken cancel = default)
    {
        var query = new QueryText().Add("asOf", asOf).Add("deleted", deleted ? "true" : null)
            .Add("include", QueryText.IncludeOf(include));
        try
        {
            return await _caller.SendAsync(
                new Call("get", HttpMethod.Get, $"api/partners/{id}{query}"), Read.Json(RosterJsonContext.Default.Partner), cancel)
                .ConfigureAwait(false);
        }
        catch (RosterException missing) when (missing is { Status: 404, Code: "not_found" })
        {
            return null;
        }
    }

    /// <summary>All partners of the list, page by page. By creation, none is skipped or seen twice.</summary>
    public async IAsyncEnumerable<Partner> ListAsync(
        PartnerQuery? query = null, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var page = (query ?? new()) with { Take = query?.Take ?? ListTake };
        do
        {
            var (partners, next, _) = await ListPageAsync(page, cancel).ConfigureAwait(false);
            foreach (var partner in partners)
                yield return partner;
            page = page with { Cursor = next, Skip = null };
        }
        while (page.Cursor is not null);
    }

    /// <summary>One page of the list.</summary>
    public Task<PartnerPage> ListPageAsync(PartnerQuery? query = null, CancellationToken cancel = default) => _caller.SendAsync(
        new Call("list", HttpMethod.Get, $"api/partners{(query ?? new()).ToQuery(query?.Take)}"),
        async (answer, body, token) => new PartnerPage(
            await Read.OneAsync(body, RosterJsonContext.Default.ListPartner, token).ConfigureAwait(false),
            Headers.Next(answer, "cursor"), Headers.Number(answer, "Roster-Total")),
        cancel);

    /// <summary>Writes the whole list, as it is sent, into a stream. Take bounds the partners in all.</summary>
    /// <param name="to">
    /// If it can seek, an export that breaks off begins again where the stream stood. Otherwise it fails, and what was written
    /// is incomplete.
    /// </param>
    public Task ExportAsync(
        Stream to, ExportFormat format = ExportFormat.Csv, PartnerQuery? query = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(to);
        var call = new Call("export", HttpMethod.Get, $"api/partners{(query ?? new()).ToQuery(query?.Take)}")
        {
            Accept = format switch
            {
                ExportFormat.Csv => "text/csv",
                ExportFormat.SpreadsheetCsv => "text/csv; profile=spreadsheet",
                _ => "application/x-ndjson",
            },
        };
        return _caller.SendAsync(call.Streamed(to), Read.Into(to), cancel);
    }
}
