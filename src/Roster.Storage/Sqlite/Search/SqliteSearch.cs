using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Roster.Storage.Sqlite.Search;

/// <summary>
/// The search indexes of all workspaces, and the thread that lets them follow the log, away from writes. Whatever is wrong with an index, the
/// directory goes on without it: searches say that they are behind, and the index is thrown away and made anew where it is damaged.
/// </summary>
internal sealed class SqliteSearch : IDisposable
{
    /// <summary>How long a search waits for the index to show what was written before it came.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How long a write waits to be followed, with what else is written by then: one pass over many costs a fraction of many passes.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(250);

    /// <summary>How long after a pass that failed the next one begins, at the least; and at the most, where nobody searches meanwhile.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetryPause = TimeSpan.FromMinutes(1);

    private readonly string _folder;
    private readonly TimeProvider _clock;
    private readonly StoreNotices _notices;
    private readonly SqliteDatabase _main;
    private readonly Func<long, long, Guid?> _requestOf;
    private readonly SqliteOpenIndexes _openIndexes;
    private readonly Dictionary<long, SqliteSearchIndex> _indexes = [];
    private readonly ConcurrentDictionary<long, bool> _pending = [];
    private readonly BlockingCollection<(long WorkspaceId, long Since)> _changed = [];
    private readonly ConcurrentDictionary<long, Exception> _failures = [];

    /// <summary>The newest erasure of each workspace since the start.</summary>
    private readonly ConcurrentDictionary<long, long> _erased = [];
    private readonly AutoResetEvent _hurry = new(false);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Thread _thread;
    private volatile bool _isClosed;
    private int _waiting;

    /// <param name="folder">Where the index files are; created.</param>
    /// <param name="main">A connection to the directory, which is the follower's from now on.</param>
    /// <param name="requestOf">The request that made a workspace's revision.</param>
    /// <param name="openIndexes">How many indexes have their files open, at most.</param>
    public SqliteSearch(
        string folder, SqliteDatabase main, Func<long, long, Guid?> requestOf, TimeProvider clock, StoreNotices notices, int openIndexes)
    {
        _openIndexes = new SqliteOpenIndexes(openIndexes);
        _folder = folder;
        _main = main;
        _requestOf = requestOf;
        _clock = clock;
        _notices = notices;
        _thread = new Thread(FollowLogs) { IsBackground = true, Name = "SQLite search" };
        _thread.Start();
        // What was written before the last stop and not followed any more is caught up with before somebody searches; and what was erased
        // before it, and is still in an index, is removed whether somebody searches or not.
        foreach (var workspaceId in InFolder())
            Changed(workspaceId);
    }

    /// <summary>Tells the follower that a workspace's log has grown.</summary>
    public void Changed(long workspaceId)
    {
        if (!_pending.TryAdd(workspaceId, true))
            return;
        try
        {
            _changed.Add((workspaceId, Stopwatch.GetTimestamp()));
        }
        catch (InvalidOperationException)
        {
            // The server stops; it is caught up with after the next start.
        }
    }

    /// <summary>Tells the follower that a workspace's log has grown by an erasure.</summary>
    /// <param name="revision">The erasure's; the index has nothing of what was erased once it shows it.</param>
    public void Erased(long workspaceId, long revision)
    {
        _erased[workspaceId] = revision;
        _notices.Begin(
            new StoreNotice(StoreNotice.CleaningOwed, $"Erased values are still in the search index of workspace {workspaceId}. It is made anew."),
            SubjectOfCleaning(workspaceId));
        Changed(workspaceId);
    }

