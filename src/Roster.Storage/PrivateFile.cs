using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Roster.Storage;

/// <summary>Files and folders that only their owner can read.</summary>
public static partial class PrivateFile
{
    private const int PartDigits = 8;
    private const int NoSpace = 28;
    private const int ReadOnlyFileSystem = 30;
    private static readonly int NoQuota = OperatingSystem.IsLinux() ? 122 : 69;

    /// <summary>Linux's EAGAIN, other Unix systems' EWOULDBLOCK, Windows' sharing violation.</summary>
    private static readonly int InUse = OperatingSystem.IsWindows() ? unchecked((int)0x80070020) : OperatingSystem.IsLinux() ? 11 : 35;

    /// <summary>What an error of a file means.</summary>
    /// <param name="failure">
    /// An <see cref="IOException"/>, which has the operating system's number, or an <see cref="UnauthorizedAccessException"/>.
    /// </param>
    public static StoreTrouble TroubleOf(Exception failure) => TroubleOf(failure is IOException ? failure.HResult : 0);

    /// <inheritdoc cref="TroubleOf(Exception)"/>
    /// <param name="error">The operating system's number.</param>
    internal static StoreTrouble TroubleOf(int error) =>
        error == NoSpace || error == NoQuota ? StoreTrouble.Full
        : error == ReadOnlyFileSystem ? StoreTrouble.ReadOnly
        : StoreTrouble.Unavailable;

    /// <summary>Whether a file could not be opened since another process has it for itself.</summary>
    internal static bool IsInUse(IOException failure) => failure.HResult == InUse;

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

    /// <summary>A new name beside a file, for its content until it is whole.</summary>
    public static string PartOf(string path) =>
        $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(PartDigits / 2))}{PartEnd}";

    public const string PartEnd = ".part";

    /// <summary>The files of <see cref="PartOf"/> that were left beside a file by processes that were killed.</summary>
    /// <exception cref="IOException" />
    /// <exception cref="UnauthorizedAccessException" />
    internal static IReadOnlyList<string> PartsOf(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var start = Path.GetFileName(path) + ".";
        return !Directory.Exists(folder) ? [] :
        [
            .. Directory.EnumerateFiles(folder, start + "*" + PartEnd).Where(part =>
                Path.GetFileName(part)[start.Length..^PartEnd.Length] is { Length: PartDigits } digits && digits.All(char.IsAsciiHexDigit)),
        ];
    }

    /// <summary>Writes what a file has to the disk.</summary>
    /// <exception cref="IOException" />
    public static void Flush(string path)
    {
        using var file = File.OpenHandle(path, access: FileAccess.ReadWrite, share: FileShare.ReadWrite);
        RandomAccess.FlushToDisk(file);
    }

    /// <summary>Deletes a file that was made on the way, as far as the disk lets it: what it was made for is done, or has failed.</summary>
    public static void DeletePart(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It stays, under a name that says that it is a part.
        }
    }

    /// <summary>Writes the names in a folder to the disk. Windows does that by itself.</summary>
    /// <exception cref="IOException" />
    public static void FlushFolder(string path)
    {
        const int ReadOnly = 0;
        if (OperatingSystem.IsWindows())
            return;
        var folder = Open(path, ReadOnly);
        if (folder < 0)
            throw new IOException($"The folder {path} cannot be opened: error {Marshal.GetLastPInvokeError()} of the operating system.");
        try
        {
            if (Sync(folder) != 0)
                throw new IOException($"The folder {path} cannot be flushed: error {Marshal.GetLastPInvokeError()} of the system.");
        }
        finally
        {
            _ = Close(folder);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
