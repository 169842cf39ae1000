using System.Runtime.InteropServices;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Tests.Growth;

/// <summary>The cost so far of the statements on one database and its search indexes, as counted by SQLite.</summary>
internal sealed class SqliteWork : IDisposable
{
    private const int VirtualMachineSteps = 4;
    private const int CacheHits = 7;
    private const int CacheMisses = 8;

    private readonly string _file;
    private readonly HashSet<SqliteDatabase> _open = [];
    private readonly HashSet<string> _texts = [];
    private Cost _closed;

    /// <param name="file">The database's file; connections opened from now on are counted.</param>
    public SqliteWork(string file)
    {
        _file = file;
        SqliteDatabase.Opened += Add;
    }

    /// <summary>The statements prepared so far.</summary>
    public IReadOnlyCollection<string> Texts
    {
        get
        {
            lock (_open)
                return [.. _texts, .. _open.SelectMany(database => database.Texts)];
        }
    }

    public Cost Total()
    {
        lock (_open)
            return _open.Aggregate(_closed, (sum, database) => sum + CostOf(database));
    }

    public void Dispose() => SqliteDatabase.Opened -= Add;

    private void Add(SqliteDatabase database)
    {
        if (!database.Path.StartsWith(_file, StringComparison.Ordinal))
            return;
        lock (_open)
            _open.Add(database);
        database.Closing += Remove;
    }

    private void Remove(SqliteDatabase database)
    {
        lock (_open)
        {
            _open.Remove(database);
            _closed += CostOf(database);
            _texts.UnionWith(database.Texts);
        }
    }

    private static Cost CostOf(SqliteDatabase database)
    {
        var steps = 0L;
        for (var statement = NextStatement(database.Handle, 0); statement != 0; statement = NextStatement(database.Handle, statement))
            steps += StatementStatus(statement, VirtualMachineSteps, 0);
        return new Cost(steps, Status(CacheHits) + Status(CacheMisses));

        long Status(int which)
        {
            Assert.Equal(0, DatabaseStatus(database.Handle, which, out var current, out _, 0));
            return current;
        }
    }

    [DllImport("e_sqlite3", EntryPoint = "sqlite3_next_stmt"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint NextStatement(nint database, nint statement);

    [DllImport("e_sqlite3", EntryPoint = "sqlite3_stmt_status"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int StatementStatus(nint statement, int which, int reset);

    [DllImport("e_sqlite3", EntryPoint = "sqlite3_db_status"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int DatabaseStatus(nint database, int which, out int current, out int highest, int reset);
}

/// <param name="Steps">Steps of SQLite's virtual machine: some for each row that is read.</param>
/// <param name="Pages">Pages read, counted each time.</param>
internal readonly record struct Cost(long Steps, long Pages)
{
    public static Cost operator +(Cost left, Cost right) => new(left.Steps + right.Steps, left.Pages + right.Pages);

    public static Cost operator -(Cost left, Cost right) => new(left.Steps - right.Steps, left.Pages - right.Pages);

    public static Cost Least(Cost left, Cost right) => new(Math.Min(left.Steps, right.Steps), Math.Min(left.Pages, right.Pages));
}
