namespace Roster.Changes;

/// <summary>What a change set does to one partner.</summary>
/// <param name="Before">Null where it is created.</param>
public readonly record struct PartnerChange(Partner? Before, Partner After);

/// <summary>
/// What a batch does to the rows as they are now: computed here by pure code, so that it means the same on every
/// engine. A plan with faults changes nothing.
/// </summary>
public sealed class ChangePlan
{
    private ChangePlan(Revision revision, IReadOnlyList<Partner> answer, IReadOnlyList<PartnerChange> changes, FaultList faults)
    {
        Revision = revision;
        Answer = answer;
        Changes = changes;
        Faults = faults;
        foreach (var change in changes)
        {
            if (change.Before is null)
                Created++;
            else
                Updated++;
        }
    }

    /// <summary>The new revision; where nothing changes, the workspace's newest one.</summary>
    public Revision Revision { get; }

    /// <summary>The partners as they are afterwards, in the order of the request.</summary>
    public IReadOnlyList<Partner> Answer { get; }

    /// <summary>What is to be written, in the order of the request.</summary>
    public IReadOnlyList<PartnerChange> Changes { get; }

    public FaultList Faults { get; }

    public int Created { get; }

    public int Updated { get; }

    public int Unchanged => Answer.Count - Changes.Count;

    /// <summary>Plans an upsert.</summary>
    /// <param name="batch">The valid items.</param>
    /// <param name="now">For each item the partner that its id names, deleted or not; null where there is none.</param>
    /// <param name="moment">The log's end, the clock, and the randomness for new ids.</param>
    public static ChangePlan Upsert(Batch batch, ReadOnlySpan<Partner?> now, Moment moment)
    {
        var rows = batch.Rows;
        var next = moment.End.Next(moment.Clock);
        var ids = new PartnerIds(next.At, moment.IdSeed);
        var faults = new FaultList();
        var answer = new List<Partner>(rows.Count);
        var changes = new List<PartnerChange>();
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            var before = now[i];
            if (row.Id is { } id && before is not { DeletedAt: null })
            {
                faults.Add(Fault.NotFound(i, id));
                continue;
            }
            var after = before is null ? Create(row, ids.Next(), next) : Update(before, row, next);
            answer.Add(after);
            if (!ReferenceEquals(after, before))
                changes.Add(new PartnerChange(before, after));
        }
        return faults.Count > 0 ? new ChangePlan(moment.End, [], [], faults)
            : new ChangePlan(changes.Count > 0 ? next : moment.End, answer, changes, faults);
    }

    private static Partner Create(BatchRow row, Guid id, Revision revision) =>
        new(id, row.Name!, row.Email, row.Phone, revision.At, revision.At, null, revision.Number);

    /// <returns>The same object where the row changes nothing.</returns>
    private static Partner Update(Partner before, BatchRow row, Revision revision)
    {
        var name = row.Gives(PartnerFields.Name) ? row.Name! : before.Name;
        var email = row.Gives(PartnerFields.Email) ? row.Email : before.Email;
        var phone = row.Gives(PartnerFields.Phone) ? row.Phone : before.Phone;
        return name == before.Name && email == before.Email && phone == before.Phone
            ? before
            : before with { Name = name, Email = email, Phone = phone, UpdatedAt = revision.At, Revision = revision.Number };
    }
}
