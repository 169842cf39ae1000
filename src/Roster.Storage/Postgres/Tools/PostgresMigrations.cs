using DbUp;
using DbUp.Postgresql;
using Npgsql;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres.Tools;

/// <summary>
/// The schema's migrations. If several nodes start together, one applies them and the others wait: a row of a table
/// made for that is the lock.
/// </summary>
internal static class PostgresMigrations
{
    private const int Attempts = 10;

    private static readonly TimeSpan LongestScript = TimeSpan.FromHours(1);

    public static Migrations All { get; } = new("postgres/migrations/");

    /// <summary>Checks that the schema is this build's. A server migrates it, a command does not.</summary>
    /// <exception cref="StoreRefusedException">The schema is of another version.</exception>
    public static async Task RequireAsync(NpgsqlDataSource source, StoreUse use, CancellationToken cancel)
    {
        if (use == StoreUse.Serve)
            await ApplyAsync(source, cancel);
        else if ((await MissingAsync(source, cancel)).Count > 0)
            throw new StoreRefusedException("The database is of an earlier version of Roster, or empty; start the server, or run migrate.");
    }

    /// <returns>The migrations that were applied.</returns>
    public static async Task<IReadOnlyList<string>> ApplyAsync(NpgsqlDataSource source, CancellationToken cancel)
    {
        var isCurrent = (await MissingAsync(source, cancel)).Count == 0;
        if (!isCurrent)
            await PostgresTrigrams.CreateExtensionsAsync(source, cancel);
        await PostgresTrigrams.RequireAsync(source, cancel);
        if (isCurrent && !await PostgresCitus.LacksTablesAsync(source, cancel))
            return [];
        await CreateLockAsync(source, cancel);
        await using var holder = await source.OpenConnectionAsync(cancel);
        await holder.RunAsync(cancel, new PostgresStatement("begin"));
        // Waits while another node migrates.
        await holder.RunWithinAsync("update migration_lock set id = id", LongestScript, cancel);
        var missing = await MissingAsync(source, cancel);
        if (missing.Count > 0)
            All.Apply(DeployChanges.To.PostgresqlDatabase(new PostgresqlConnectionManager(source)).WithExecutionTimeout(LongestScript));
        if (await PostgresCitus.LacksTablesAsync(source, cancel))
            await PostgresCitus.DistributeAsync(source, cancel);
        await holder.RunAsync(cancel, new PostgresStatement("commit"));
        return missing;
    }

    /// <summary>
    /// Creates the lock. Creating it at the same time as another node can fail, even with "if not exists". It does not wait for
    /// a node that holds the lock, as "on conflict" would.
    /// </summary>
    private static async Task CreateLockAsync(NpgsqlDataSource source, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(cancel);
                await connection.RunAsync(cancel,
                    new PostgresStatement("create table if not exists migration_lock (id integer not null primary key)"));
                await connection.RunAsync(cancel, new PostgresStatement(
                    "insert into migration_lock (id) select 1 where not exists (select from migration_lock) on conflict do nothing"));
                return;
            }
            catch (PostgresException busy) when (attempt < Attempts && busy.SqlState is PostgresErrorCodes.UniqueViolation
                or PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.DuplicateObject)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50 * attempt), cancel);
            }
        }
    }

    private static async Task<IReadOnlyList<string>> MissingAsync(NpgsqlDataSource source, CancellationToken cancel) =>
        All.MissingIn(await AppliedAsync(source, cancel), "The database");

    private static async Task<IReadOnlyList<string>> AppliedAsync(NpgsqlDataSource source, CancellationToken cancel)
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync(cancel);
            return await connection.ListAsync(
                new PostgresStatement("select scriptname from schemaversions order by scriptname collate \"C\""),
                row => row.GetString(0), cancel);
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return [];
        }
    }
}
