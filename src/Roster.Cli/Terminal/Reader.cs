using System.Runtime.InteropServices;

namespace Roster.Cli.Terminal;

/// <summary>
/// Whoever reads standard output where it is piped, as in <c>roster list | head</c>. .NET passes over a write that nobody
/// reads any more, so what writes much, or for ever, looks here. On Windows, and for a file, the reader never goes.
/// </summary>
internal static partial class Reader
{
    private const int InterruptedCall = 4;
    private const int ForEver = -1;

    private static readonly bool IsWatched = !OperatingSystem.IsWindows() && Console.IsOutputRedirected;

    public static bool HasGone => IsWatched && Wait(0) > 0;

    /// <summary>To be called before a write.</summary>
    /// <exception cref="ReaderGoneException">It would be in vain.</exception>
    public static void Check()
    {
        if (HasGone)
            throw new ReaderGoneException();
    }

    /// <summary>Cancelled when the reader goes, for what waits and does not write.</summary>
    public static CancellationToken WatchGone()
    {
        if (!IsWatched)
            return CancellationToken.None;
        var gone = new CancellationTokenSource();
        new Thread(() =>
        {
            int found;
            while ((found = Wait(ForEver)) < 0 && Marshal.GetLastPInvokeError() == InterruptedCall)
                continue;
            if (found > 0)
                gone.Cancel();
        })
        { IsBackground = true }.Start();
        return gone.Token;
    }

    /// <summary>Asks for no events, so it finds only what is always told: an error, or that the other end was closed.</summary>
    private static int Wait(int milliseconds)
    {
        var output = new PollFile { Descriptor = 1 };
        return Poll(ref output, 1, milliseconds);
    }

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollFile files, nuint count, int milliseconds);

    /// <summary><c>struct pollfd</c> of poll(2).</summary>
    private struct PollFile
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}

/// <summary>Nobody reads standard output any more.</summary>
internal sealed class ReaderGoneException : IOException;

/// <summary>Standard output for many bytes, which fails when its reader has gone.</summary>
internal sealed class ReaderStream : Stream
{
    private readonly Stream _output = Console.OpenStandardOutput();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(byte[] buffer, int offset, int count)
    {
        Reader.Check();
        _output.Write(buffer, offset, count);
    }

    public override void Flush() => _output.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
