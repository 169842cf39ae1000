using Roster.Access;
using Roster.Storage;

namespace Roster.Server.Commands;

/// <summary>
/// The file of <c>--first-key-file</c>: new, readable by its owner only, and deleted if no key was written.
/// </summary>
internal sealed class FirstKeyFile : IDisposable
{
    private readonly FileStream _file;
    private bool _isWritten;

    private FirstKeyFile(FileStream file) => _file = file;

    public string Path => _file.Name;

    /// <exception cref="CommandFailedException">The file exists already or cannot be created.</exception>
    public static FirstKeyFile Create(string path)
    {
        try
        {
            return new FirstKeyFile(PrivateFile.Create(path));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandFailedException(File.Exists(path)
                ? $"--first-key-file: {path} exists already and is not written over; it has no key of this database, which has none yet."
                : $"--first-key-file: {failure.Message}");
        }
    }

    /// <summary>Writes the key and a line break to the disk.</summary>
    public void Write(ApiKeySecret secret)
    {
        _file.Write(System.Text.Encoding.ASCII.GetBytes(secret.Text + "\n"));
        _file.Flush(flushToDisk: true);
        _isWritten = true;
    }

    public void Dispose()
    {
        _file.Dispose();
        if (!_isWritten)
            File.Delete(Path);
    }
}
