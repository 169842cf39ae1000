namespace Roster.Imports;

/// <summary>
/// What servers have to do for imports, in order: a range of due times. Servers list what they work on and what waits
/// for them apart, so that neither stands in front of the other.
/// </summary>
/// <remarks>
/// Work lies before all times, so that it is due whatever a server's clock says. What is to be forgotten has the time itself.
/// </remarks>
/// <param name="After">Due times after this one.</param>
/// <param name="Until">Due times until this one.</param>
public readonly record struct DueImports(Timestamp After, Timestamp Until)
{
    /// <summary>More than lies between any two times.</summary>
    private const long Apart = 1L << 61;

    /// <summary>Servers work on these, or did when they ended.</summary>
    public static readonly DueImports Leased = Before(3);

    /// <summary>These wait to be applied or undone.</summary>
    public static readonly DueImports Writes = Before(2);

    /// <summary>These wait to be planned.</summary>
    public static readonly DueImports Plans = Before(1);

    /// <summary>All that waits for a server. What was seen and is to be written comes first, then what is to be planned.</summary>
    public static readonly DueImports Waiting = new(Writes.After, Plans.Until);

    /// <summary>What is to be forgotten by this time.</summary>
    public static DueImports ToForget(Timestamp now) => new(Plans.Until, now);

    /// <summary>All that is due by this time.</summary>
    public static DueImports All(Timestamp now) => new(Leased.After, now);

    /// <summary>When an import is due. It keeps its place while a server works on it, and when that gives it back.</summary>
    public static Timestamp? DueAt(Import import) => import switch
    {
        { Work: null } => import.ForgetAt,
        { Lease: not null } => Leased.At(import),
        { Work: ImportWork.Plan } => Plans.At(import),
        _ => Writes.At(import),
    };

    public bool Has(StoredImport import) => import.DueAt > After && import.DueAt <= Until;

    private static DueImports Before(int times) => new(new((-Apart * times) - (Apart / 2)), new((-Apart * times) + (Apart / 2)));

    private Timestamp At(Import import) => new(After.Microseconds + (Apart / 2) + (import.AskedAt?.Microseconds ?? 0));
}
