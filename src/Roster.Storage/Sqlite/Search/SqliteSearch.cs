using System.Collections.Concurrent;
using System.Globalization;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite.Search;

/// <summary>
/// The search indexes of all workspaces. They follow the log outside of writes, one at a time. If an index has a fault, the directory works
/// on: searches answer search_behind, and a damaged index is thrown away and made anew.
/// </summary>
internal sealed class SqliteSearch : LogFollower
{
    /// <summary>How often a search waits for an index that is found damaged each time.</summary>
    private const int Attempts = 3;

    private readonly string _folder;
    private readonly StoreNotices _notices;
    private readonly SqliteDatabase _main;
    private readonly Func<long, long, Guid?> _requestOf;
    private readonly SqliteOpenIndexes _openIndexes;
    private readonly Dictionary<long, SqliteSearchIndex> _indexes = [];

    /// <summary>The revision of each workspace's newest erasure since the start, until its index is free of the erased values.</summary>
    private readonly ConcurrentDictionary<long, long> _erased = [];

    /// <summary>One at most, since the follower has one lane.</summary>
    private readonly BlockingCollection<Action> _passes = [];
    private readonly Thread _thread;
    private volatile bool _isClosed;

    /// <param name="folder">Where the index files are; created.</param>
    /// <param name="main">A connection to the directory, which is the follower's from now on.</param>
    /// <param name="requestOf">The request that made a workspace's revision.</param>
    /// <param name="openIndexes">How many indexes have their files open, at most.</param>
    public SqliteSearch(
        string folder, SqliteDatabase main, Func<long, long, Guid?> requestOf, StoreNotices notices, int openIndexes)
        : base(lanes: 1)
    {
        _openIndexes = new SqliteOpenIndexes(openIndexes);
        _folder = folder;
        _main = main;
        _requestOf = requestOf;
        _notices = notices;
        _thread = new Thread(Work) { IsBackground = true, Name = "SQLite search" };
        _thread.Start();
        // Indexes catch up with what was written before the last stop. So erased values leave them even if nobody searches.
        foreach (var workspaceId in InFolder())
            Changed(workspaceId);
    }

    /// <summary>Tells the follower that a workspace's log has grown by an erasure.</summary>
    /// <param name="revision">The erasure's; the index has nothing of what was erased once it shows it.</param>
    public void Erased(long workspaceId, long revision)
    {
        _erased[workspaceId] = revision;
        _notices.Begin(
            new StoreNotice(
                StoreNotice.CleaningOwed,
                $"Erased values are still in the search index of workspace {workspaceId}. It is made anew."),
            SubjectOfCleaning(workspaceId));
        Changed(workspaceId);
    }

    /// <summary>The revision that the workspace's index shows; 0 if it cannot be opened.</summary>
    public long ShownBy(long workspaceId)
    {
        try
        {
            return IndexOf(workspaceId).Reached;
        }
        catch (StoreException)
        {
            return 0;
        }
    }

