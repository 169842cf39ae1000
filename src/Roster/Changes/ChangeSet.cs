namespace Roster.Changes;

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
public readonly record struct ChangeCounts(int Created, int Updated, int Unchanged, int Deleted, int Restored);

/// <summary>Which change sets a list has, newest first; what is null does not filter.</summary>
/// <param name="Before">Only those before this revision.</param>
/// <param name="KeyId">The API key that made it.</param>
/// <param name="Since">Made at this time or later.</param>
public sealed record ChangeSetQuery(int Take, long? Before = null, Guid? KeyId = null, Timestamp? Since = null, string? Kind = null);

/// <summary>What a change set did, as the log keeps it.</summary>
public sealed record LoggedChangeSet(Revision Revision, string Kind, Origin Origin, IReadOnlyList<LoggedChange> Changes);

/// <summary>One entry of a change set in the log: a partner, and what it was before.</summary>
/// <param name="Before">Null where the change set created the partner.</param>
public sealed record LoggedChange(Guid Id, LoggedState? Before);

/// <summary>A partner's state that a change set replaced.</summary>
/// <param name="Revision">The change set that had made it so; its entry leads one step further back.</param>
/// <param name="Name">Null where the values are not kept any more: erased, or older than the operator keeps them.</param>
public sealed record LoggedState(
    long Revision, Timestamp UpdatedAt, Timestamp? DeletedAt, string? Name, string? Email, string? Phone, string? ExternalId)
{
    /// <summary>Whether the values are still there.</summary>
    public bool IsKept => Name is not null;

    /// <summary>The partner in this state.</summary>
    /// <param name="partner">The same partner in any other state.</param>
    public Partner Of(Partner partner) => partner with
    {
        Name = Name ?? "",
        Email = Email,
        Phone = Phone,
        ExternalId = ExternalId,
        UpdatedAt = UpdatedAt,
        DeletedAt = DeletedAt,
        Revision = Revision,
    };
}
