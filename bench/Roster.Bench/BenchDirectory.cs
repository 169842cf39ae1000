namespace Roster.Bench;

/// <summary>Where the databases and the server's log lie. After a failure they stay, to be looked at.</summary>
internal sealed class BenchDirectory
{
    private readonly bool _isKept;

    private BenchDirectory(string path, bool isKept) => (Path, _isKept) = (path, isKept);

    public string Path { get; }

    public static BenchDirectory Create(DirectoryInfo? kept)
    {
        if (kept is null)
            return new BenchDirectory(Directory.CreateTempSubdirectory("roster-bench-").FullName, isKept: false);
        kept.Create();
        return new BenchDirectory(kept.FullName, isKept: true);
    }

    public void DeleteUnlessKept()
    {
        if (!_isKept)
            Directory.Delete(Path, recursive: true);
    }
}
