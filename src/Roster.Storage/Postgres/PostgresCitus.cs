using Npgsql;

namespace Roster.Storage.Postgres;

/// <summary>
/// What Citus is told, once, about the schema: all that a workspace owns lies together on one node, and what every request reads lies on
/// all of them (docs.citusdata.com/en/stable/develop/api_udf.html).
/// </summary>
internal static class PostgresCitus
{
    /// <summary>Small tables, in an order that their references allow.</summary>
    public static readonly string[] Replicated = ["workspace", "api_key"];

    /// <summary>By workspace_id, all in the same place as the first.</summary>
    public static readonly string[] Distributed =
        ["log_end", "partner", "change_set", "idempotency", "audit_event", "search_state", "partner_search"];

    private const string SelectExtension = "select count(*) from pg_extension where extname = 'citus'";

    private const string SelectDistributed = "select logicalrelid::text from pg_dist_partition";

    private const string Replicate = "select create_reference_table($1::text)";

    private const string DistributeFirst = "select create_distributed_table($1::text, 'workspace_id')";

    private const string DistributeWith = "select create_distributed_table($1::text, 'workspace_id', colocate_with => $2::text)";

    /// <returns>The tables that were distributed or replicated now.</returns>
    /// <exception cref="StoreRefusedException">The server has no Citus.</exception>
    public static async Task<IReadOnlyList<string>> DistributeAsync(NpgsqlDataSource source, CancellationToken cancel)
    {
        await using var connection = await source.OpenConnectionAsync(cancel);
        if ((await connection.ListAsync(new PostgresStatement(SelectExtension), row => row.GetInt64(0), cancel))[0] == 0)
            throw new StoreRefusedException("This database has no Citus; an administrator adds it with: create extension citus.");
        var done = (await connection.ListAsync(new PostgresStatement(SelectDistributed), row => row.GetString(0), cancel)).ToHashSet();
        var missing = Replicated.Concat(Distributed).Where(table => !done.Contains(table)).ToList();
        foreach (var table in missing)
            await connection.RunAsync(cancel,
                Replicated.Contains(table) ? new PostgresStatement(Replicate, table)
                : table == Distributed[0] ? new PostgresStatement(DistributeFirst, table)
                : new PostgresStatement(DistributeWith, table, Distributed[0]));
        return missing;
    }
}