    /// <summary>The workspace's index, as soon as it shows this revision.</summary>
    /// <exception cref="StoreException">It does not within <see cref="Patience"/>, or cannot now.</exception>
    public async Task<SqliteSearchIndex> ReachAsync(long workspaceId, long revision, CancellationToken cancel)
    {
        if (IndexOf(workspaceId) is { } ready && ready.Reached >= revision)
            return ready;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Patience);
        for (var isWaiting = false; ; isWaiting = true)
        {
            if (_isClosed)
                throw new StoreException(StoreTrouble.Unavailable, "The server has stopped.");
            var index = IndexOf(workspaceId);
            var advanced = index.Advanced;
            if (index.Reached >= revision)
                return index;
            if (isWaiting && deadline.IsCancellationRequested)
                throw Behind(index, revision, null);
            Changed(workspaceId);
            // Where the last pass failed, the next one most likely fails too: it is not worth waiting for.
            if (_failures.TryGetValue(workspaceId, out var failure))
                throw Behind(index, revision, failure);
            Interlocked.Increment(ref _waiting);
            try
            {
                SetHurry();
                await advanced.WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                // Too late; or just in time, as the next look shows.
            }
            finally
            {
                Interlocked.Decrement(ref _waiting);
            }
        }
    }

    /// <summary>
    /// Stops in the middle of a pass: what is not followed yet is followed after the next start. Only an index that has what was erased is
    /// still thrown away.
    /// </summary>
    public void Dispose()
    {
        _isClosed = true;
        _changed.CompleteAdding();
        _stopping.Cancel();
        _hurry.Set();
        _thread.Join();
        _stopping.Dispose();
        _changed.Dispose();
        _hurry.Dispose();
        lock (_indexes)
        {
            foreach (var index in _indexes.Values)
            {
                index.Dispose();
                index.Wake();
            }
            _indexes.Clear();
        }
        _main.Dispose();
    }

    private static string SubjectOfCleaning(long workspaceId) => $"search {workspaceId}";

    private static StoreException Behind(SqliteSearchIndex index, long revision, Exception? failure) => new(
        StoreTrouble.SearchBehind, $"The search index is at revision {index.Reached} and {revision} is wanted. {failure?.Message}", failure);

    private void SetHurry()
    {
        try
        {
            _hurry.Set();
        }
        catch (ObjectDisposedException)
        {
            // The server stops.
        }
    }

    private List<long> InFolder()
    {
        var found = new List<long>();
        try
        {
            if (Directory.Exists(_folder))
                foreach (var file in Directory.EnumerateFiles(_folder, "*.db"))
                    if (long.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var workspaceId))
                        found.Add(workspaceId);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _notices.Begin(new StoreNotice(StoreNotice.SearchFailing, $"{_folder} cannot be read. {failure.Message}"));
        }
        return found;
    }

    /// <exception cref="StoreException">It cannot be opened or made: <see cref="StoreTrouble.SearchBehind"/>.</exception>
    private SqliteSearchIndex IndexOf(long workspaceId)
    {
        lock (_indexes)
        {
            if (_indexes.TryGetValue(workspaceId, out var index))
                return index;
            if (_isClosed)
                throw new StoreException(StoreTrouble.Unavailable, "The server has stopped.");
            try
            {
                SqliteStore.CreatePrivateFolder(_folder);
                index = new SqliteSearchIndex(
                    Path.Combine(_folder, $"{workspaceId}.db"), workspaceId, revision => _requestOf(workspaceId, revision), () => Changed(workspaceId),
                    _openIndexes);
            }
            catch (Exception failure) when (failure is StoreException or IOException or UnauthorizedAccessException)
            {
                _notices.Begin(Failing(workspaceId, failure), $"{workspaceId}");
                throw new StoreException(StoreTrouble.SearchBehind, $"The search index cannot be opened. {failure.Message}", failure);
            }
            if (index.WasDamaged)
                _notices.Begin(Rebuilding(workspaceId), $"{workspaceId}");
            _indexes.Add(workspaceId, index);
            return index;
        }
    }

    /// <summary>
    /// The index, for the follower: one whose file is sound, and has nothing that was erased. Such a file is thrown away rather than cleaned: that is
    /// done at once, and a crash at any moment leaves nothing of it behind.
    /// </summary>
    private SqliteSearchIndex SoundIndexOf(long workspaceId)
    {
        var index = IndexOf(workspaceId);
        if (index.IsDamaged)
            _notices.Begin(Rebuilding(workspaceId), $"{workspaceId}");
        else if (!index.IsSpoiled(_main))
            return index;
        lock (_indexes)
        {
            _indexes.Remove(workspaceId);
            index.Dispose();
            try
            {
                SqliteSearchIndex.Delete(index.Path);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw new StoreException(StoreTrouble.SearchBehind, $"The search index cannot be deleted. {failure.Message}", failure);
            }
        }
        index.Wake();
        return IndexOf(workspaceId);
    }

    private static StoreNotice Rebuilding(long workspaceId) => new(
        StoreNotice.SearchRebuilding, $"The search index of workspace {workspaceId} is damaged. It was thrown away, and is made anew from the directory.");

    private static StoreNotice Failing(long workspaceId, Exception failure) => new(
        StoreNotice.SearchFailing, $"The search index of workspace {workspaceId} cannot be kept up; searches answer search_behind. {failure.Message}");

    private void FollowLogs()
    {
        var retries = new Retries();
        while (_changed.TryTake(out var one, retries.Left()) || !_changed.IsCompleted)
        {
            if (one.WorkspaceId == 0)
                retries.Due().ForEach(Changed);
            else
                FollowLog(one.WorkspaceId, one.Since, retries);
        }
    }

    private void FollowLog(long workspaceId, long since, Retries retries)
    {
        var hasFailed = _failures.ContainsKey(workspaceId);
        var left = (hasFailed ? RetryPause : Gathering) - Stopwatch.GetElapsedTime(since);
        if (left > TimeSpan.Zero && (hasFailed || Volatile.Read(ref _waiting) == 0) && !_stopping.IsCancellationRequested)
            _ = hasFailed ? _stopping.Token.WaitHandle.WaitOne(left) : _hurry.WaitOne(left);
        // Before the pass, so that what is written during it is followed by another.
        _pending.TryRemove(workspaceId, out _);
        SqliteSearchIndex? index = null;
        try
        {
            index = SoundIndexOf(workspaceId);
            while (!index.Follow(_main, Timestamp.Now(_clock), _stopping.Token))
                index = SoundIndexOf(workspaceId);
            if (_erased.TryGetValue(workspaceId, out var erased) && index.Reached >= erased)
                _notices.End(StoreNotice.CleaningOwed, SubjectOfCleaning(workspaceId));
            _failures.TryRemove(workspaceId, out _);
            retries.Succeeded(workspaceId);
            _notices.End(StoreNotice.SearchFailing, $"{workspaceId}");
            _notices.End(StoreNotice.SearchRebuilding, $"{workspaceId}");
            index.Settle();
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            // Given up, or what it needs is closed already. The next start goes on.
        }
        catch (Exception failure)
        {
            if (index?.IsDamaged == true)
            {
                // The next pass throws it away: at once, unless that did not help before.
                _notices.Begin(Rebuilding(workspaceId), $"{workspaceId}");
                if (retries.Failed(workspaceId) == RetryPause)
                    Changed(workspaceId);
                return;
            }
            _failures[workspaceId] = failure;
            retries.Failed(workspaceId);
            _notices.Begin(Failing(workspaceId, failure), $"{workspaceId}");
            index?.Wake();
        }
    }

    /// <summary>Which workspaces' passes failed, and when they are tried again though nobody asks: after pauses that grow.</summary>
    private sealed class Retries
    {
        private readonly Dictionary<long, (long Since, TimeSpan Pause)> _failed = [];

        /// <summary>How long until the first one is due.</summary>
        public TimeSpan Left() => _failed.Count == 0 ? Timeout.InfiniteTimeSpan
            : _failed.Values.Select(one => one.Pause - Stopwatch.GetElapsedTime(one.Since)).Append(LongestRetryPause).Min() is { Ticks: > 0 } left ? left : TimeSpan.Zero;

        public List<long> Due() => [.. _failed.Where(one => one.Value.Pause <= Stopwatch.GetElapsedTime(one.Value.Since)).Select(one => one.Key)];

        /// <returns>The pause until the next one.</returns>
        public TimeSpan Failed(long workspaceId)
        {
            var pause = _failed.TryGetValue(workspaceId, out var before) ? before.Pause * 2 : RetryPause;
            pause = pause < LongestRetryPause ? pause : LongestRetryPause;
            _failed[workspaceId] = (Stopwatch.GetTimestamp(), pause);
            return pause;
        }

        public void Succeeded(long workspaceId) => _failed.Remove(workspaceId);
    }
}
