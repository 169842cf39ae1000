using Roster.Cli.Connections;

namespace Roster.Cli.Sync;

/// <summary>The file that is brought in, which is read twice: for its SHA-256 and for the upload.</summary>
internal static class InputFile
{
    /// <summary>What the server takes by default. A regular file may have more, if the operator allows it.</summary>
    private const long MostCopied = 256L << 20;

    private const int Buffer = 1 << 16;

    /// <summary>The name for people: <c>input</c> for standard input and what a shell has opened, such as /dev/fd/63.</summary>
    public static string NameOf(string path) =>
        path is "-" or "/dev/stdin" || path.StartsWith("/dev/fd/", StringComparison.Ordinal) ? "input" : path;

    /// <summary>
    /// Opens a file, or standard input for <c>-</c>. What can be read once only, such as a pipe, is copied into a temporary file
    /// of up to 256 MiB that only its owner can read, and that is gone when it is closed.
    /// </summary>
    /// <exception cref="CommandException">More than that came.</exception>
    public static async Task<FileStream> OpenAsync(string path, CancellationToken cancel)
    {
        // A named pipe waits for who writes into it, and a pipe's reading does not heed Ctrl-C.
        return await Task.Run(OpenAsync, CancellationToken.None).WaitAsync(cancel);

        async Task<FileStream> OpenAsync()
        {
            var given = path == "-" ? Console.OpenStandardInput()
                : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, Buffer, useAsync: true);
            if (given is FileStream { CanSeek: true } regular)
                return regular;
            await using (given)
                return await CopyAsync(given, cancel);
        }
    }

    private static async Task<FileStream> CopyAsync(Stream given, CancellationToken cancel)
    {
        var copy = new FileStream(
            Path.Combine(Path.GetTempPath(), $"roster-{Guid.NewGuid():N}"),
            Folders.PrivateFile(
                FileMode.CreateNew, FileAccess.ReadWrite, System.IO.FileOptions.Asynchronous | System.IO.FileOptions.DeleteOnClose));
        try
        {
            // Without a name, it is gone when the command is killed, too.
            if (!OperatingSystem.IsWindows())
                File.Delete(copy.Name);
            var piece = new byte[Buffer];
            int read;
            while ((read = await given.ReadAsync(piece, cancel)) > 0)
            {
                if (copy.Length + read > MostCopied)
                    throw CommandException.Failed(
                        $"More than {MostCopied >> 20} MiB came. So much is taken from a regular file only.");
                await copy.WriteAsync(piece.AsMemory(0, read), cancel);
            }
            copy.Position = 0;
            return copy;
        }
        catch
        {
            await copy.DisposeAsync();
            throw;
        }
    }
}
