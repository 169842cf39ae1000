namespace Roster.Tests.Hosting;

/// <summary>A folder for one test, deleted at its end.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("roster-test-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Copies all that another folder has into a folder of this one, or into this one itself.</summary>
    public void CopyFrom(TempFolder other, string into = "")
    {
        foreach (var folder in Directory.EnumerateDirectories(other.Path, "*", SearchOption.AllDirectories).Prepend(other.Path))
            Directory.CreateDirectory(There(folder));
        foreach (var file in Directory.EnumerateFiles(other.Path, "*", SearchOption.AllDirectories))
            System.IO.File.Copy(file, There(file));

        string There(string path) => File(System.IO.Path.Combine(into, System.IO.Path.GetRelativePath(other.Path, path)));
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
