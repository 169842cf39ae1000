using System.Globalization;
using Npgsql;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres.Tools;

/// <summary>
/// Special to Citus (docs.citusdata.com/en/stable/develop/api_udf.html). The schema is distributed once: all rows of a
/// workspace are on one node, and what every request reads is on all nodes. Requests run the same statements as on
/// PostgreSQL.
/// </summary>
internal static class PostgresCitus
{
    /// <summary>Small tables, in the order of their references.</summary>
    public static readonly string[] Replicated = ["workspace", "api_key", "session", "console_link"];

    /// <summary>Distributed by workspace_id, each in the same place as the first.</summary>
    public static readonly string[] Distributed =
        ["log_end", "partner", "change_set", "idempotency", "audit_event", "search_state", "partner_search", "search_term",
            "day_count", "import", "import_part", "import_mapping", "import_block"];

    private const string SelectExtension = "select count(*) from pg_extension where extname = 'citus'";

    private const string SelectDistributed = "select logicalrelid::text from pg_dist_partition";

    private const string Replicate = "select create_reference_table($1::text)";

    private const string DistributeFirst = "select create_distributed_table($1::text, 'workspace_id')";

    private const string DistributeWith = "select create_distributed_table($1::text, 'workspace_id', colocate_with => $2::text)";

    /// <summary>A worker that does not answer within a second counts as away.</summary>
    private static readonly PostgresStatement[] BeginShortly = [new("begin"), new("set local statement_timeout = 1000")];

    /// <summary>The settings of each worker, separated by spaces.</summary>
    private const string SelectWorkers = """
        select nodename, nodeport, result from run_command_on_workers($command$
            select concat_ws(' ', current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'))
        $command$) where success
        """;

    /// <summary>Whether each worker has data checksums, and how many pages it found wrong.</summary>
    private const string SelectDataChecksums = """
        select nodename || ':' || nodeport, success, result from run_command_on_workers($command$
            select concat_ws(' ', current_setting('data_checksums'),
                coalesce((select checksum_failures from pg_stat_database where datname = current_database()), 0))
        $command$)
        """;

    /// <summary>Runs a command on the node with a workspace's shards, for the shards of some tables.</summary>
    private const string TidyShards = """
        select success from (
            select n.nodename, n.nodeport, $3::text || ' ' || string_agg(shard_name(named.relation, p.shardid), ', ') as command
            from unnest($2::text[]::regclass[]) as named (relation)
                join pg_dist_placement as p on p.shardid = get_shard_id_for_distribution_column(named.relation, $1::bigint)
                join pg_dist_node as n on n.groupid = p.groupid and n.noderole = 'primary'
            group by n.nodename, n.nodeport) as shards
            cross join lateral master_run_on_worker(array[shards.nodename], array[shards.nodeport], array[shards.command], false)
        """;

    /// <summary>Of those given, the workspaces on each node.</summary>
    private const string SelectNodes = """
        select array_agg(w.id) from unnest($1::bigint[]) as w (id)
            join pg_dist_placement as p on p.shardid = get_shard_id_for_distribution_column('log_end', w.id)
        group by p.groupid
        """;

    private const string SelectWorkspaces = "select id from workspace";

    /// <summary>Finds a worker that can lose what it has acknowledged.</summary>
    /// <returns>Null if there is none among the workers that answer in time.</returns>
    public static async Task<StoreException?> WorkersTroubleAsync(NpgsqlConnection connection)
    {
        var troubles = new List<StoreException?>();
        await AskWorkersAsync(
            connection, [new(SelectWorkers)], async rows => troubles = await rows.ReadAsync(Trouble, CancellationToken.None));
        return troubles.Find(one => one is not null);

        static StoreException? Trouble(NpgsqlDataReader row) => row.GetString(2).Split(' ') is [var fsync, var commit, var pages]
            ? new DurableSettings(fsync, commit, pages).Trouble($"The worker {row.GetString(0)}:{row.GetInt32(1)} of Citus") : null;
    }

    /// <summary>
    /// Lists rows of all workspaces. Where not all nodes answer in time, node by node: so a worker that is away keeps back
    /// only what it has itself.
    /// </summary>
    /// <param name="all">Asks for all workspaces.</param>
    /// <param name="of">Asks for some workspaces.</param>
    /// <returns>The rows, node after node, and whether all nodes have answered.</returns>
    public static async Task<(List<T> Rows, bool IsComplete)> ListAsync<T>(
        NpgsqlConnection connection, PostgresStatement all, Func<long[], PostgresStatement> of, Func<NpgsqlDataReader, T> map)
    {
        var found = new List<T>();
        if (await AskAsync(all))
            return (found, true);
        var workspaces = await connection.ListAsync(
            new PostgresStatement(SelectWorkspaces), row => row.GetInt64(0), CancellationToken.None);
        var isComplete = true;
        foreach (var ofNode in await connection.ListAsync(
            new PostgresStatement(SelectNodes, workspaces.ToArray()), row => row.GetFieldValue<long[]>(0), CancellationToken.None))
            isComplete &= await AskAsync(of(ofNode));
        return (found, isComplete);

        async Task<bool> AskAsync(PostgresStatement statement)
        {
            var rows = new List<T>();
            var hasAnswered = await AskWorkersAsync(
                connection, [statement], async reader => rows = await reader.ReadAsync(map, CancellationToken.None));
            found.AddRange(rows);
            return hasAnswered;
        }
    }

