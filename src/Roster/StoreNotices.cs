namespace Roster;

/// <summary>A problem of a database. Health and the log show it until it is over.</summary>
/// <param name="Code">For machines: one of the constants.</param>
/// <param name="Text">For the operator: the problem and its remedy.</param>
public sealed record StoreNotice(string Code, string Text)
{
    /// <summary>The server is to make backups, and has not made one for twice the time between two.</summary>
    public const string BackupOld = "backup_old";

    /// <summary>Erased values are gone from the directory, but not yet from the bytes of the database file.</summary>
    public const string CleaningOwed = "cleaning_owed";

    /// <summary>The disk failed during a commit. Nothing is written until it is certain whether it committed.</summary>
    public const string OutcomeUnknown = "outcome_unknown";

    /// <summary>A search index cannot follow the log now.</summary>
    public const string SearchFailing = "search_failing";

    /// <summary>A search index was damaged, and is being rebuilt.</summary>
    public const string SearchRebuilding = "search_rebuilding";

    /// <summary>The database is damaged or missing.</summary>
    public const string StorageDamaged = "storage_damaged";

    /// <summary>The server was told to only read.</summary>
    public const string StorageReadOnly = "storage_read_only";

    /// <summary>The server started on a full disk: it only reads until there is room.</summary>
    public const string StorageFull = "storage_full";
}

/// <summary>
/// The current problems: at most one notice per code and subject. There are as many subjects as workspaces.
/// </summary>
public sealed class StoreNotices
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Code, string Subject), StoreNotice> _current = [];
    private Action<StoreNotice, bool>? _follower;

    /// <summary>
    /// Events before the first follower, which are reported to it even if they are over; null afterwards.
    /// </summary>
    private List<(StoreNotice Notice, bool Begins)>? _backlog = [];

    /// <summary>The distinct codes of the current notices.</summary>
    public IReadOnlyList<string> Codes
    {
        get
        {
            lock (_lock)
                return _current.Count == 0 ? [] : [.. _current.Keys.Select(key => key.Code).Distinct().Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Calls a follower when a notice begins (true) or ends (false), first for the current notices.</summary>
    /// <param name="follower">Is called under a lock, one call at a time; it must return at once and not wait.</param>
    public void Follow(Action<StoreNotice, bool> follower)
    {
        lock (_lock)
        {
            foreach (var (notice, begins) in _backlog ?? [.. _current.Values.Select(notice => (notice, true))])
                follower(notice, begins);
            (_follower, _backlog) = (follower, null);
        }
    }

    /// <summary>Begins a notice, or updates it if its text changes.</summary>
    public void Begin(StoreNotice notice, string subject = "")
    {
        lock (_lock)
        {
            if (_current.TryGetValue((notice.Code, subject), out var before) && before == notice)
                return;
            _current[(notice.Code, subject)] = notice;
            Tell(notice, true);
        }
    }

    /// <summary>Ends a notice, if there is one.</summary>
    public void End(string code, string subject = "")
    {
        lock (_lock)
            if (_current.Remove((code, subject), out var notice))
                Tell(notice, false);
    }

    private void Tell(StoreNotice notice, bool begins)
    {
        const int MaxBacklog = 100;
        _follower?.Invoke(notice, begins);
        if (_backlog?.Count < MaxBacklog)
            _backlog.Add((notice, begins));
    }
}
