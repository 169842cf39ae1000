using Roster.Changes;
using Roster.Partners;

namespace Roster.Batches;

/// <summary>One item of a valid batch.</summary>
/// <param name="Given">The fields that the item has; other fields stay as they are.</param>
/// <param name="Id">The partner to update; null to create one or to find it by <see cref="MatchOn"/>.</param>
/// <param name="Values">The texts of the given fields; null for other fields.</param>
/// <param name="IfUpdatedAt">If set, the partner must have been last updated at this time, to the millisecond.</param>
public sealed record BatchRow(FieldSet Given, Guid? Id, PartnerValues Values, Timestamp? IfUpdatedAt = null)
{
    /// <summary>Changes to parts of fields.</summary>
    public IReadOnlyList<FieldEdit> Edits { get; init; } = [];

    public string? Email => Values[PartnerField.Email];

    public string? ExternalId => Values[PartnerField.ExternalId];
}

/// <summary>How an item without id finds the partner to update.</summary>
public enum MatchOn
{
    /// <summary>It does not: it creates a partner.</summary>
    Nothing,

    /// <summary>By external id.</summary>
    ExternalId,

    /// <summary>By e-mail address, ignoring case.</summary>
    Email,
}

/// <summary>Which items may create a partner.</summary>
public enum CreatedItems
{
    /// <summary>Items whose match key no partner has. Without matching: items without id.</summary>
    WithNewKey,

    /// <summary>Also items without a match key.</summary>
    WithoutKeyToo,

    /// <summary>None.</summary>
    None,
}

/// <summary>
/// A value that breaks a rule that is newer than some stored values. It is a fault, unless the partner already has this
/// very value: so an answer can be edited and sent back.
/// </summary>
/// <param name="Id">The partner that the item names, or null.</param>
/// <param name="Place">As <see cref="Fault.Place"/>.</param>
public sealed record Doubt(int Index, Guid? Id, PartnerField Field, string Value, (int Line, int Column) Place)
{
    public bool IsStoredIn(Partner? partner) => partner is not null && Value == partner.Values[Field];

    public Fault ToFault()
    {
        var rule = Field.Check(Value)!;
        return new Fault(Index, rule.Code, rule.Message, Field.WireName) { Id = Id, Place = Place };
    }
}

/// <summary>An item that names a partner.</summary>
public readonly record struct NamedPartner(int Index, Guid Id);

/// <summary>The result of reading a body: a valid change, or all faults.</summary>
public abstract record BatchReading
{
    private BatchReading()
    {
    }

    /// <summary>Number of items read.</summary>
    public abstract int Items { get; }

    public sealed record Accepted(Change Change) : BatchReading
    {
        public override int Items => Change.Count;
    }

    /// <param name="Body">Why the whole body is refused; null if only items are at fault.</param>
    /// <param name="Faults">The items' faults, as far as the body was read.</param>
    /// <param name="Named">The partners that items name, so that unknown ones can be reported too.</param>
    /// <param name="Doubts">Faults unless the value is stored, in the order of the request.</param>
    public sealed record Refused(
        BodyFault? Body, int Count, FaultList Faults, IEnumerable<NamedPartner> Named, IReadOnlyList<Doubt> Doubts) : BatchReading
    {
        public override int Items => Count;

        /// <summary>Adds the faults that depend on the stored partners.</summary>
        /// <param name="known">The stored partners by id, also deleted ones.</param>
        /// <param name="kind">One of <see cref="ChangeKind"/>.</param>
        public Refused With(IReadOnlyDictionary<Guid, Partner> known, string kind)
        {
            var unknown = new FaultList();
            foreach (var (index, id) in Named)
                if (!ChangeKind.CanName(kind, known.GetValueOrDefault(id)))
                    unknown.Add(Fault.NotFound(index, id, kind is ChangeKind.Upsert or ChangeKind.Mirror ? "id" : null));
            var doubted = new FaultList();
            foreach (var doubt in Doubts)
                if (!doubt.IsStoredIn(doubt.Id is { } id ? known.GetValueOrDefault(id) : null))
                    doubted.Add(doubt.ToFault());
            return this with { Faults = Faults.With(unknown).With(doubted) };
        }
    }
}

/// <summary>Why a whole body is refused.</summary>
public enum BodyFaultKind
{
    /// <summary>The body is empty or blank.</summary>
    Empty,

    /// <summary>Invalid in the declared format, at a known place.</summary>
    Malformed,

    /// <summary>In another format or encoding than declared.</summary>
    OtherFormat,

    /// <summary>JSON, but not an array.</summary>
    NotAnArray,

    /// <summary>
    /// CSV whose header has unknown or duplicate columns; faults with <see cref="Fault.NoItem"/> name each.
    /// </summary>
    Header,

    /// <summary>No items.</summary>
    NoItems,

    /// <summary>More than <see cref="PartnerRules.MaxItems"/> items; reading stopped there.</summary>
    TooManyItems,
}

/// <param name="Line">From 1; 0 if the kind has no place.</param>
/// <param name="Byte">From 1 in its line; 0 if the kind has no place.</param>
/// <param name="Reason">What is wrong, if the kind does not say it.</param>
public sealed record BodyFault(BodyFaultKind Kind, long Line = 0, long Byte = 0, BodyReason? Reason = null);
