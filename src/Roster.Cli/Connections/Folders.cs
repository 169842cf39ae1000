namespace Roster.Cli.Connections;

/// <summary>Where the command keeps things between runs: by the XDG Base Directory Specification 0.8, on Windows in AppData.</summary>
internal static class Folders
{
    /// <summary>Profiles, with their keys.</summary>
    public static string Settings => Of("XDG_CONFIG_HOME", ".config");

    /// <summary>What has begun and has not ended.</summary>
    public static string State => Of("XDG_STATE_HOME", Path.Combine(".local", "state"));

    /// <summary>Writes a file that only its owner can read, whole or not at all.</summary>
    public static void WritePrivate(string path, byte[] content)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var half = $"{path}.{Environment.ProcessId}";
        using (var file = new FileStream(half, PrivateFile(FileMode.Create, FileAccess.Write)))
            file.Write(content);
        File.Move(half, path, overwrite: true);
    }

    /// <summary>How to make a file that only its owner can read and write.</summary>
    public static FileStreamOptions PrivateFile(FileMode mode, FileAccess access, FileOptions use = FileOptions.None)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Options = use };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return options;
    }

    private static string Of(string variable, string below)
    {
        // A relative path is invalid, by the specification, and is passed over.
        if (Environment.GetEnvironmentVariable(variable) is { } set && Path.IsPathFullyQualified(set))
            return Path.Combine(set, "roster");
        return OperatingSystem.IsWindows()
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "roster")
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), below, "roster");
    }
}
