namespace Roster.Changes;

/// <summary>The fields that an item gave, whatever their values.</summary>
[Flags]
public enum PartnerFields
{
    None = 0,
    Id = 1,
    Name = 2,
    Email = 4,
    Phone = 8,
    CreatedAt = 16,
    UpdatedAt = 32,
}

/// <summary>One item of a valid batch. A field that is null and not in <paramref name="Given"/> was omitted.</summary>
/// <param name="Id">The partner to update; null to create one.</param>
public readonly record struct BatchRow(PartnerFields Given, Guid? Id, string? Name, string? Email, string? Phone)
{
    public bool Gives(PartnerFields field) => (Given & field) != 0;
}

/// <summary>
/// 1 to <see cref="PartnerRules.MaxItems"/> valid items in the order of the request, no id twice. Only a reader's
/// validation makes one, so whoever holds a batch need not look again.
/// </summary>
public sealed class Batch
{
    internal Batch(IReadOnlyList<BatchRow> rows) => Rows = rows;

    public IReadOnlyList<BatchRow> Rows { get; }
}

/// <summary>What became of a body: a batch, or all that is wrong with it.</summary>
public abstract record BatchReading
{
    private BatchReading()
    {
    }

    public sealed record Accepted(Batch Batch) : BatchReading;

    /// <param name="Body">Why the body as a whole is refused; null where only items are at fault.</param>
    /// <param name="Items">How many items were read.</param>
    /// <param name="Faults">The items' faults, as far as the body was read.</param>
    /// <param name="Named">The partners that items name, so that unknown ones can be reported with the rest.</param>
    public sealed record Refused(BodyFault? Body, int Items, FaultList Faults, IReadOnlyList<NamedPartner> Named) : BatchReading;
}

/// <summary>An item that names a partner.</summary>
public readonly record struct NamedPartner(int Index, Guid Id);

/// <summary>Why a body as a whole is refused.</summary>
public enum BodyFaultKind
{
    /// <summary>Nothing was sent.</summary>
    Empty,

    /// <summary>Not JSON by RFC 8259, at a line and byte.</summary>
    NotJson,

    /// <summary>JSON, but not an array.</summary>
    NotAnArray,

    /// <summary>An array without items.</summary>
    NoItems,

    /// <summary>More than <see cref="PartnerRules.MaxItems"/>; reading stopped there.</summary>
    TooManyItems,
}

/// <param name="Line">Counted from 1; 0 where the kind has no place.</param>
/// <param name="Byte">Counted from 1 in its line.</param>
public sealed record BodyFault(BodyFaultKind Kind, long Line = 0, long Byte = 0);
