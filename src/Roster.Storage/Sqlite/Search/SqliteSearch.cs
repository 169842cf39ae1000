using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Roster.Storage.Sqlite.Search;

/// <summary>The search indexes of all workspaces, and the thread that lets them follow the log, away from writes.</summary>
internal sealed class SqliteSearch : IDisposable
{
    /// <summary>How long a search waits for the index to show what was written before it came.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How long a write waits to be followed, with what else is written by then: one pass over many costs a fraction of many passes.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(250);

    private readonly string _folder;
    private readonly TimeProvider _clock;
    private readonly SqliteDatabase _main;
    private readonly Func<long, long, Guid?> _requestOf;
    private readonly Dictionary<long, SqliteSearchIndex> _indexes = [];
    private readonly ConcurrentDictionary<long, bool> _pending = [];
    private readonly BlockingCollection<(long WorkspaceId, long Since)> _changed = [];
    private readonly AutoResetEvent _hurry = new(false);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Thread _thread;
    private volatile Exception? _failure;
    private int _waiting;

    /// <param name="folder">Where the index files are; created.</param>
    /// <param name="main">A connection to the directory, which is the follower's from now on.</param>
    /// <param name="requestOf">The request that made a workspace's revision.</param>
    public SqliteSearch(string folder, SqliteDatabase main, Func<long, long, Guid?> requestOf, TimeProvider clock)
    {
        _folder = Directory.CreateDirectory(folder).FullName;
        _main = main;
        _requestOf = requestOf;
        _clock = clock;
        _thread = new Thread(FollowLogs) { IsBackground = true, Name = "SQLite search" };
        _thread.Start();
        // What was written before the last stop and not followed any more is caught up with before somebody searches.
        foreach (var file in Directory.EnumerateFiles(_folder, "*.db"))
            if (long.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var workspaceId))
                Changed(workspaceId);
    }

    /// <summary>Tells the follower that a workspace's log has grown.</summary>
    public void Changed(long workspaceId)
    {
        if (_pending.TryAdd(workspaceId, true))
            _changed.Add((workspaceId, Stopwatch.GetTimestamp()));
    }

    /// <summary>The workspace's index, as soon as it shows this revision.</summary>
    /// <exception cref="StoreException">It does not within <see cref="Patience"/>.</exception>
    public async Task<SqliteSearchIndex> ReachAsync(long workspaceId, long revision, CancellationToken cancel)
    {
        SqliteSearchIndex index;
        try
        {
            index = IndexOf(workspaceId);
        }
        catch (StoreException failure)
        {
            throw new StoreException(StoreTrouble.SearchBehind, $"The search index cannot be opened. {failure.Message}", failure);
        }
        if (index.Reached < revision)
        {
            Interlocked.Increment(ref _waiting);
            try
            {
                Changed(workspaceId);
                _hurry.Set();
                if (!await index.WaitAsync(revision, Patience, cancel))
                    throw new StoreException(
                        StoreTrouble.SearchBehind,
                        $"The search index is at revision {index.Reached} and {revision} is wanted. {_failure?.Message}", _failure);
            }
            finally
            {
                Interlocked.Decrement(ref _waiting);
            }
        }
        return index;
    }

    /// <summary>
    /// Stops in the middle of a pass: what is not followed yet is followed after the next start. Only what was erased is still removed.
    /// </summary>
    public void Dispose()
    {
        _changed.CompleteAdding();
        _stopping.Cancel();
        _hurry.Set();
        _thread.Join();
        _stopping.Dispose();
        _changed.Dispose();
        _hurry.Dispose();
        foreach (var index in _indexes.Values)
            index.Dispose();
        _main.Dispose();
    }

    private SqliteSearchIndex IndexOf(long workspaceId)
    {
        lock (_indexes)
        {
            if (!_indexes.TryGetValue(workspaceId, out var index))
            {
                index = new SqliteSearchIndex(Path.Combine(_folder, $"{workspaceId}.db"), workspaceId, revision => _requestOf(workspaceId, revision));
                _indexes.Add(workspaceId, index);
            }
            return index;
        }
    }

    private void FollowLogs()
    {
        foreach (var (workspaceId, since) in _changed.GetConsumingEnumerable())
        {
            var left = Gathering - Stopwatch.GetElapsedTime(since);
            if (left > TimeSpan.Zero && Volatile.Read(ref _waiting) == 0 && !_stopping.IsCancellationRequested)
                _hurry.WaitOne(left);
            // Before the pass, so that what is written during it is followed by another.
            _pending.TryRemove(workspaceId, out _);
            try
            {
                var index = IndexOf(workspaceId);
                index.Follow(_main, Timestamp.Now(_clock), _stopping.Token);
                _failure = null;
                index.Log.Settle();
            }
            catch (Exception failure)
            {
                // The directory must go on without its index. Searches wait in vain and say why; the next pass tries again.
                _failure = failure;
            }
        }
    }
}
