using System.Buffers;
using Roster.Batches;
using Roster.Partners;
using Roster.Server.Guard;
using Roster.Server.Http;
using Roster.Server.Partners;

namespace Roster.Server.Formats;

/// <summary>
/// Streams a list of any length in constant memory: page by page with a cursor, so that no read transaction stays open
/// for a slow client.
/// </summary>
internal static class PartnerExport
{
    private const int PageSize = 8_000;

    /// <summary>Most metadata columns: with the other columns, at most the limit for uploaded CSV.</summary>
    private const int MaxMetadataKeys = CsvFormat.MaxColumns - 20;

    public static async Task WriteAsync(
        HttpContext http, IRosterStore store, RequestLimits limits, PartnerListRequest list, PartnerFormat format)
    {
        var keys = await MetadataKeysAsync(http, store, list, format);
        if (keys is null)
        {
            await Problem.InvalidParameter(
                "include",
                $"There are more than {MaxMetadataKeys} keys of metadata, too many for columns; ask for NDJSON.").WriteAsync(http);
            return;
        }
        var left = list.Query.Take;
        var query = list.Query with { Take = HttpMethods.IsHead(http.Request.Method) ? 1 : Math.Min(left, PageSize) };
        // Read the first page before sending headers, so that a failure is an error answer and not a broken stream.
        if (await ReadAsync(query, isUnderWay: false) is not { } page)
        {
            await Problem.Overloaded.WriteAsync(http);
            return;
        }
        http.Response.ContentType = format.ContentType;
        if (HttpMethods.IsHead(http.Request.Method))
        {
            page.Memory.Dispose();
            return;
        }
        var sending = Task.CompletedTask;
        for (var isFirst = true; ; isFirst = false)
        {
            left -= page.Partners.Count;
            query = query with { After = page.Next, Skip = 0, Take = Math.Min(left, PageSize) };
            var isLast = page.Next is null || left <= 0;
            // Read the next page while this one is sent, if the client keeps up. For a slow client, only bytes are
            // held.
            var next = isLast || !sending.IsCompleted ? null : ReadAheadAsync(query);
            JsonAnswer? part = null;
            try
            {
                part = Write(page.Partners, list.Include, keys, format, isFirst);
                await part.ReserveAsync(http);
                page.Memory.Dispose();
                page = page with { Partners = [] };
                await sending;
                sending = part.SendPartAsync(http);
                part = null;
                if (isLast)
                    break;
                page = (await (next ?? ReadAheadAsync(query)))!;
            }
            catch
            {
                page.Memory.Dispose();
                part?.Dispose();
                // No read may outlive its request, even if the client has disconnected.
                await EndAsync(next);
                if (!sending.IsCompleted)
                    http.Abort();
                await EndAsync(sending);
                throw;
            }
        }
        await sending;

        Task<Page?> ReadAheadAsync(PartnerQuery part) => Task.Run(() => ReadAsync(part, isUnderWay: true), http.RequestAborted);

        async Task<Page?> ReadAsync(PartnerQuery part, bool isUnderWay)
        {
            if (await limits.TakeMemoryForPageAsync(part.Take, isUnderWay, http.RequestAborted) is not { } memory)
                return null;
            try
            {
                var (partners, next) = await list.ReadAsync(store, http.Caller().WorkspaceId, part, http.RequestAborted);
                return new Page(partners, next, memory);
            }
            catch
            {
                memory.Dispose();
                throw;
            }
        }
    }

    private static async Task EndAsync(Task? task)
    {
        if (task is not null)
            await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (task is Task<Page?> { IsCompletedSuccessfully: true, Result: { } page })
            page.Memory.Dispose();
    }

    /// <summary>The metadata keys that get a column: all that partners have when the export begins.</summary>
    /// <returns>Null if there are too many.</returns>
    private static async Task<IReadOnlyList<string>?> MetadataKeysAsync(
        HttpContext http, IRosterStore store, PartnerListRequest list, PartnerFormat format)
    {
        if (format.Csv is null || !list.Include.HasFlag(IncludedFields.Metadata))
            return [];
        var keys = await store.ListTermsAsync(
            http.Caller().WorkspaceId, TermKind.MetadataKey, null, MaxMetadataKeys + 1, http.RequestAborted);
        return keys.Count > MaxMetadataKeys ? null : [.. keys.Select(key => key.Term)];
    }

    private static JsonAnswer Write(
        IReadOnlyList<Partner> partners, IncludedFields include, IReadOnlyList<string> metadataKeys, PartnerFormat format, bool isFirst) =>
        JsonAnswer.OfBytes(buffer =>
        {
            if (format.Csv is { } csv)
                WriteRecords(partners, new PartnerCsv(buffer, include, metadataKeys, csv), isFirst);
            else
                WriteLines(buffer, partners, include);
        });

    private static void WriteLines(IBufferWriter<byte> buffer, IReadOnlyList<Partner> partners, IncludedFields include)
    {
        using var json = new PartnerJson(buffer, include);
        foreach (var partner in partners)
            json.WriteLine(partner);
    }

    private static void WriteRecords(IReadOnlyList<Partner> partners, PartnerCsv csv, bool isFirst)
    {
        if (isFirst)
            csv.WriteHeader();
        foreach (var partner in partners)
            csv.Write(partner);
    }

    /// <param name="Memory">The memory reserved for the partners; released when they are serialised.</param>
    private sealed record Page(IReadOnlyList<Partner> Partners, PartnerCursor? Next, IDisposable Memory);
}
