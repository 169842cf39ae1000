using Roster.Changes;
using Roster.Partners;

namespace Roster.Batches;

/// <summary>One item of a valid batch.</summary>
/// <param name="Given">The fields that the item has; the others it leaves as they are.</param>
/// <param name="Id">The partner to update; null to create one, or to find it by <see cref="MatchOn"/>.</param>
/// <param name="Values">The texts that it gives; null also for what it does not give.</param>
/// <param name="IfUpdatedAt">The item is only carried out on a partner that was last updated then, to the millisecond.</param>
public sealed record BatchRow(FieldSet Given, Guid? Id, PartnerValues Values, Timestamp? IfUpdatedAt = null)
{
    /// <summary>What it does to fields that it need not give as a whole.</summary>
    public IReadOnlyList<FieldEdit> Edits { get; init; } = [];

    public string? Email => Values[PartnerField.Email];

    public string? ExternalId => Values[PartnerField.ExternalId];
}

/// <summary>How an item without id finds the partner that it updates.</summary>
public enum MatchOn
{
    /// <summary>Not at all: it creates one.</summary>
    Nothing,

    /// <summary>By the same external id.</summary>
    ExternalId,

    /// <summary>By the same e-mail address, whatever its case.</summary>
    Email,
}

/// <summary>Which items may create a partner.</summary>
public enum CreatedItems
{
    /// <summary>Those that match nobody by what they give. Where nothing is matched on: those without id.</summary>
    WithNewKey,

    /// <summary>Those, and those that give nothing to match by.</summary>
    WithoutKeyToo,

    /// <summary>None.</summary>
    None,
}

/// <summary>
/// A value that breaks a rule which came later than values that may be stored. It is a fault, unless the partner has just this value already:
/// so that what was answered can be edited and sent back.
/// </summary>
/// <param name="Id">The partner that the item names; null where it names none.</param>
/// <param name="Place">As a <see cref="Fault"/> has it.</param>
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

/// <summary>What became of a body: a valid change, or all that is wrong with it.</summary>
public abstract record BatchReading
{
    private BatchReading()
    {
    }

    /// <summary>How many items were read.</summary>
    public abstract int Items { get; }

    public sealed record Accepted(Change Change) : BatchReading
    {
        public override int Items => Change.Count;
    }

    /// <param name="Body">Why the body as a whole is refused; null where only items are at fault.</param>
    /// <param name="Faults">The items' faults, as far as the body was read.</param>
    /// <param name="Named">The partners that items name, so that unknown ones can be reported with the rest.</param>
    /// <param name="Doubts">What is a fault unless it is stored, in the order of the request.</param>
    public sealed record Refused(
        BodyFault? Body, int Count, FaultList Faults, IEnumerable<NamedPartner> Named, IReadOnlyList<Doubt> Doubts) : BatchReading
    {
        public override int Items => Count;

        /// <summary>All that is wrong, now that the partners are known which items name.</summary>
        /// <param name="known">By id, deleted ones too.</param>
        /// <param name="kind">What the items are for.</param>
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

/// <summary>Why a body as a whole is refused.</summary>
public enum BodyFaultKind
{
    /// <summary>Nothing was sent.</summary>
    Empty,

    /// <summary>Not of the format that its content type says, at a place.</summary>
    Malformed,

    /// <summary>Of another format, or encoded otherwise, as a whole.</summary>
    OtherFormat,

    /// <summary>JSON, but not an array.</summary>
    NotAnArray,

    /// <summary>CSV whose header has columns that are no field, or the same one twice; the faults of no item name each.</summary>
    Header,

    /// <summary>No items.</summary>
    NoItems,

    /// <summary>More than <see cref="PartnerRules.MaxItems"/>; reading stopped there.</summary>
    TooManyItems,
}

/// <param name="Line">Counted from 1; 0 where the kind has no place.</param>
/// <param name="Byte">Counted from 1 in its line; 0 where the kind has none.</param>
/// <param name="Reason">What is wrong there, where the kind does not say it.</param>
public sealed record BodyFault(BodyFaultKind Kind, long Line = 0, long Byte = 0, BodyReason? Reason = null);
