using Roster.Partners;

namespace Roster.Log;

/// <summary>Who asked for a change set.</summary>
/// <param name="KeyId">The API key.</param>
/// <param name="RequestId">The request's id, unique for ever.</param>
public readonly record struct Origin(Guid KeyId, Guid RequestId);

/// <summary>A change set without its changes, as lists show it.</summary>
/// <param name="Undoes">The revision of the change set that it undoes, or null.</param>
/// <param name="UndoneBy">The revision of the newest change set that undoes this one, or null.</param>
/// <param name="Import">Set if it is a part of an import.</param>
public sealed record ChangeSet(
    Revision Revision, string Kind, Origin Origin, ChangeCounts Counts, long? Undoes, long? UndoneBy, ImportMark? Import = null);

/// <summary>Marks a change set as a part of an import. No two change sets have the same part.</summary>
/// <param name="Part">From 1.</param>
public readonly record struct ImportMark(Guid ImportId, int Part, int Parts);

/// <summary>How many partners a request created, updated and so on.</summary>
public readonly record struct ChangeCounts(int Created, int Updated, int Unchanged, int Deleted, int Restored)
{
    /// <summary>Number of changed partners, which is the number of entries in the log.</summary>
    public int Changed => Created + Updated + Deleted + Restored;
}

/// <summary>Filter of a list of change sets, newest first. A null parameter does not filter.</summary>
/// <param name="Before">Only change sets before this revision.</param>
/// <param name="KeyId">Only change sets made with this API key.</param>
/// <param name="Since">Only change sets made at this time or later.</param>
public sealed record ChangeSetQuery(int Take, long? Before = null, Guid? KeyId = null, Timestamp? Since = null, string? Kind = null);

/// <summary>The revision, kind and origin of a change set.</summary>
public sealed record ChangeSetHead(Revision Revision, string Kind, Origin Origin);

/// <summary>A change set with its changes, as the log has it. The largest ones take 100 MB of memory.</summary>
public sealed record LoggedChangeSet(ChangeSetHead Head, IReadOnlyList<LoggedChange> Changes)
{
    public Revision Revision => Head.Revision;

    /// <param name="skip">Number of entries to skip first.</param>
    /// <param name="take">Most entries to read.</param>
    /// <returns>Null if the log has no such change set.</returns>
    public static async Task<LoggedChangeSet?> ReadAsync(
        IRosterStore store, long workspaceId, long revision, int skip, int take, CancellationToken cancel)
    {
        var part = new Part(skip, take);
        await store.VisitLogAsync(workspaceId, [revision], part, cancel);
        return part.Head is null ? null : new LoggedChangeSet(part.Head, part.Entries);
    }

    private sealed class Part(int skip, int take) : LogVisitor
    {
        private TextBudget _text = new();
        private int _seen;

        public ChangeSetHead? Head { get; private set; }

        public List<LoggedChange> Entries { get; } = [];

        public override void Begin(ChangeSetHead head)
        {
            (Head, _seen, _text) = (head, 0, new TextBudget());
            Entries.Clear();
        }

        public override EntryUse Look(Guid id) => _seen++ < skip ? EntryUse.Skip : Entries.Count < take ? EntryUse.Read : EntryUse.Stop;

        public override void Take(LoggedChange entry)
        {
            _text.Add(entry.Before?.Values);
            Entries.Add(entry);
        }
    }
}

/// <summary>One entry of a change set in the log: a partner and its state before.</summary>
/// <param name="Before">Null if the change set created the partner.</param>
public sealed record LoggedChange(Guid Id, LoggedState? Before);

/// <summary>A partner's state that a change set replaced.</summary>
/// <param name="Revision">The change set that wrote this state; its entry has the state before that.</param>
/// <param name="Values">Null if they were removed: erased, or older than the operator's retention time.</param>
public sealed record LoggedState(long Revision, Timestamp UpdatedAt, Timestamp? DeletedAt, PartnerValues? Values)
{
    public bool HasValues => Values is not null;

    /// <summary>The partner in this state.</summary>
    /// <param name="partner">The same partner in any other state.</param>
    public Partner Of(Partner partner) => partner with
    {
        Values = Values ?? PartnerValues.Gone,
        UpdatedAt = UpdatedAt,
        DeletedAt = DeletedAt,
        Revision = Revision,
    };
}
