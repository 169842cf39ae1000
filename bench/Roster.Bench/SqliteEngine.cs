using System.Diagnostics;
using System.Text;
using Roster.Changes;
using SQLitePCL;

namespace Roster.Bench;

/// <summary>
/// SQLite at its best: with the server's schema and settings, called directly with prepared statements and UTF-8 bytes
/// that lie ready in memory, in the order of the key. It keeps nothing of the past.
/// </summary>
internal sealed class SqliteEngine : IEngine
{
    /// <summary>The page cache of the server's writer.</summary>
    private const int CacheKibibytes = 16_384;

    private const string Insert = """
        insert into partner (workspace_id, id, name, email, phone, created_at, updated_at, revision)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)
        """;

    private const string Update = """
        update partner set name = ?3, email = ?4, phone = ?5, updated_at = ?6, revision = ?7
        where workspace_id = ?1 and id = ?2
        """;

    private const int WorkspaceId = 1;

    private readonly string _serverFile;
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _begin;
    private readonly sqlite3_stmt _insert;
    private readonly sqlite3_stmt _update;
    private readonly sqlite3_stmt _commit;
    private readonly sqlite3_stmt _checkpoint;

    /// <param name="directory">Where no databases are yet.</param>
    public SqliteEngine(string directory)
    {
        _serverFile = Path.Combine(directory, "roster.db");
        _database = Open(Path.Combine(directory, "raw.db"));
        Execute("pragma journal_mode = wal");
        Execute("pragma synchronous = full");
        Execute("pragma wal_autocheckpoint = 0");
        Execute($"pragma cache_size = -{CacheKibibytes}");
        foreach (var migration in Schema.Migrations("sqlite"))
            Execute(migration);
        _begin = Prepare("begin immediate");
        _insert = Prepare(Insert);
        _update = Prepare(Update);
        _commit = Prepare("commit");
        _checkpoint = Prepare("pragma wal_checkpoint(passive)");
    }

    public string Name => $"SQLite {raw.sqlite3_libversion().utf8_to_string()}";

    public string ServerDatabase => $"sqlite:{_serverFile}";

    public Func<TimeSpan> Prepare(RawBatch batch)
    {
        var rows = Array.ConvertAll(batch.Rows, row => new SqliteRow(
            row.IsNew, row.Id.ToByteArray(bigEndian: true), Encoding.UTF8.GetBytes(row.Person.Name),
            Encoding.UTF8.GetBytes(row.Person.Email), Encoding.UTF8.GetBytes(row.Person.Phone)));
        return () => Write(rows, batch.Revision);
    }

    /// <summary>The engine is in this process and rests already; the server has its other half.</summary>
    public Task RestAsync(ProcessState server, CancellationToken cancel) =>
        Stillness.WaitAsync(() => server.Work, cancel);

    public long CountServersPartners()
    {
        using var database = Open(_serverFile);
        Check(database, raw.sqlite3_prepare_v2(database, "select count(*) from partner", out var count));
        using (count)
        {
            Check(database, raw.sqlite3_step(count));
            return raw.sqlite3_column_int64(count, 0);
        }
    }

    public void Dispose()
    {
        foreach (var statement in new[] { _begin, _insert, _update, _commit, _checkpoint })
            statement.Dispose();
        _database.Dispose();
    }

    /// <summary>
    /// Off the clock, it also copies the log into the file, as the server's checkpointer does. The log's own file stays:
    /// truncated, it would have to grow again inside the next write, which costs the engine a tenth more.
    /// </summary>
    private TimeSpan Write(SqliteRow[] rows, Revision revision)
    {
        var start = Stopwatch.GetTimestamp();
        Run(_begin);
        foreach (var row in rows)
            Run(Bind(row.IsNew ? _insert : _update, row, revision));
        Run(_commit);
        var elapsed = Stopwatch.GetElapsedTime(start);
        Run(_checkpoint);
        return elapsed;
    }

    private static sqlite3 Open(string path)
    {
        Batteries_V2.Init();
        const int Flags = raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_NOMUTEX;
        var result = raw.sqlite3_open_v2(path, out var database, Flags, null);
        Check(database, result);
        return database;
    }

    private void Execute(string sql) => Check(_database, raw.sqlite3_exec(_database, sql));

    private sqlite3_stmt Prepare(string sql)
    {
        Check(_database, raw.sqlite3_prepare_v3(_database, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement));
        return statement;
    }

    private sqlite3_stmt Bind(sqlite3_stmt statement, in SqliteRow row, Revision revision)
    {
        Check(_database, raw.sqlite3_bind_int64(statement, 1, WorkspaceId));
        Check(_database, raw.sqlite3_bind_blob(statement, 2, row.Id));
        Check(_database, raw.sqlite3_bind_text(statement, 3, row.Name));
        Check(_database, raw.sqlite3_bind_text(statement, 4, row.Email));
        Check(_database, raw.sqlite3_bind_text(statement, 5, row.Phone));
        Check(_database, raw.sqlite3_bind_int64(statement, 6, revision.At.Microseconds));
        Check(_database, raw.sqlite3_bind_int64(statement, 7, revision.Number));
        return statement;
    }

    private void Run(sqlite3_stmt statement)
    {
        Check(_database, raw.sqlite3_step(statement));
        raw.sqlite3_reset(statement);
    }

    private static void Check(sqlite3 database, int result)
    {
        if (result is not (raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE))
            throw new InvalidOperationException($"SQLite: {raw.sqlite3_errmsg(database).utf8_to_string()}");
    }

    /// <summary>A row as SQLite takes it: text in UTF-8, ready to bind.</summary>
    private readonly record struct SqliteRow(bool IsNew, byte[] Id, byte[] Name, byte[] Email, byte[] Phone);
}
