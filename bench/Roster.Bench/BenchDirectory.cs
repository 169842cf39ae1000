namespace Roster.Bench;

/// <summary>The directory of the databases and the servers' logs. After a failure it stays, to be looked at.</summary>
internal sealed class BenchDirectory
{
    private readonly bool _isKept;

    private BenchDirectory(string path, bool isKept) => (Path, _isKept) = (path, isKept);

    public string Path { get; }

    public static BenchDirectory Create(DirectoryInfo? kept)
    {
        if (kept is not null)
        {
            kept.Create();
            return new BenchDirectory(kept.FullName, isKept: true);
        }
        var directory = Directory.CreateTempSubdirectory("roster-bench-");
        // Where the benchmark runs as root, PostgreSQL runs as another user and must be able to pass through.
        File.SetUnixFileMode(directory.FullName, directory.UnixFileMode | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        Progress.Say($"working in {directory}");
        return new BenchDirectory(directory.FullName, isKept: false);
    }

    /// <summary>A subdirectory.</summary>
    public BenchDirectory Part(string name) =>
        new(Directory.CreateDirectory(System.IO.Path.Combine(Path, name)).FullName, _isKept);

    public void DeleteUnlessKept()
    {
        if (!_isKept)
            Directory.Delete(Path, recursive: true);
    }
}
