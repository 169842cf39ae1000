namespace Roster.Server.Commands;

/// <summary>
/// The file with the link of the first start, for containers whose output nobody sees: readable by its owner only. An old
/// one is replaced, since its link has expired.
/// </summary>
internal static class ConsoleLinkFile
{
    private const string Name = "console-link";

    /// <returns>The file's path; null if it cannot be written, which ends nothing: console link makes another link.</returns>
    public static string? TryWrite(string folder, string link)
    {
        var path = Path.Combine(folder, Name);
        try
        {
            Directory.CreateDirectory(folder);
            File.Delete(path);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using var file = new FileStream(path, options);
            file.Write(System.Text.Encoding.ASCII.GetBytes(link + "\n"));
            return path;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
