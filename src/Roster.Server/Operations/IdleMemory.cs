using System.Runtime.InteropServices;

namespace Roster.Server.Operations;

/// <summary>
/// Gives memory back while nobody asks for anything. What requests and the search index behind them took is garbage by then, of which .NET
/// and the C library would keep much. Little is alive, so it costs some milliseconds, which no request meets in its middle.
/// </summary>
internal sealed class IdleMemory(ILogger<IdleMemory> logger) : RepeatedWork(Quiet, logger)
{
    /// <summary>So much must have been allocated since the last time, in bytes.</summary>
    private const long WorthIt = 8 << 20;

    /// <summary>For so long at least nobody must have asked.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(100);

    private long _begun;
    private int _underWay;
    private long _begunBefore;
    private long _allocatedBefore;

    /// <summary>Middleware around all other: from here a request is under way.</summary>
    public async Task CountAsync(HttpContext http, RequestDelegate next)
    {
        Interlocked.Increment(ref _begun);
        Interlocked.Increment(ref _underWay);
        try
        {
            await next(http);
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    /// <summary>For a request that only waits for something to happen: meanwhile it asks for nothing.</summary>
    public async Task RestAsync(Task waiting)
    {
        Interlocked.Decrement(ref _underWay);
        try
        {
            await waiting;
        }
        finally
        {
            Interlocked.Increment(ref _underWay);
        }
    }

    protected override Task PassAsync(CancellationToken cancel)
    {
        var begun = Interlocked.Read(ref _begun);
        var isQuiet = begun == _begunBefore && Volatile.Read(ref _underWay) == 0;
        _begunBefore = begun;
        if (isQuiet && GC.GetTotalAllocatedBytes() - _allocatedBefore >= WorthIt)
        {
            GiveBack();
            _allocatedBefore = GC.GetTotalAllocatedBytes();
        }
        return Task.CompletedTask;
    }

    private static void GiveBack()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        try
        {
            if (OperatingSystem.IsLinux())
                _ = MallocTrim(0);
        }
        catch (Exception missing) when (missing is EntryPointNotFoundException or DllNotFoundException)
        {
            // A C library that is not glibc, and keeps less.
        }
    }

    [DllImport("libc", EntryPoint = "malloc_trim"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MallocTrim(nuint kept);
}
