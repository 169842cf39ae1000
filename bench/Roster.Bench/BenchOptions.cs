namespace Roster.Bench;

/// <summary>What the command line asks for.</summary>
/// <param name="Partners">Partners in each database before the clock starts.</param>
/// <param name="Rounds">Measured rounds, after one that is not measured; also twice the seconds of each load.</param>
/// <param name="Scale">
/// The size of the large directory in which creates are measured at the end; null to skip that.
/// </param>
/// <param name="Only">The parts to run; empty for all but those that run only if they are named.</param>
/// <param name="Server">The folder of the published Roster.</param>
/// <param name="EfCore">The folder of the published EF Core server.</param>
/// <param name="Directus">The folder of the installed Directus; null if it is not installed.</param>
internal sealed record BenchOptions(
    int Partners, int Rounds, long? Scale, IReadOnlyCollection<string> Only,
    string Server, string EfCore, string? Directus)
{
    /// <summary>How long each measured load lasts.</summary>
    public TimeSpan Load => TimeSpan.FromSeconds(Math.Min(Rounds, 8) / 2.0);

    public bool Runs(string part) => Only.Count == 0 ? part is not (Part.Fields or Part.Imports) : Only.Contains(part);
}

/// <summary>The parts of a run, named as on the command line.</summary>
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
    public const string Fields = "fields";
    public const string Imports = "imports";

    public static string[] All { get; } =
        [Batches, Singles, Load, Pages, Reads, Export, Memory, Start, Scale, Matches, Directus, Fields, Imports];
}
