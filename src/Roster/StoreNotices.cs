namespace Roster;

/// <summary>Something that is amiss with a database. Health and the log tell of it until it is over.</summary>
/// <param name="Code">For machines: one of the constants.</param>
/// <param name="Text">For the operator: what it is, and what cures it.</param>
public sealed record StoreNotice(string Code, string Text)
{
    /// <summary>Erased values are gone from the directory, but not yet from the bytes of its file.</summary>
    public const string CleaningOwed = "cleaning_owed";

    /// <summary>The disk failed while something was committed; nothing more is written until it is certain what became of it.</summary>
    public const string OutcomeUnknown = "outcome_unknown";

    /// <summary>A search index cannot follow the log now.</summary>
    public const string SearchFailing = "search_failing";

    /// <summary>A search index was thrown away, since it was damaged, and is being made anew.</summary>
    public const string SearchRebuilding = "search_rebuilding";

    /// <summary>The database is damaged or not in its place any more.</summary>
    public const string StorageDamaged = "storage_damaged";

    /// <summary>The server started on a full disk: it reads, and begins to write when there is room.</summary>
    public const string StorageFull = "storage_full";
}

/// <summary>What is amiss now. At most one notice of each code for each subject, of which there are as many as workspaces.</summary>
public sealed class StoreNotices
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Code, string Subject), StoreNotice> _current = [];
    private Action<StoreNotice, bool>? _told;

    /// <summary>What nobody was told yet, from the start: the first to follow hears of it, also where it is over.</summary>
    private List<(StoreNotice Notice, bool Begins)>? _untold = [];

    /// <summary>The codes of what is amiss now, each once.</summary>
    public IReadOnlyList<string> Codes
    {
        get
        {
            lock (_lock)
                return _current.Count == 0 ? [] : [.. _current.Keys.Select(key => key.Code).Distinct().Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Tells one follower of each notice when it begins (true) and when it ends (false), beginning with those of now.</summary>
    /// <param name="told">Is called where things go wrong, one call at a time: it returns at once, and waits for nothing.</param>
    public void Follow(Action<StoreNotice, bool> told)
    {
        lock (_lock)
        {
            foreach (var (notice, begins) in _untold ?? [.. _current.Values.Select(notice => (notice, true))])
                told(notice, begins);
            (_told, _untold) = (told, null);
        }
    }

    /// <summary>Begins a notice, or says it anew where there is one and its text is another.</summary>
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

    /// <summary>Ends a notice, if it is there.</summary>
    public void End(string code, string subject = "")
    {
        lock (_lock)
            if (_current.Remove((code, subject), out var notice))
                Tell(notice, false);
    }

    private void Tell(StoreNotice notice, bool begins)
    {
        const int MostUntold = 100;
        _told?.Invoke(notice, begins);
        if (_untold?.Count < MostUntold)
            _untold.Add((notice, begins));
    }
}
