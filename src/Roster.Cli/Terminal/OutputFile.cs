using Roster.Cli.Connections;

namespace Roster.Cli.Terminal;

/// <summary>Files of partners that a command writes.</summary>
internal static class OutputFile
{
    /// <summary>
    /// Writes a file whole or not at all: one that is half written could be taken for the directory, and be mirrored. A new file
    /// is its owner's only; one that is there keeps its mode, and a link its target. What is not a regular file, such as a named
    /// pipe or a device, is written into.
    /// </summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static async Task WriteAsync(string path, Func<Stream, Task> write, CancellationToken cancel)
    {
        // It waits until a named pipe is read.
        if (await Task.Run(() => OpenSpecial(path), CancellationToken.None).WaitAsync(cancel) is { } special)
        {
            await using (special)
                await write(special);
            return;
        }
        // Of a relative path, ResolveLinkTarget makes one from the root.
        var full = Path.GetFullPath(path);
        var target = new FileInfo(full).LinkTarget is null ? full : File.ResolveLinkTarget(full, returnFinalTarget: true)!.FullName;
        // A name that no other has: what a run before left behind, or another writes now, is not in its way.
        var half = $"{target}.{Guid.NewGuid().ToString("N")[..8]}.part";
        try
        {
            await using (var file = new FileStream(half, Folders.PrivateFile(FileMode.CreateNew, FileAccess.Write)))
                await write(file);
            if (!OperatingSystem.IsWindows() && File.Exists(target))
                File.SetUnixFileMode(half, File.GetUnixFileMode(target));
            File.Move(half, target, overwrite: true);
        }
        finally
        {
            File.Delete(half);
        }
    }

    /// <returns>Null for a regular file, or none.</returns>
    private static FileStream? OpenSpecial(string path)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(path))
            return null;
        // Devices can seek, and links to pipes that a shell has opened are below /dev, too. Only /dev/shm has regular files.
        var full = Path.GetFullPath(path);
        if (full.StartsWith("/dev/", StringComparison.Ordinal) && !full.StartsWith("/dev/shm/", StringComparison.Ordinal))
            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        if (!file.CanSeek)
            return file;
        file.Dispose();
        return null;
    }
}
