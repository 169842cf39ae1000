using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Roster.Storage.Postgres.Search;

/// <summary>Work that this node does on workspaces' indexes in the background, on one at a time and never twice at once.</summary>
internal sealed class PostgresSearchWork : IAsyncDisposable
{
    /// <summary>
    /// After this long a workspace's turn comes: so where much is written, one pass takes many changes; and where another node was
    /// at it, or it failed, it is looked at again.
    /// </summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<long, bool> _soon = [];
    private readonly ConcurrentDictionary<long, bool> _now = [];
    /// <summary>Each workspace is in it once at most, since <see cref="_now"/> is asked first.</summary>
    private readonly Channel<long> _queue = Channel.CreateUnbounded<long>();
    private readonly CancellationTokenSource _stop = new();
    /// <summary>Good to ask also when its source is disposed of, since writes may end after that.</summary>
    private readonly CancellationToken _stopped;
    private readonly Task _working;
    private volatile Exception? _failure;

    /// <param name="work">Returns false where it is to be tried again.</param>
    public PostgresSearchWork(Func<long, CancellationToken, Task<bool>> work)
    {
        _stopped = _stop.Token;
        _working = Task.Run(() => WorkAsync(work));
    }

    /// <summary>Why the last turn came to nothing; null where it did not.</summary>
    public Exception? Failure => _failure;

    public void DoNow(long workspaceId)
    {
        if (_now.TryAdd(workspaceId, true))
            _queue.Writer.TryWrite(workspaceId);
    }

    public void DoSoon(long workspaceId)
    {
        if (_soon.TryAdd(workspaceId, true))
            _ = Task.Delay(Soon, _stopped).ContinueWith(
                _ =>
                {
                    // Before the work, so that what is written during it is followed by another turn.
                    _soon.TryRemove(workspaceId, out var _);
                    DoNow(workspaceId);
                },
                TaskContinuationOptions.OnlyOnRanToCompletion);
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.Complete();
        await _stop.CancelAsync();
        await _working;
        _stop.Dispose();
    }

    private async Task WorkAsync(Func<long, CancellationToken, Task<bool>> work)
    {
        await foreach (var workspaceId in _queue.Reader.ReadAllAsync())
        {
            if (_stopped.IsCancellationRequested)
                return;
            _now.TryRemove(workspaceId, out _);
            try
            {
                if (!await work(workspaceId, _stopped))
                    DoSoon(workspaceId);
                _failure = null;
            }
            catch (Exception failure)
            {
                // The directory must go on without its index. Searches wait in vain and say why; the next turn tries again.
                _failure = failure;
                DoSoon(workspaceId);
            }
        }
    }
}
