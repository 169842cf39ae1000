using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Roster.Storage.Sqlite.Writing;

/// <summary>
/// When a file's changes go from memory to the disk, where Linux lets one say (sync_file_range(2)). What is durable only a flush decides; elsewhere
/// there is no more than that.
/// </summary>
internal static partial class FileWriteback
{
    /// <summary>So many bytes are written at once, at most; where changes are scattered, a few pages.</summary>
    private const int PartBytes = 1 << 20;

    private const uint WaitBefore = 1;
    private const uint Write = 2;
    private const uint WaitAfter = 4;

    private const int InputOutputError = 5;
    private const int NoSpace = 28;

    /// <summary>Opens a file that is open elsewhere, too.</summary>
    public static SafeFileHandle Open(string path) =>
        File.OpenHandle(path, access: FileAccess.ReadWrite, share: FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Begins to write what is not being written yet, and waits for none of it.</summary>
    [SupportedOSPlatform("linux")]
    public static void Begin(SafeFileHandle file) => _ = SyncFileRange(file, 0, 0, Write);

    /// <summary>
    /// Flushes a file, part after part: a flush writes all that has changed at once, and those of other files wait behind it for the disk,
    /// tens of milliseconds for some thousand pages.
    /// </summary>
    /// <param name="hurries">Asked before each part: whether the rest goes at once.</param>
    /// <exception cref="IOException">Not all of it is on the disk.</exception>
    public static void Flush(SafeFileHandle file, Func<bool> hurries)
    {
        if (OperatingSystem.IsLinux())
        {
            var length = RandomAccess.GetLength(file);
            for (var at = 0L; at < length && !hurries(); at += PartBytes)
                // A failure is told once for each handle: the flush would not repeat it. Where the call itself is not known, the flush does it all.
                if (SyncFileRange(file, at, PartBytes, WaitBefore | Write | WaitAfter) != 0 && Marshal.GetLastPInvokeError() is InputOutputError or NoSpace)
                    throw new IOException("A file could not be written to the disk.");
        }
        RandomAccess.FlushToDisk(file);
    }

    /// <param name="length">In bytes; 0 is up to the end.</param>
    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    private static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);
}