    /// <summary>
    /// Queries the workers for the whole server, as far as they answer in time. A worker that is away does not matter
    /// for the workspaces of the others; requests to its own workspaces fail themselves.
    /// </summary>
    /// <returns>Whether all that were asked have answered.</returns>
    public static async Task<bool> AskWorkersAsync(
        NpgsqlConnection connection, PostgresStatement[] statements, Func<NpgsqlDataReader, Task> read)
    {
        var hasAnswered = false;
        try
        {
            await using var rows = await connection.QueryAsync(CancellationToken.None, [.. BeginShortly, .. statements]);
            await read(rows);
            hasAnswered = true;
        }
        catch (PostgresException away) when (away.SqlState is PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.InternalError
            || away.SqlState.StartsWith("08", StringComparison.Ordinal))
        {
            // This worker gives no result.
        }
        await connection.RunAsync(CancellationToken.None, new PostgresStatement("rollback"));
        return hasAnswered;
    }

    /// <summary>What PostgreSQL has noticed of the workers' files.</summary>
    /// <returns>None if not all workers answer in time.</returns>
    public static async Task<List<(string Node, bool IsOn, long Failures)>> DataChecksumsAsync(NpgsqlConnection connection)
    {
        var workers = new List<(string Node, bool IsOn, long Failures)?>();
        await AskWorkersAsync(
            connection, [new(SelectDataChecksums)], async rows => workers = await rows.ReadAsync(Map, CancellationToken.None));
        return workers.Contains(null) ? [] : workers.ConvertAll(worker => worker!.Value);

        static (string, bool, long)? Map(NpgsqlDataReader row) =>
            row.GetBoolean(1) && row.GetString(2).Split(' ') is [var isOn, var failures]
                ? (row.GetString(0), isOn == "on", long.Parse(failures, CultureInfo.InvariantCulture)) : null;
    }

    /// <summary>
    /// Like PostgreSQL's own command, but for one workspace: the command itself would go to all shards.
    /// </summary>
    /// <param name="command">"vacuum" or "analyze".</param>
    /// <returns>Whether it succeeded.</returns>
    public static async Task<bool> TidyAsync(NpgsqlConnection connection, long workspaceId, string command, string[] tables)
    {
        var tidy = new PostgresStatement(TidyShards, workspaceId, tables, command);
        return await connection.ListAsync(tidy, row => row.GetBoolean(0), CancellationToken.None) is [true];
    }

    /// <summary>
    /// Whether a distributed database has tables that are not distributed, because an upgrade added them.
    /// </summary>
    public static async Task<bool> LacksTablesAsync(NpgsqlDataSource source, CancellationToken cancel)
    {
        await using var connection = await source.OpenConnectionAsync(cancel);
        return await DoneAsync(connection, cancel) is { } done
            && done.Contains(Distributed[0]) && !done.IsSupersetOf([.. Replicated, .. Distributed]);
    }

    /// <returns>The tables that were distributed or replicated now.</returns>
    /// <exception cref="StoreRefusedException">The server has no Citus, or this role may not distribute.</exception>
    public static async Task<IReadOnlyList<string>> DistributeAsync(NpgsqlDataSource source, CancellationToken cancel)
    {
        await using var connection = await source.OpenConnectionAsync(cancel);
        var done = await DoneAsync(connection, cancel)
            ?? throw new StoreRefusedException("This database has no Citus; an administrator adds it with: create extension citus.");
        var missing = Replicated.Concat(Distributed).Where(table => !done.Contains(table)).ToList();
        try
        {
            foreach (var table in missing)
                await connection.RunAsync(cancel,
                    Replicated.Contains(table) ? new PostgresStatement(Replicate, table)
                    : table == Distributed[0] ? new PostgresStatement(DistributeFirst, table)
                    : new PostgresStatement(DistributeWith, table, Distributed[0]));
        }
        catch (PostgresException refused) when (refused.SqlState
            is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.ConnectionFailure
            or PostgresErrorCodes.InvalidAuthorizationSpecification or PostgresErrorCodes.InvalidPassword)
        {
            throw new StoreRefusedException(
                $"Citus: {refused.MessageText}. The role must be on every node, be let in from the coordinator, and own or create "
                + "tables there: an administrator runs, on the coordinator, create role and then grant create on schema public to it.");
        }
        return missing;
    }

    /// <returns>The tables that are distributed or replicated; null if the database has no Citus.</returns>
    private static async Task<HashSet<string>?> DoneAsync(NpgsqlConnection connection, CancellationToken cancel) =>
        (await connection.ListAsync(new PostgresStatement(SelectExtension), row => row.GetInt64(0), cancel))[0] == 0 ? null
            : [.. await connection.ListAsync(new PostgresStatement(SelectDistributed), row => row.GetString(0), cancel)];
}
