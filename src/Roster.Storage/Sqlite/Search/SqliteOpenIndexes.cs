namespace Roster.Storage.Sqlite.Search;

/// <summary>
/// Bounds how many search indexes have their files open. To open one more, the one that was unused for longest is closed. An index in use
/// stays open; if all are in use, the caller waits.
/// </summary>
/// <param name="max">How many, 1 at the least.</param>
internal sealed class SqliteOpenIndexes(int max)
{
    private readonly object _gate = new();
    private readonly Dictionary<SqliteSearchIndex, Place> _places = [];
    private long _uses;

    /// <summary>Calls <paramref name="use"/> while the index's files are open. It must not use another index.</summary>
    public T Use<T>(SqliteSearchIndex index, Func<T> use)
    {
        while (TakePlace(index) is { } idle)
            Close(idle);
        var isOpen = false;
        try
        {
            index.OpenFiles();
            isOpen = true;
            return use();
        }
        finally
        {
            lock (_gate)
            {
                _places[index].Users--;
                Monitor.PulseAll(_gate);
            }
            // It may be one that nobody uses again: it gives its place back.
            if (!isOpen)
                Close(index);
        }
    }

    /// <summary>Closes an index as soon as nobody uses it.</summary>
    public void Close(SqliteSearchIndex index)
    {
        lock (_gate)
        {
            while (_places.TryGetValue(index, out var place)
                && (place.Users > 0 || (place.IsClosing && place.Closer != Environment.CurrentManagedThreadId)))
                Monitor.Wait(_gate);
            if (!_places.TryGetValue(index, out var mine))
                return;
            (mine.IsClosing, mine.Closer) = (true, Environment.CurrentManagedThreadId);
        }
        try
        {
            index.CloseFiles();
        }
        finally
        {
            lock (_gate)
            {
                _places.Remove(index);
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <returns>Null when the index has a place and counts as in use; otherwise the index that must be closed first.</returns>
    private SqliteSearchIndex? TakePlace(SqliteSearchIndex index)
    {
        lock (_gate)
            while (true)
            {
                if (!_places.TryGetValue(index, out var place) && _places.Count < max)
                    _places.Add(index, place = new Place());
                if (place is { IsClosing: false })
                {
                    (place.Users, place.LastUse) = (place.Users + 1, ++_uses);
                    return null;
                }
                if (place is null
                    && _places.Where(one => one.Value is { Users: 0, IsClosing: false }).MinBy(one => one.Value.LastUse).Key is { } idle)
                {
                    (_places[idle].IsClosing, _places[idle].Closer) = (true, Environment.CurrentManagedThreadId);
                    return idle;
                }
                Monitor.Wait(_gate);
            }
    }

    private sealed class Place
    {
        public int Users { get; set; }

        public long LastUse { get; set; }

        public bool IsClosing { get; set; }

        /// <summary>The thread that closes it.</summary>
        public int Closer { get; set; }
    }
}
