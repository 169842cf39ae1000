using System.Diagnostics;
using Npgsql;

namespace Roster.Bench;

/// <summary>
/// PostgreSQL at its best: on one connection and with the server's schema, one prepared statement for all new rows and one
/// for all changed ones, over arrays that lie ready in memory in the order of the key. It keeps nothing of the past.
/// </summary>
internal sealed class PostgresEngine : IEngine
{
    private const string RawDatabase = "raw";
    private const string RosterDatabase = "roster";

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

    private const long WorkspaceId = 1;

    private readonly PostgresCluster _cluster;
    private readonly NpgsqlConnection _connection;

    /// <param name="directory">Where no cluster is yet.</param>
    public PostgresEngine(string directory)
    {
        _cluster = new PostgresCluster(directory);
        try
        {
            _cluster.CreateDatabase(RosterDatabase);
            _cluster.CreateDatabase(RawDatabase);
            _connection = _cluster.Open(RawDatabase);
            // What a prepared statement comes to after its first executions: a plan that looks each row up by its key.
            // Planned anew each time for the arrays at hand, updates take a tenth longer.
            Execute("set plan_cache_mode = force_generic_plan");
            foreach (var migration in Schema.Migrations("postgres"))
                Execute(migration);
        }
        catch
        {
            _cluster.Dispose();
            throw;
        }
    }

    public string Name => $"PostgreSQL {_connection.PostgreSqlVersion}";

    public string ServerDatabase => _cluster.Address(RosterDatabase);

    public Func<TimeSpan> Prepare(RawBatch batch)
    {
        var created = Array.FindAll(batch.Rows, row => row.IsNew);
        var updated = Array.FindAll(batch.Rows, row => !row.IsNew);
        // What is in a batch goes in one round trip.
        var statements = new NpgsqlBatch(_connection);
        statements.BatchCommands.Add(new NpgsqlBatchCommand("begin"));
        if (created.Length > 0)
            statements.BatchCommands.Add(Statement(Insert, batch, created));
        if (updated.Length > 0)
            statements.BatchCommands.Add(Statement(Update, batch, updated));
        statements.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        // Prepared once for the connection: the same text finds what is there.
        statements.Prepare();
        return () => Write(statements, batch.Rows.Length);
    }

    /// <summary>
    /// The server's search index follows its writes in the database, so both work on. Then what is left to write is
    /// written, so that no checkpoint comes during a measured batch, and each begins as far from the last one.
    /// </summary>
    public async Task RestAsync(ProcessState server, CancellationToken cancel)
    {
        await WaitAsync();
        Execute("checkpoint");
        await WaitAsync();

        Task WaitAsync() => Stillness.WaitAsync(() => server.Work + _cluster.Work, cancel);
    }

    public long CountServersPartners()
    {
        using var connection = _cluster.Open(RosterDatabase);
        using var count = new NpgsqlCommand("select count(*) from partner", connection);
        return (long)count.ExecuteScalar()!;
    }

    public void Dispose()
    {
        _connection.Dispose();
        _cluster.Dispose();
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

    private void Execute(string sql)
    {
        using var command = new NpgsqlCommand(sql, _connection) { CommandTimeout = 0 };
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