    /// <summary>The workspace's index, as soon as it shows this revision.</summary>
    /// <inheritdoc cref="LogFollower.ReachAsync"/>
    public async Task<SqliteSearchIndex> IndexAtAsync(long workspaceId, long revision, CancellationToken cancel)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            await ReachAsync(workspaceId, revision, cancel);
            // If the index was found damaged since, another one is in its place.
            if (IndexOf(workspaceId) is { } index && index.Reached >= revision)
                return index;
        }
        throw new StoreException(StoreTrouble.SearchBehind, "The search index is damaged again and again, and is made anew.");
    }

    /// <summary>
    /// Stops in the middle of a pass. What is not followed yet is followed after the next start. Indexes that have erased values are still
    /// thrown away.
    /// </summary>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _passes.CompleteAdding();
        _thread.Join();
        _passes.Dispose();
        foreach (var workspaceId in _erased.Keys)
            try
            {
                SoundIndexOf(workspaceId);
            }
            catch (StoreException)
            {
                // The next start does it.
            }
        lock (_indexes)
        {
            _isClosed = true;
            foreach (var index in _indexes.Values)
                index.Dispose();
            _indexes.Clear();
        }
        _main.Dispose();
    }

    protected override Task<long> ReachedAsync(long workspaceId, CancellationToken cancel) => Task.FromResult(IndexOf(workspaceId).Reached);

    /// <summary>
    /// Runs on a thread of its own, because a pass can be long. It is always the same thread: the C library keeps
    /// memory for each thread that used it.
    /// </summary>
    protected override Task<FollowStep> TakeAsync(long workspaceId, CancellationToken stop)
    {
        var done = new TaskCompletionSource<FollowStep>(TaskCreationOptions.RunContinuationsAsynchronously);
        _passes.Add(() =>
        {
            try
            {
                done.SetResult(Take(workspaceId, stop));
            }
            catch (Exception failure)
            {
                done.SetException(failure);
            }
        }, CancellationToken.None);
        return done.Task;
    }

    private FollowStep Take(long workspaceId, CancellationToken stop)
    {
        var index = SoundIndexOf(workspaceId);
        if (!index.Follow(_main, stop))
            return FollowStep.More;
        index.Settle();
        return FollowStep.Reached;
    }

    private void Work()
    {
        foreach (var pass in _passes.GetConsumingEnumerable())
            pass();
    }

    /// <summary>The next pass throws a damaged index away.</summary>
    protected override bool TryMend(long workspaceId, Exception failure)
    {
        lock (_indexes)
            if (!_indexes.TryGetValue(workspaceId, out var index) || !index.IsDamaged)
                return false;
        _notices.Begin(Rebuilding(workspaceId), $"{workspaceId}");
        return true;
    }

    protected override void Failed(long workspaceId, Exception failure) => _notices.Begin(Failing(workspaceId, failure), $"{workspaceId}");

    protected override void Followed(long workspaceId)
    {
        _notices.End(StoreNotice.SearchFailing, $"{workspaceId}");
        _notices.End(StoreNotice.SearchRebuilding, $"{workspaceId}");
        long reached;
        lock (_indexes)
            reached = _indexes.GetValueOrDefault(workspaceId)?.Reached ?? 0;
        if (_erased.TryGetValue(workspaceId, out var erased) && reached >= erased && _erased.TryRemove(new(workspaceId, erased)))
            _notices.End(StoreNotice.CleaningOwed, SubjectOfCleaning(workspaceId));
    }

    private static string SubjectOfCleaning(long workspaceId) => $"search {workspaceId}";

    private List<long> InFolder()
    {
        var found = new List<long>();
        try
        {
            if (Directory.Exists(_folder))
                foreach (var file in Directory.EnumerateFiles(_folder, "*.db"))
                {
                    var name = Path.GetFileNameWithoutExtension(file);
                    if (long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var workspaceId))
                        found.Add(workspaceId);
                }
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
                PrivateFile.CreateFolder(_folder);
                index = new SqliteSearchIndex(
                    Path.Combine(_folder, $"{workspaceId}.db"), workspaceId, revision => _requestOf(workspaceId, revision),
                    () => Changed(workspaceId), _openIndexes);
            }
            catch (Exception failure) when (failure is StoreException or IOException or UnauthorizedAccessException)
            {
                _notices.Begin(Failing(workspaceId, failure), $"{workspaceId}");
                // The follower ends the notice when it can open it.
                Changed(workspaceId);
                throw new StoreException(StoreTrouble.SearchBehind, $"The search index cannot be opened. {failure.Message}", failure);
            }
            if (index.WasDamaged)
                _notices.Begin(Rebuilding(workspaceId), $"{workspaceId}");
            _indexes.Add(workspaceId, index);
            return index;
        }
    }

    /// <summary>
    /// The index, for the follower: its file is sound and has no erased values. A file that is not so is thrown away, not cleaned: that is
    /// quick, and a crash leaves nothing of it behind.
    /// </summary>
    private SqliteSearchIndex SoundIndexOf(long workspaceId)
    {
        var index = IndexOf(workspaceId);
        SqliteSearchIndex.CountedDays? days = null;
        if (index.IsDamaged)
            _notices.Begin(Rebuilding(workspaceId), $"{workspaceId}");
        else if (!index.IsSpoiled(_main))
            return index;
        else
            days = index.TakeCountedDays();
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
        var renewed = IndexOf(workspaceId);
        if (days is { UpTo: > 0 })
            renewed.Put(days, _main);
        return renewed;
    }

    private static StoreNotice Rebuilding(long workspaceId) => new(
        StoreNotice.SearchRebuilding,
        $"The search index of workspace {workspaceId} is damaged. It was thrown away, and is made anew from the directory.");

    private static StoreNotice Failing(long workspaceId, Exception failure) => new(
        StoreNotice.SearchFailing,
        $"The search index of workspace {workspaceId} cannot be kept up; searches answer search_behind. {failure.Message}");
}
