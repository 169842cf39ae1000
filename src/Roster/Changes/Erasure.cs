using Roster.Batches;
using Roster.Log;
using Roster.Partners;

namespace Roster.Changes;

/// <summary>
/// Removes partners for good: their rows from the directory and their values from the log. The log still shows that
/// partners with these ids were erased.
/// </summary>
public sealed class Erasure : Change
{
    private readonly IReadOnlyList<Guid> _ids;

    internal Erasure(IReadOnlyList<Guid> ids) => _ids = ids;

    public override string Kind => ChangeKind.Erase;

    public override int Count => _ids.Count;

    public override IEnumerable<NamedPartner> Named => _ids.Select((id, index) => new NamedPartner(index, id));

    public override bool SeesOnlyNamed => false;

    public override IEnumerable<string> Claimed(RowsNow now) => [];

    public override ChangePlan PlanOn(RowsNow now, Moment moment)
    {
        var plan = new PlanBuilder(this, moment);
        for (var i = 0; i < Count; i++)
        {
            if (now[i] is not { } before || !ChangeKind.CanName(Kind, before))
                plan.Reject(Fault.NotFound(i, _ids[i], null));
            else
                plan.Update(i, before, Erased(before, plan.Next));
        }
        return plan.Build();
    }

    /// <summary>What remains known of an erased partner.</summary>
    public static Partner Erased(Guid id, Revision by) => new(id, PartnerValues.Gone, by.At, by.At, by.At, by.Number);

    /// <summary>The partner without its values.</summary>
    private static Partner Erased(Partner before, Revision by) => before with
    {
        Values = PartnerValues.Gone,
        DeletedAt = by.At,
        UpdatedAt = by.At,
        Revision = by.Number,
    };

    /// <summary>
    /// Removes the values of some partners from a change set's entries. Also returns the change sets that wrote those
    /// values.
    /// </summary>
    /// <param name="erased">Which partners; null for all.</param>
    public static (IReadOnlyList<LoggedChange> Entries, IEnumerable<(Guid Id, long Revision)> Earlier) Blank(
        IReadOnlyList<LoggedChange> entries, Func<Guid, bool>? erased)
    {
        var isErased = entries.Select(entry => entry.Before is not null && (erased is null || erased(entry.Id))).ToArray();
        return (
            [.. entries.Select((entry, i) => isErased[i] ? entry with { Before = entry.Before! with { Values = null } } : entry)],
            entries.Where((_, i) => isErased[i]).Select(entry => (entry.Id, entry.Before!.Revision)));
    }

    /// <summary>Removes all values from a change set's bytes.</summary>
    /// <param name="checksum">As it was stored with the bytes; null if there is none.</param>
    /// <param name="isDamaged">Whether the bytes cannot be read, or are not as they were written.</param>
    /// <returns>Null if nothing changes.</returns>
    public static byte[]? BlankAll(ReadOnlyMemory<byte> changes, long? checksum, out bool isDamaged)
    {
        isDamaged = false;
        try
        {
            var entries = ChangeEncoding.Decode(changes, checksum);
            return entries.Any(entry => entry.Before is { HasValues: true })
                ? ChangeEncoding.EncodeAgain(Blank(entries, null).Entries) : null;
        }
        catch (DamagedLogException)
        {
            isDamaged = true;
            return null;
        }
    }
}
