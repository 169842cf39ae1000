using Roster.Storage;

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
            PrivateFile.CreateFolder(folder);
            File.Delete(path);
            using var file = PrivateFile.Create(path);
            file.Write(System.Text.Encoding.ASCII.GetBytes(link + "\n"));
            return path;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
