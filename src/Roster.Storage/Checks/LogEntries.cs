using Roster.Log;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Checks;

/// <summary>
/// The entries of a workspace's log, sorted by partner. They are in a temporary database without a name, in the folder for
/// temporary files: about 130 bytes for each entry, and never a value of a partner. Memory has a bound, however long the log is.
/// </summary>
internal sealed class LogEntries : IDisposable
{
    /// <summary>Of the pages, and as much again for the sorting.</summary>
    private const int CacheKibibytes = 32 << 10;

    private const int ReadTogether = 1_000;

    private const string CreateEntries = """
        create table entry (
            id blob, revision integer, place integer, at integer, kind text, before integer, before_at integer,
            before_deleted_at integer, has_values integer) strict
        """;

    private const string CreateSorted = """
        create table sorted (
            id blob, revision integer, place integer, at integer, kind text, before integer, before_at integer,
            before_deleted_at integer, has_values integer, primary key (id, revision, place)) strict, without rowid
        """;

    private const string InsertEntry = "insert into entry values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

    private const string Sort = "insert into sorted select * from entry order by id, revision, place";

    private const string SelectSorted = """
        select id, revision, place, at, kind, before, before_at, before_deleted_at, has_values from sorted
        where (id, revision, place) > (?1, ?2, ?3) order by id, revision, place limit ?4
        """;

    private readonly SqliteDatabase _database = SqliteDatabase.OpenTemporary(CacheKibibytes);
    private readonly List<LogEntry> _page = [];
    private int _next;
    private bool _isAtEnd;

    public LogEntries()
    {
        _database.Execute("pragma journal_mode = off");
        _database.Execute(CreateEntries);
        _database.Execute(CreateSorted);
        _database.Execute("begin");
    }

    public long Count { get; private set; }

    /// <param name="place">The entry's place in its change set.</param>
    public void Add(Revision revision, string kind, int place, LoggedChange entry)
    {
        var before = entry.Before;
        _database.Prepare(InsertEntry)
            .Bind(1, entry.Id).Bind(2, revision.Number).Bind(3, place).Bind(4, revision.At).Bind(5, kind)
            .Bind(6, before?.Revision).Bind(7, before?.UpdatedAt).Bind(8, before?.DeletedAt)
            .Bind(9, before?.HasValues == true ? 1 : 0).Run();
        Count++;
    }

    /// <summary>After this the entries can be read, and none can be added.</summary>
    public void SortAll()
    {
        _database.Execute(Sort);
        _database.Execute("commit");
        _database.Execute("drop table entry");
    }

    /// <summary>The next entry, by partner and then by revision; null after the last one.</summary>
    public LogEntry? Peek()
    {
        if (_next == _page.Count && !_isAtEnd)
            ReadPage();
        return _next < _page.Count ? _page[_next] : null;
    }

    public void Skip() => _next++;

    /// <summary>For the test that sees how pages are read.</summary>
    internal IReadOnlyList<string> PlanOfRead()
    {
        var steps = new List<string>();
        using var rows = _database.Prepare("explain query plan " + SelectSorted).Query();
        while (rows.Step())
            steps.Add(rows.Text(3));
        return steps;
    }

    public void Dispose() => _database.Dispose();

    private void ReadPage()
    {
        var last = _page.Count > 0 ? _page[^1] : null;
        _page.Clear();
        _next = 0;
        using var rows = _database.Prepare(SelectSorted)
            .Bind(1, last?.Id ?? Guid.Empty).Bind(2, last?.Revision ?? -1).Bind(3, last?.Place ?? 0).Bind(4, ReadTogether).Query();
        while (rows.Step())
            _page.Add(new LogEntry(
                rows.Guid(0), rows.Int64(1), rows.Int64(2), rows.Timestamp(3), rows.Text(4), rows.Int64OrNull(5),
                rows.TimestampOrNull(6), rows.TimestampOrNull(7), rows.Int64(8) != 0));
        _isAtEnd = _page.Count == 0;
    }
}

/// <summary>What an entry of the log says of a partner, without values.</summary>
/// <param name="Kind">Of its change set.</param>
/// <param name="Before">The revision of the state before; null if it created the partner.</param>
/// <param name="HasValues">Whether it has the values before.</param>
internal sealed record LogEntry(
    Guid Id, long Revision, long Place, Timestamp At, string Kind, long? Before, Timestamp? BeforeAt, Timestamp? BeforeDeletedAt,
    bool HasValues);
