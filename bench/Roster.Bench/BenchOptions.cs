namespace Roster.Bench;

/// <summary>What the command line asks for.</summary>
/// <param name="Partners">In each database before the clock starts.</param>
/// <param name="Rounds">Measured ones, after one that is not; also twice the seconds of each load.</param>
/// <param name="Scale">How many partners creates are measured beside at the end; null for not at all.</param>
/// <param name="SoakSeconds">How long a soak lasts, which is only run where it is named.</param>
/// <param name="Only">The parts to run; empty for all.</param>
/// <param name="Server">Where Roster was published.</param>
/// <param name="EfCore">Where the peer was published.</param>
/// <param name="Directus">Where Directus is installed; null where it is not.</param>
internal sealed record BenchOptions(
    int Partners, int Rounds, long? Scale, int SoakSeconds, IReadOnlyCollection<string> Only, string Server, string EfCore, string? Directus)
{
    /// <summary>How long each measured load lasts.</summary>
    public TimeSpan Load => TimeSpan.FromSeconds(Math.Min(Rounds, 8) / 2.0);

    public bool Runs(string part) => Only.Count == 0 ? part != Part.Soak : Only.Contains(part);
}

/// <summary>The parts of a run by the names that the command line has for them.</summary>
internal static class Part
{
    public const string Batches = "batches";
    public const string Singles = "singles";
    public const string Load = "load";
    public const string Pages = "pages";
    public const string Reads = "reads";
    public const string Export = "export";
    public const string Memory = "memory";
    public const string Start = "start";
    public const string Scale = "scale";
    public const string Matches = "matches";
    public const string Directus = "directus";
    public const string Soak = "soak";

    public static string[] All { get; } = [Batches, Singles, Load, Pages, Reads, Export, Memory, Start, Scale, Matches, Directus, Soak];
}
