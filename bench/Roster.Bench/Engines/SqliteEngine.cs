using System.Diagnostics;
using System.Text;
using Roster.Bench.Processes;
using Roster.Log;
using SQLitePCL;

namespace Roster.Bench.Engines;

/// <summary>
/// SQLite at its best: the server's schema and settings, called directly, with prepared statements and UTF-8 bytes that
/// are in memory and in key order. It keeps no log.
/// </summary>
internal sealed class SqliteEngine : IEngine
{
    /// <summary>The same page cache as the server's writer has.</summary>
    private const int CacheKibibytes = 512;

    private const string Insert = """
        insert into partner (workspace_id, id, name, email, phone, created_at, updated_at, revision)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)
        """;

    private const string Update = """
        update partner set name = ?3, email = ?4, phone = ?5, updated_at = ?6, revision = ?7
        where workspace_id = ?1 and id = ?2
        """;

    private const string Select = "select id, name, email, phone, created_at, updated_at from partner where workspace_id = 1 order by id";

    private const int WorkspaceId = 1;

    private readonly string _directory;
    private readonly string _serverFile;
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _begin;
    private readonly sqlite3_stmt _insert;
    private readonly sqlite3_stmt _update;
    private readonly sqlite3_stmt _commit;
    private readonly sqlite3_stmt _checkpoint;

    /// <param name="directory">It must not have databases yet.</param>
    public SqliteEngine(string directory)
    {
        _directory = directory;
        _serverFile = Path.Combine(directory, "roster.db");
        _database = Open(Path.Combine(directory, "raw.db"));
        Execute(_database, "pragma journal_mode = wal");
        Execute(_database, "pragma synchronous = full");
        Execute(_database, "pragma wal_autocheckpoint = 0");
        Execute(_database, $"pragma cache_size = -{CacheKibibytes}");
        foreach (var migration in Schema.Migrations("sqlite"))
            Execute(_database, migration);
        _begin = Prepare(_database, "begin immediate");
        _insert = Prepare(_database, Insert);
        _update = Prepare(_database, Update);
        _commit = Prepare(_database, "commit");
        _checkpoint = Prepare(_database, "pragma wal_checkpoint(passive)");
    }

    public string Name => $"SQLite {raw.sqlite3_libversion().utf8_to_string()}";

    public string ServerDatabase => $"sqlite:{_serverFile}";

    public bool IsDistributed => false;

    /// <summary>SQLite has one writer at a time; more connections make it no faster.</summary>
    public IReadOnlyList<int> Connections => [1];

    public Func<TimeSpan> Prepare(RawBatch batch)
    {
        var rows = Rows(batch);
        return () => Write(rows, batch.Revision);
    }

    public Task<double> UpdateOneByOneAsync(RawBatch batch, int connections, TimeSpan duration)
    {
        var rows = Rows(batch);
        var start = Stopwatch.GetTimestamp();
        var written = 0;
        for (; Stopwatch.GetElapsedTime(start) < duration; written++)
        {
            Run(_begin);
            Run(Bind(_update, rows[written % rows.Length], batch.Revision));
            Run(_commit);
        }
        var perSecond = written / Stopwatch.GetElapsedTime(start).TotalSeconds;
        Run(_checkpoint);
        return Task.FromResult(perSecond);
    }

    public NdjsonExport Export()
    {
        using var select = Prepare(_database, Select);
        using var export = new NdjsonWriter();
        while (raw.sqlite3_step(select) == raw.SQLITE_ROW)
        {
            var json = export.StartLine();
            json.WriteString("id"u8, new Guid(raw.sqlite3_column_blob(select, 0), bigEndian: true));
            json.WriteString("name"u8, raw.sqlite3_column_blob(select, 1));
            json.WriteString("email"u8, raw.sqlite3_column_blob(select, 2));
            json.WriteString("phone"u8, raw.sqlite3_column_blob(select, 3));
            export.EndLine(raw.sqlite3_column_int64(select, 4), raw.sqlite3_column_int64(select, 5));
        }
        return export.End();
    }

