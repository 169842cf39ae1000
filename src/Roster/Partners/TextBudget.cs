namespace Roster.Partners;

/// <summary>
/// Counts the text of the partners that one request reads, so that its memory has a bound however large they are: a
/// partner has up to 23,000 UTF-16 units. Several threads may count at once.
/// </summary>
public sealed class TextBudget
{
    /// <summary>UTF-16 units, so 64 MiB: ten times what 10,000 partners have that are filled as most are.</summary>
    public const long MaxUnits = 32 << 20;

    private long _used;

    /// <exception cref="StoreException">It is more than one request may read: <see cref="StoreTrouble.TooMuchText"/>.</exception>
    public void Add(PartnerValues? values) => Replace(null, values);

    /// <summary>Counts values that are read in place of others, which are not held any more.</summary>
    /// <inheritdoc cref="Add" path="/exception"/>
    public void Replace(PartnerValues? old, PartnerValues? values)
    {
        var units = (values?.CountUnits() ?? 0) - (old?.CountUnits() ?? 0);
        if (Interlocked.Add(ref _used, units) > MaxUnits)
            throw new StoreException(StoreTrouble.TooMuchText, $"The partners of one request have more than {MaxUnits} characters.");
    }
}
