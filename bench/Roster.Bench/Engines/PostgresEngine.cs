using System.Diagnostics;
using Npgsql;
using Roster.Bench.Processes;

namespace Roster.Bench.Engines;

/// <summary>
/// PostgreSQL at its best: one connection, the server's schema, one prepared statement for all new rows and one for all
/// changed rows, over arrays that are in memory and in key order. It keeps no log.
/// </summary>
internal sealed class PostgresEngine : IEngine
{
    private const string RawDatabase = "raw";
    private const string RosterDatabase = "roster";

    /// <summary>
    /// A prepared statement gets this generic plan after its first executions: it looks up each row by key. Planned
    /// anew for the arrays of each batch, updates take a tenth longer.
    /// </summary>
    private const string GenericPlans = "-c plan_cache_mode=force_generic_plan";

    private const string Insert = """
        insert into partner (workspace_id, id, name, email, phone, created_at, updated_at, revision)
        select $1, n.id, n.name, n.email, n.phone, $2, $2, $3
        from unnest($4::uuid[], $5::text[], $6::text[], $7::text[]) as n (id, name, email, phone)
        """;

    private const string Update = """
        update partner set name = n.name, email = n.email, phone = n.phone, updated_at = $2, revision = $3
        from unnest($4::uuid[], $5::text[], $6::text[], $7::text[]) as n (id, name, email, phone)
        where partner.workspace_id = $1 and partner.id = n.id
        """;

    private const string Select = "select id, name, email, phone, created_at, updated_at from partner where workspace_id = 1 order by id";

    /// <summary>
    /// Copies of the existing partners. The first two bytes of the id, its time, are set far into the past.
    /// </summary>
    private const string GrowOnce = """
        insert into partner (workspace_id, id, name, email, phone, created_at, updated_at, revision)
        select workspace_id, (lpad(to_hex($1::int), 4, '0') || substr(replace(id::text, '-', ''), 5))::uuid,
            name, email, phone, created_at, updated_at, revision
        from partner where workspace_id = 1 and id >= '01000000-0000-0000-0000-000000000000' order by id limit $2
        """;

    private const long WorkspaceId = 1;

    private const string LoadedDatabase = "loaded";

    private static readonly TimeSpan AfterCheckpoint = TimeSpan.FromMilliseconds(150);

    private static readonly string[] CitusSettings = ["shared_preload_libraries=citus", "max_prepared_transactions=200"];

    private readonly PostgresCluster _cluster;

    /// <summary>The node with the server's rows; null without Citus.</summary>
    private readonly PostgresCluster? _worker;

    private readonly NpgsqlConnection _connection;
    private string _citus = "";

    /// <param name="directory">It must not have a cluster yet.</param>
    /// <param name="isCitus">
    /// Whether the server's database, and not that of the engine alone, is on Citus: a coordinator and a worker.
    /// </param>
    public PostgresEngine(string directory, bool isCitus)
    {
        _cluster = new PostgresCluster(directory, isCitus ? CitusSettings : []);
        try
        {
            _cluster.CreateDatabase(RosterDatabase);
            if (isCitus)
            {
                _worker = new PostgresCluster(Directory.CreateDirectory(Path.Combine(directory, "worker")).FullName, CitusSettings);
                JoinWorker(_worker);
            }
            _cluster.CreateDatabase(RawDatabase);
            _connection = _cluster.Open(RawDatabase, GenericPlans);
            Execute(_connection, "create extension pg_trgm; create extension btree_gin");
            foreach (var migration in Schema.Migrations("postgres"))
                Execute(_connection, migration);
        }
        catch
        {
            _worker?.Dispose();
            _cluster.Dispose();
            throw;
        }
    }

    public string Name => IsDistributed ? $"Citus {_citus} on PostgreSQL {_connection.PostgreSqlVersion}"
        : $"PostgreSQL {_connection.PostgreSqlVersion}";

    public string ServerDatabase => _cluster.Address(RosterDatabase);

    public bool IsDistributed => _worker is not null;

    public IReadOnlyList<int> Connections => [1, 64];

    public Func<TimeSpan> Prepare(RawBatch batch)
    {
        var created = Array.FindAll(batch.Rows, row => row.IsNew);
        var updated = Array.FindAll(batch.Rows, row => !row.IsNew);
        // The commands of a batch go in one round trip.
        var statements = new NpgsqlBatch(_connection);
        statements.BatchCommands.Add(new NpgsqlBatchCommand("begin"));
        if (created.Length > 0)
            statements.BatchCommands.Add(Statement(Insert, batch, created));
        if (updated.Length > 0)
            statements.BatchCommands.Add(Statement(Update, batch, updated));
        statements.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        // Prepared once for each connection: the same text finds the prepared statement.
        statements.Prepare();
        return () => Write(statements, batch.Rows.Length);
    }

    public Task<double> UpdateOneByOneAsync(RawBatch batch, int connections, TimeSpan duration) =>
        new PostgresSingleUpdates(batch, () => _cluster.Open(RawDatabase, GenericPlans), duration).RunAsync(connections, WorkspaceId);

    public NdjsonExport Export()
    {
        using var select = new NpgsqlCommand(Select, _connection) { CommandTimeout = 0 };
        select.Prepare();
        using var export = new NdjsonWriter();
        using var reader = select.ExecuteReader();
        while (reader.Read())
        {
            var json = export.StartLine();
            json.WriteString("id"u8, reader.GetGuid(0));
            json.WriteString("name"u8, reader.GetString(1));
            json.WriteString("email"u8, reader.GetString(2));
            json.WriteString("phone"u8, reader.GetString(3));
            export.EndLine(reader.GetInt64(4), reader.GetInt64(5));
        }
        return export.End();
    }