    /// <summary><c>.import</c> of SQLite's shell. It cannot write nulls, so the table has only the columns with values.</summary>
    public TimeSpan Load(string file)
    {
        var database = Path.Combine(_directory, "loaded.db");
        var start = Stopwatch.GetTimestamp();
        using var shell = Process.Start("sqlite3",
        [
            database, "pragma journal_mode = wal", "pragma synchronous = full",
            $"create table partner ({IEngine.LoadColumns}, primary key (workspace_id, id)) without rowid",
            "create index partner_external_id on partner (workspace_id, external_id)",
            ".mode csv", $".import '{file}' partner",
        ]);
        shell.WaitForExit();
        return shell.ExitCode == 0 ? Stopwatch.GetElapsedTime(start) : throw new InvalidOperationException("sqlite3 cannot load the file.");
    }

    public string CopyForPeer(string peer)
    {
        Execute(_database, "pragma wal_checkpoint(truncate)");
        var copy = Path.Combine(_directory, $"{peer}.db");
        File.Copy(Path.Combine(_directory, "raw.db"), copy);
        return $"Data Source={copy}";
    }

    public void Grow(long partners)
    {
        Grow(_database, partners);
        using var server = Open(_serverFile);
        Grow(server, partners);
    }

    /// <summary>SQLite needs no maintenance after a fill.</summary>
    public void Settle()
    {
    }

    /// <summary>The engine alone is in this process and has no background work; the server has its own.</summary>
    public Task RestAsync(IEnumerable<ProcessState> servers, CancellationToken cancel) =>
        Stillness.WaitAsync(() => servers.Sum(), Stillness.OfServers, cancel);

    public long CountServersPartners()
    {
        using var database = Open(_serverFile);
        return Count(database);
    }

    public void Dispose()
    {
        foreach (var statement in new[] { _begin, _insert, _update, _commit, _checkpoint })
            statement.Dispose();
        _database.Dispose();
    }

    /// <summary>
    /// Outside the clock, copies the write-ahead log into the database, as the server's checkpointer does. The log file
    /// keeps its size: truncated, it would grow again within the next write, which costs a tenth more.
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

    private static void Grow(sqlite3 database, long partners)
    {
        Execute(database, "begin immediate");
        var there = Count(database);
        for (var (copy, left) = (1, partners); left > 0; copy++, left -= there)
            Execute(database, CopyAsOlder(copy, Math.Min(left, there)));
        Execute(database, $"update workspace set live = live + {partners}");
        Execute(database, "commit");
        Execute(database, "pragma wal_checkpoint(truncate)");
    }

    /// <summary>
    /// Copies of the existing partners. The first two bytes of the id, of its time, are set far into the past.
    /// </summary>
    private static string CopyAsOlder(int copy, long limit) => FormattableString.Invariant($"""
        insert into partner (workspace_id, id, name, email, phone, created_at, updated_at, revision)
        select workspace_id, unhex('{copy:x4}' || substr(hex(id), 5)), name, email, phone, created_at, updated_at, revision
        from partner where workspace_id = 1 and id >= x'0100' order by id limit {limit}
        """);

    private static long Count(sqlite3 database)
    {
        using var count = Prepare(database, "select count(*) from partner");
        Check(database, raw.sqlite3_step(count));
        return raw.sqlite3_column_int64(count, 0);
    }

    private static SqliteRow[] Rows(RawBatch batch) => Array.ConvertAll(batch.Rows, row => new SqliteRow(
        row.IsNew, row.Id.ToByteArray(bigEndian: true), Encoding.UTF8.GetBytes(row.Person.Name),
        Encoding.UTF8.GetBytes(row.Person.Email), Encoding.UTF8.GetBytes(row.Person.Phone)));

    private static void Execute(sqlite3 database, string sql) => Check(database, raw.sqlite3_exec(database, sql));

    private static sqlite3_stmt Prepare(sqlite3 database, string sql)
    {
        Check(database, raw.sqlite3_prepare_v3(database, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement));
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

    /// <summary>A row ready to bind: text is UTF-8.</summary>
    private readonly record struct SqliteRow(bool IsNew, byte[] Id, byte[] Name, byte[] Email, byte[] Phone);
}
