using System.Collections.Concurrent;
using System.Globalization;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite.Search;

/// <summary>
/// The search indexes of all workspaces, which follow the log away from writes, one at a time. Whatever is wrong with an index, the
/// directory goes on without it: searches say that they are behind, and the index is thrown away and made anew where it is damaged.
/// </summary>
internal sealed class SqliteSearch : LogFollower
{
    /// <summary>How often an index is waited for that is thrown away as soon as it is there.</summary>
    private const int Attempts = 3;

    private readonly string _folder;
    private readonly StoreNotices _notices;
    private readonly SqliteDatabase _main;
    private readonly Func<long, long, Guid?> _requestOf;
    private readonly SqliteOpenIndexes _openIndexes;
    private readonly Dictionary<long, SqliteSearchIndex> _indexes = [];

    /// <summary>The newest erasure of each workspace since the start, until its index has nothing of it.</summary>
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
        // What was written before the last stop and not followed any more is caught up with before somebody searches; and what was erased
        // before it, and is still in an index, is removed whether somebody searches or not.
        foreach (var workspaceId in InFolder())
            Changed(workspaceId);
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
    /// <inheritdoc cref="LogFollower.ReachAsync"/>
    public async Task<SqliteSearchIndex> IndexAtAsync(long workspaceId, long revision, CancellationToken cancel)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            await ReachAsync(workspaceId, revision, cancel);
            // Another one is in its place where it was found damaged since.
            if (IndexOf(workspaceId) is { } index && index.Reached >= revision)
                return index;
        }
        throw new StoreException(StoreTrouble.SearchBehind, "The search index is damaged again and again, and is made anew.");
    }

    /// <summary>
    /// Stops in the middle of a pass: what is not followed yet is followed after the next start. Only an index that has what was erased is
    /// still thrown away.
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
    /// On a thread of its own: a pass takes as long as there is much to follow. Always on the same one: the C library gives each thread memory of its
    /// own, and keeps it.
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
        if (_erased.TryGetValue(workspaceId, out var erased) && index.Reached >= erased && _erased.TryRemove(new(workspaceId, erased)))
            _notices.End(StoreNotice.CleaningOwed, SubjectOfCleaning(workspaceId));
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
    }

    private static string SubjectOfCleaning(long workspaceId) => $"search {workspaceId}";

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
        return IndexOf(workspaceId);
    }

    private static StoreNotice Rebuilding(long workspaceId) => new(
        StoreNotice.SearchRebuilding, $"The search index of workspace {workspaceId} is damaged. It was thrown away, and is made anew from the directory.");

    private static StoreNotice Failing(long workspaceId, Exception failure) => new(
        StoreNotice.SearchFailing, $"The search index of workspace {workspaceId} cannot be kept up; searches answer search_behind. {failure.Message}");
}
