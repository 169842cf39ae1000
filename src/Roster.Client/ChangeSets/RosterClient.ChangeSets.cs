using System.Globalization;

namespace Roster.Client;

public sealed partial class RosterClient
{
    /// <summary>Steps of a history, or changes of a change set, on a page.</summary>
    private const int LogTake = 1_000;

    /// <summary>The change sets, newest first, page by page.</summary>
    public IAsyncEnumerable<ChangeSet> ListChangeSetsAsync(ChangeSetQuery? query = null, CancellationToken cancel = default) =>
        Pages.AllAsync((cursor, token) => ListChangeSetsPageAsync(query, cursor, token), cancel);

    /// <summary>One page of the change sets, newest first.</summary>
    /// <param name="cursor">The page before's <see cref="Page{T}.Next"/>; null for the first one.</param>
    public Task<Page<ChangeSet>> ListChangeSetsPageAsync(
        ChangeSetQuery? query = null, string? cursor = null, CancellationToken cancel = default) => _caller.SendAsync(
        new Call("change sets", HttpMethod.Get, $"api/changesets{(query ?? new()).ToQuery(cursor)}"),
        Read.Page(RosterJsonContext.Default.ListChangeSet), cancel);

    /// <returns>Null if there is none of this revision.</returns>
    public async Task<ChangeSet?> GetChangeSetAsync(long revision, CancellationToken cancel = default)
    {
        try
        {
            return await _caller.SendAsync(
                new Call("change set", HttpMethod.Get, PathOf(revision)), Read.Json(RosterJsonContext.Default.ChangeSet), cancel)
                .ConfigureAwait(false);
        }
        catch (RosterException missing) when (missing is { Status: 404, Code: "not_found" })
        {
            return null;
        }
    }

    /// <summary>What a change set did to each partner, in the order of its request, page by page.</summary>
    public IAsyncEnumerable<PartnerChange> ListChangesAsync(long revision, CancellationToken cancel = default) => Pages.AllAsync(
        (cursor, token) => _caller.SendAsync(
            new Call("changes", HttpMethod.Get, $"{PathOf(revision)}/changes{LogQuery(cursor)}"),
            Read.Page(RosterJsonContext.Default.ListPartnerChange), token),
        cancel);

    /// <summary>What became of one partner, deleted or not, newest first, page by page.</summary>
    public IAsyncEnumerable<HistoryStep> HistoryAsync(Guid id, CancellationToken cancel = default) => Pages.AllAsync(
        (cursor, token) => _caller.SendAsync(
            new Call("history", HttpMethod.Get, $"api/partners/{id}/history{LogQuery(cursor)}"),
            Read.Page(RosterJsonContext.Default.ListHistoryStep), token),
        cancel);

    /// <summary>
    /// Puts back what a change set changed, by a new change set. Nothing is undone if a partner was changed since, unless
    /// <see cref="UndoOptions.SkipConflicts"/> leaves those out.
    /// </summary>
    /// <exception cref="RosterException"><c>already_undone</c>, or <c>validation_failed</c> with the conflicts.</exception>
    public Task<UndoResult> UndoAsync(long revision, UndoOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new();
        var query = new QueryText().Add("dryRun", options.DryRun ? "true" : null)
            .Add("onConflict", options.SkipConflicts ? "skip" : null);
        var call = new Call("undo", HttpMethod.Post, $"{PathOf(revision)}/undo{query}")
        {
            Resend = options.DryRun ? Resend.Freely : Resend.ByReceipt,
            IdempotencyKey = options.DryRun ? null : options.IdempotencyKey ?? Guid.NewGuid().ToString("N"),
            IfRevision = options.IfRevision,
        };
        return _caller.SendAsync(call, async (answer, body, token) =>
        {
            var undone = await Read.OneAsync(body, RosterJsonContext.Default.Undone, token).ConfigureAwait(false);
            return new UndoResult
            {
                Revision = Headers.Number(answer, "Roster-Revision") ?? 0,
                Undoes = undone.Undoes,
                Created = Headers.Count(answer, "Roster-Created"),
                Updated = Headers.Count(answer, "Roster-Updated"),
                Unchanged = Headers.Count(answer, "Roster-Unchanged"),
                Deleted = Headers.Count(answer, "Roster-Deleted"),
                Restored = Headers.Count(answer, "Roster-Restored"),
                Changes = undone.Changes ?? [],
                Kept = undone.Kept ?? [],
            };
        }, cancel);
    }

    /// <summary>What became of the write with this idempotency key.</summary>
    public Task<Receipt> GetReceiptAsync(string idempotencyKey, CancellationToken cancel = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(idempotencyKey);
        return _caller.SendAsync(
            new Call("receipt", HttpMethod.Get, Caller.PathOfReceipt(idempotencyKey)),
            Read.Json(RosterJsonContext.Default.Receipt), cancel);
    }

    private static string PathOf(long revision) => $"api/changesets/{revision.ToString(CultureInfo.InvariantCulture)}";

    private static string LogQuery(string? cursor) => new QueryText().Add("take", LogTake).Add("cursor", cursor).ToString();
}
