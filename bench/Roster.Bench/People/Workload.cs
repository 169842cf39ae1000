namespace Roster.Bench.People;

/// <summary>What is measured: one batch of <see cref="Population.BatchSize"/> rows of a kind.</summary>
/// <param name="Next">Makes the next batch.</param>
/// <param name="IsWrite">Whether it changes anything, so that the engine alone has something to do.</param>
internal sealed record Workload(string Name, Func<Population, Row[]> Next, bool IsWrite = true)
{
    public static Workload Creates { get; } = new("10,000 creates", people => people.Creates());

    public static Workload Updates { get; } = new("10,000 updates", people => people.Updates());

    public static IReadOnlyList<Workload> All { get; } =
    [
        Creates,
        Updates,
        new("half and half", people => people.Half()),
        new("10,000 unchanged", people => people.Unchanged(), IsWrite: false),
    ];

    /// <summary>Whose time of the engine this is held against: without a write there is nothing for it to do.</summary>
    public Workload Reference => IsWrite ? this : Updates;
}
