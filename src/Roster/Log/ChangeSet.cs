using Roster.Partners;

namespace Roster.Log;

/// <summary>Who asked for a change set.</summary>
/// <param name="KeyId">The API key.</param>
/// <param name="RequestId">The request's id, unique for ever.</param>
public readonly record struct Origin(Guid KeyId, Guid RequestId);

/// <summary>A change set as the log heads it.</summary>
/// <param name="Undoes">The revision of the change set that it undoes.</param>
/// <param name="UndoneBy">The newest change set that undoes this one.</param>
public sealed record ChangeSet(
    Revision Revision, string Kind, Origin Origin, ChangeCounts Counts, long? Undoes, long? UndoneBy);

/// <summary>How many partners a request created, and so on.</summary>
public readonly record struct ChangeCounts(int Created, int Updated, int Unchanged, int Deleted, int Restored)
{
    /// <summary>How many partners it changed, which is how many entries the log has of it.</summary>
    public int Changed => Created + Updated + Deleted + Restored;
}

/// <summary>Which change sets a list has, newest first; what is null does not filter.</summary>
/// <param name="Before">Only those before this revision.</param>
/// <param name="KeyId">The API key that made it.</param>
/// <param name="Since">Made at this time or later.</param>
public sealed record ChangeSetQuery(int Take, long? Before = null, Guid? KeyId = null, Timestamp? Since = null, string? Kind = null);

/// <summary>Which change set it is, what it was, and who asked for it.</summary>
public sealed record ChangeSetHead(Revision Revision, string Kind, Origin Origin);

/// <summary>What a change set did, as the log keeps it. Of the largest ones it takes 100 MB.</summary>
public sealed record LoggedChangeSet(ChangeSetHead Head, IReadOnlyList<LoggedChange> Changes)
{
    public Revision Revision => Head.Revision;

    /// <param name="skip">So many entries are passed over first.</param>
    /// <param name="take">Only so many entries are read.</param>
    /// <returns>Null where the log has no such change set.</returns>
    public static async Task<LoggedChangeSet?> ReadAsync(
        IRosterStore store, long workspaceId, long revision, int skip, int take, CancellationToken cancel)
    {
        var part = new Part(skip, take);
        await store.VisitLogAsync(workspaceId, [revision], part, cancel);
        return part.Head is null ? null : new LoggedChangeSet(part.Head, part.Entries);
    }

    private sealed class Part(int skip, int take) : LogVisitor
    {
        private readonly TextBudget _text = new();
        private int _passed;

        public ChangeSetHead? Head { get; private set; }

        public List<LoggedChange> Entries { get; } = [];

        public override void Begin(ChangeSetHead head)
        {
            (Head, _passed) = (head, 0);
            Entries.Clear();
        }

        public override EntryUse Look(Guid id) => _passed++ < skip ? EntryUse.Skip : Entries.Count < take ? EntryUse.Read : EntryUse.Stop;

        public override void Take(LoggedChange entry)
        {
            _text.Add(entry.Before?.Values);
            Entries.Add(entry);
        }
    }
}

/// <summary>One entry of a change set in the log: a partner, and what it was before.</summary>
/// <param name="Before">Null where the change set created the partner.</param>
public sealed record LoggedChange(Guid Id, LoggedState? Before);

/// <summary>A partner's state that a change set replaced.</summary>
/// <param name="Revision">The change set that had made it so; its entry leads one step further back.</param>
/// <param name="Values">Null where they are not kept any more: erased, or older than the operator keeps them.</param>
public sealed record LoggedState(long Revision, Timestamp UpdatedAt, Timestamp? DeletedAt, PartnerValues? Values)
{
    /// <summary>Whether the values are still there.</summary>
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
