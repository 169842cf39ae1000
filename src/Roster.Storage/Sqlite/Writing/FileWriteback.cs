using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Roster.Storage.Sqlite.Writing;

/// <summary>
/// Controls when a file's dirty pages are written to the disk, on Linux (sync_file_range(2)). Only a flush makes them
/// durable; elsewhere only the flush is done.
/// </summary>
internal static partial class FileWriteback
{
    /// <summary>Most bytes written at once; of scattered changes, a few pages.</summary>
    private const int PartBytes = 1 << 20;

    private const uint WaitBefore = 1;
    private const uint Write = 2;
    private const uint WaitAfter = 4;

    private const int InputOutputError = 5;
    private const int NoSpace = 28;

    /// <summary>Opens a file that may be open elsewhere, too.</summary>
    public static SafeFileHandle Open(string path) =>
        File.OpenHandle(path, access: FileAccess.ReadWrite, share: FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Starts to write dirty pages, without waiting.</summary>
    [SupportedOSPlatform("linux")]
    public static void Begin(SafeFileHandle file) => _ = SyncFileRange(file, 0, 0, Write);

    /// <summary>
    /// Flushes a file in parts. A single flush would write all dirty pages at once and delay flushes of other files:
    /// tens of milliseconds for some thousand pages.
    /// </summary>
    /// <param name="hurries">Called before each part: whether to flush the remaining parts at once.</param>
    /// <exception cref="IOException">Part of the file is not on the disk.</exception>
    public static void Flush(SafeFileHandle file, Func<bool> hurries)
    {
        if (OperatingSystem.IsLinux())
        {
            var length = RandomAccess.GetLength(file);
            for (var at = 0L; at < length && !hurries(); at += PartBytes)
                // Linux reports a failure once per handle, so the flush would not repeat it. If the call is unsupported, the flush
                // does everything.
                if (SyncFileRange(file, at, PartBytes, WaitBefore | Write | WaitAfter) != 0
                    && Marshal.GetLastPInvokeError() is InputOutputError or NoSpace)
                    throw new IOException("A file could not be written to the disk.");
        }
        RandomAccess.FlushToDisk(file);
    }

    /// <param name="length">In bytes; 0 for up to the end.</param>
    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    private static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);
}