    /// <summary><c>\copy</c> of psql.</summary>
    public TimeSpan Load(string file)
    {
        _cluster.CreateDatabase(LoadedDatabase);
        using (var connection = _cluster.Open(LoadedDatabase))
        {
            Execute(connection, "create extension pg_trgm; create extension btree_gin");
            foreach (var migration in Schema.Migrations("postgres"))
                Execute(connection, migration);
        }
        var start = Stopwatch.GetTimestamp();
        _cluster.RunPsql(LoadedDatabase, $"\\copy partner ({IEngine.LoadColumns}) from '{file}' with (format csv)");
        return Stopwatch.GetElapsedTime(start);
    }

    public string CopyForPeer(string peer)
    {
        // A database can only be copied while nobody is connected to it.
        _connection.Close();
        _cluster.CreateDatabase($"{peer} template {RawDatabase}");
        _connection.Open();
        return _cluster.ConnectionString(peer, isPooled: true);
    }

    public void Grow(long partners)
    {
        Grow(_connection, partners);
        using var server = _cluster.Open(RosterDatabase);
        Grow(server, partners);
    }

    /// <summary>Autovacuum would do it within a minute, perhaps during a measured batch.</summary>
    public void Settle()
    {
        using var server = _cluster.Open(RosterDatabase);
        foreach (var database in new[] { _connection, server })
            Execute(database, "vacuum analyze");
    }

    /// <summary>
    /// Waits for the server's search index, which follows the writes in the database. Then runs a checkpoint: none
    /// comes during a measured batch, and each batch begins equally far from the last one.
    /// </summary>
    public async Task RestAsync(IEnumerable<ProcessState> servers, CancellationToken cancel)
    {
        // The checkpoint writes at once what would otherwise be written little by little.
        await Stillness.WaitAsync(
            () => servers.Sum() + _cluster.BackendWork + (_worker?.BackendWork ?? default), Stillness.OfServers, cancel);
        Execute(_connection, "checkpoint");
        _worker?.RunPsql(RosterDatabase, "checkpoint");
        await Stillness.WaitAsync(() => servers.Sum() + _cluster.Work + (_worker?.Work ?? default), AfterCheckpoint, cancel);
    }

    public long CountServersPartners()
    {
        using var connection = _cluster.Open(RosterDatabase);
        return Count(connection);
    }

    public void Dispose()
    {
        _connection.Dispose();
        _worker?.Dispose();
        _cluster.Dispose();
    }

    private void JoinWorker(PostgresCluster worker)
    {
        worker.CreateDatabase(RosterDatabase);
        using (var node = worker.Open(RosterDatabase))
            Execute(node, "create extension citus");
        using var coordinator = _cluster.Open(RosterDatabase);
        Execute(coordinator, "create extension citus");
        Execute(coordinator, $"select citus_set_coordinator_host('127.0.0.1', {_cluster.Port})");
        Execute(coordinator, $"select citus_add_node('127.0.0.1', {worker.Port})");
        using var version = new NpgsqlCommand("select split_part(citus_version(), ' ', 2)", coordinator);
        _citus = (string)version.ExecuteScalar()!;
    }

    private static NpgsqlBatchCommand Statement(string sql, RawBatch batch, RawRow[] rows) => new(sql)
    {
        Parameters =
        {
            new NpgsqlParameter<long> { TypedValue = WorkspaceId },
            new NpgsqlParameter<long> { TypedValue = batch.Revision.At.Microseconds },
            new NpgsqlParameter<long> { TypedValue = batch.Revision.Number },
            new NpgsqlParameter<Guid[]> { TypedValue = Array.ConvertAll(rows, row => row.Id) },
            new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(rows, row => row.Person.Name) },
            new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(rows, row => row.Person.Email) },
            new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(rows, row => row.Person.Phone) },
        },
    };

    private static void Grow(NpgsqlConnection database, long partners)
    {
        var there = Count(database);
        for (var (copy, left) = (1, partners); left > 0; copy++, left -= there)
        {
            using var grow = new NpgsqlCommand(GrowOnce, database)
            {
                CommandTimeout = 0,
                Parameters = { Value(copy), Value(Math.Min(left, there)) },
            };
            grow.ExecuteNonQuery();
        }
        Execute(database, $"update log_end set live = live + {partners}");
        Execute(database, "vacuum analyze partner");

        static NpgsqlParameter<T> Value<T>(T value) => new() { TypedValue = value };
    }

    private static long Count(NpgsqlConnection database)
    {
        using var count = new NpgsqlCommand("select count(*) from partner", database) { CommandTimeout = 0 };
        return (long)count.ExecuteScalar()!;
    }

    private static void Execute(NpgsqlConnection database, string sql)
    {
        using var command = new NpgsqlCommand(sql, database) { CommandTimeout = 0 };
        command.ExecuteNonQuery();
    }

    private static TimeSpan Write(NpgsqlBatch statements, int rows)
    {
        using (statements)
        {
            var start = Stopwatch.GetTimestamp();
            var written = statements.ExecuteNonQuery();
            var elapsed = Stopwatch.GetElapsedTime(start);
            if (written != rows)
                throw new InvalidOperationException($"PostgreSQL wrote {written} rows, not {rows}.");
            return elapsed;
        }
    }
}
