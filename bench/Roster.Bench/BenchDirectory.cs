namespace Roster.Bench;

/// <summary>Where the databases lie while the benchmark runs; deleted afterwards unless the caller named it.</summary>
internal sealed class BenchDirectory : IDisposable
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

    public void Dispose()
    {
        if (!_isKept)
            Directory.Delete(Path, recursive: true);
    }
}
