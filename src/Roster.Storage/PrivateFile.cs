namespace Roster.Storage;

/// <summary>Files and folders that only their owner can read.</summary>
public static class PrivateFile
{
    /// <summary>Options that give a file its mode where it is created.</summary>
    public static FileStreamOptions Options(FileMode mode, FileAccess access, FileShare share = FileShare.Read)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = share };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return options;
    }

    /// <summary>Creates a file to write to.</summary>
    /// <exception cref="IOException">It exists already, or cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException" />
    public static FileStream Create(string path) => new(path, Options(FileMode.CreateNew, FileAccess.Write));

    /// <summary>Creates a folder, and its parents, for the owner alone. Existing folders keep their mode.</summary>
    /// <exception cref="IOException" />
    /// <exception cref="UnauthorizedAccessException" />
    public static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }
        // CreateDirectory applies the mode to the last folder only.
        if (Path.GetDirectoryName(path) is { Length: > 0 } parent && !Directory.Exists(parent))
            CreateFolder(parent);
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
