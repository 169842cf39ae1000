namespace Roster.Bench.People;

/// <summary>A workload: one batch of <see cref="Population.BatchSize"/> rows of a kind.</summary>
/// <param name="Next">Makes the next batch.</param>
/// <param name="IsWrite">Whether it changes anything; if not, the engine alone has nothing to do.</param>
internal sealed record Workload(string Name, Func<Population, Row[]> Next, bool IsWrite = true)
{
    public static Workload Creates { get; } = new("10,000 creates", people => people.Creates());

    public static Workload Updates { get; } = new("10,000 updates", people => people.Updates());

    public static Workload Unchanged { get; } = new("10,000 unchanged", people => people.Unchanged(), IsWrite: false);

    public static IReadOnlyList<Workload> All { get; } =
    [
        Creates,
        Updates,
        new("half and half", people => people.Half()),
        Unchanged,
    ];

    /// <summary>
    /// The workload whose engine time is compared: the engine has none of its own where nothing is written.
    /// </summary>
    public Workload Reference => IsWrite ? this : Updates;
}
