using Roster.Bench.Engines;
using Roster.Bench.Measures;

namespace Roster.Bench;

/// <summary>The results of a run on one engine. What was not measured is null or empty.</summary>
internal sealed class EngineResults(string engine, string version)
{
    /// <summary>The engine's name and version.</summary>
    public string Version => version;

    public bool IsPostgres => engine != EngineNames.Sqlite;

    /// <summary>How many partners each database was filled with.</summary>
    public int Partners { get; set; }

    public IReadOnlyList<Sample> Batches { get; set; } = [];

    public DirectusResult? Directus { get; set; }

    /// <summary>The server's memory in MB, started on an empty database.</summary>
    public double StartedMemory { get; set; }

    public MemoryUse? Memory { get; set; }

    public SingleResult? Singles { get; set; }

    public IReadOnlyList<OpenLoopResult> Loads { get; set; } = [];

    public IReadOnlyList<ReadResult> Pages { get; set; } = [];

    public IReadOnlyList<ReadResult> Reads { get; set; } = [];

    public IReadOnlyList<ExportResult> Exports { get; set; } = [];

    /// <summary>Milliseconds from the start of the process to the first answer.</summary>
    public IReadOnlyList<double> Starts { get; set; } = [];

    public ScaleResult? Scale { get; set; }

    public IReadOnlyList<MatchResult> Matches { get; set; } = [];

    public IReadOnlyList<FieldResult> Fields { get; set; } = [];

    public ImportResult? Import { get; set; }
}
