using Roster.Imports;
using Roster.Server.Hosting;
using Roster.Server.Operations;

namespace Roster.Server.Imports;

/// <summary>
/// Reads and changes imports. A change that meets another one is made again on its result, so that requests and the server
/// that works on an import never overwrite each other.
/// </summary>
internal sealed class StoredImports(IRosterStore store, ServerSettings settings, TimeProvider clock, SteadyClock steady)
{
    /// <summary>When an import that could not be read or forgotten is tried again.</summary>
    private static readonly TimeSpan TriedAgain = TimeSpan.FromMinutes(1);

    public async Task<Import?> FindAsync(long workspaceId, Guid id, CancellationToken cancel) =>
        await store.FindImportAsync(workspaceId, id, cancel) is { } stored ? Import.Of(stored) : null;

    public async Task<Import> AddAsync(Import import, CancellationToken cancel)
    {
        var first = import with { Step = 1 };
        await store.AddImportAsync(first.ToStored(DueImports.DueAt(first)), cancel);
        ImportMetrics.Entered(first.State);
        return first;
    }

    /// <summary>Changes an import.</summary>
    /// <param name="change">Returns the same object to leave it as it is; may be called again.</param>
    /// <param name="block">Stored with the change, or not at all.</param>
    /// <returns>The import as it is now; null if there is none.</returns>
    public async Task<Import?> ChangeAsync(
        long workspaceId, Guid id, Func<Import, Import> change, CancellationToken cancel, ImportBlock? block = null)
    {
        while (await FindAsync(workspaceId, id, cancel) is { } now)
        {
            var next = change(now);
            if (ReferenceEquals(next, now))
                return now;
            next = next with
            {
                Step = now.Step + 1,
                AskedAt = next.Work is null ? null : next.Work == now.Work ? now.AskedAt : Now,
                // The time to keep it begins with each state.
                ForgetAt = next.State != now.State && next.ForgetAt is not null ? ForgetAt() : next.ForgetAt,
            };
            if (!await store.ReplaceImportAsync(next.ToStored(DueImports.DueAt(next)) with { Block = block }, cancel))
                continue;
            if (next.State != now.State)
                ImportMetrics.Entered(next.State);
            return next;
        }
        return null;
    }

    /// <summary>Changes an import for the server that works on it.</summary>
    /// <exception cref="LeaseLostException">Another server works on it now, or it was forgotten.</exception>
    public async Task<Import> ChangeAsync(Import import, Func<Import, Import> change, CancellationToken cancel)
    {
        var isLost = false;
        var changed = await ChangeAsync(
            import.WorkspaceId, import.Id,
            now =>
            {
                isLost = now.Lease != import.Lease;
                return isLost ? now : change(now);
            },
            cancel);
        return isLost || changed is null ? throw new LeaseLostException() : changed;
    }

    /// <summary>Makes an import due where it belongs, if nobody changes it at this moment.</summary>
    public Task PlaceAsync(Import import, CancellationToken cancel) =>
        store.ReplaceImportAsync((import with { Step = import.Step + 1 }).ToStored(DueImports.DueAt(import)), cancel);

    /// <summary>Lets an import that cannot be read or forgotten be due later, so that it does not stand before others.</summary>
    public Task PutOffAsync(StoredImport import, CancellationToken cancel) => store.ReplaceImportAsync(
        import with { Step = import.Step + 1, DueAt = Timestamp.From(steady.Earliest + TriedAgain) }, cancel);

    public Timestamp Now => Timestamp.Now(clock);

    /// <summary>When an import that changes now is to be forgotten.</summary>
    public Timestamp ForgetAt() => Timestamp.From(steady.Latest + settings.ImportsKept);

    /// <summary>An import that is to be planned, as it is or anew.</summary>
    public Import Planning(Import import) => import.In(ImportState.Uploaded, Now) with
    {
        Work = ImportWork.Plan,
        Lease = null,
        Counts = null,
        AllowedDeletes = null,
        Done = 0,
        Total = import.Contents!.Rows,
        Parts = 0,
        Conflicts = 0,
        LeftOut = null,
        Reason = null,
    };

    /// <summary>Deletes an import's file and rows. The receipt stays.</summary>
    /// <param name="change">What else changes.</param>
    public async Task ForgetAsync(Import import, Func<Import, Import> change, CancellationToken cancel)
    {
        foreach (var kind in Enum.GetValues<ImportBlockKind>())
            await store.DeleteImportBlocksAsync(import.WorkspaceId, import.Id, kind, 0, cancel);
        await ChangeAsync(import.WorkspaceId, import.Id, now => Forgotten(change(now)), cancel);
    }

    /// <summary>Without what the answer shows of the file's cells.</summary>
    public static Import WithoutSamples(Import import) => import with
    {
        Contents = import.Contents is not { } contents ? null : contents with
        {
            Encodings = [],
            Columns = [.. contents.Columns.Select(column => column with { Samples = [] })],
        },
    };

    private static Import Forgotten(Import import) => WithoutSamples(import) with
    {
        ForgetAt = null,
        FileGone = import.FileGone ?? "The file was kept for its time, and is forgotten now.",
    };
}

/// <summary>This server does not work on the import any more.</summary>
internal sealed class LeaseLostException() : Exception("Another server works on this import now.");
