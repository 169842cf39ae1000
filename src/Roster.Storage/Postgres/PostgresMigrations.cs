using DbUp;
using DbUp.Engine;
using DbUp.Postgresql;
using Npgsql;

namespace Roster.Storage.Postgres;

/// <summary>
/// The schema's numbered SQL files, applied by DbUp: each in one transaction with its line in the journal. Of many nodes that start
/// together one applies them, and the others wait: whoever does holds the one row of a table made for that.
/// </summary>
internal static class PostgresMigrations
{
    private const string Resources = "postgres/migrations/";
    private const int Attempts = 10;

    /// <summary>The migrations that this build knows, oldest first.</summary>
    public static IReadOnlyList<string> Known { get; } = SqlText.Names(Resources);

    /// <summary>Makes sure that the schema is this build's: a server brings it up to date, a command does not.</summary>
    /// <exception cref="StoreRefusedException">It is of another version.</exception>
    public static async Task RequireAsync(NpgsqlDataSource source, StoreUse use, CancellationToken cancel)
    {
        if (use == StoreUse.Serve)
            await ApplyAsync(source, cancel);
        else if (!(await AppliedAsync(source, cancel)).SequenceEqual(Known))
            throw new StoreRefusedException("The database is of another version of Roster, or empty; start the server, or run migrate.");
    }

    /// <returns>The migrations that were applied.</returns>
    public static async Task<IReadOnlyList<string>> ApplyAsync(NpgsqlDataSource source, CancellationToken cancel)
    {
        if ((await MissingAsync(source, cancel)).Count == 0)
            return [];
        await CreateLockAsync(source, cancel);
        await using var holder = await source.OpenConnectionAsync(cancel);
        await holder.RunAsync(cancel,
            new PostgresStatement("begin"), new PostgresStatement("update migration_lock set id = id"));
        var missing = await MissingAsync(source, cancel);
        if (missing.Count > 0)
            Apply(source);
        await holder.RunAsync(cancel, new PostgresStatement("commit"));
        return missing;
    }

    /// <summary>Creating what may be being created elsewhere can fail, also with "if not exists".</summary>
    private static async Task CreateLockAsync(NpgsqlDataSource source, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(cancel);
                await connection.RunAsync(cancel,
                    new PostgresStatement("create table if not exists migration_lock (id integer not null primary key)"));
                await connection.RunAsync(cancel, new PostgresStatement("insert into migration_lock (id) values (1) on conflict do nothing"));
                return;
            }
            catch (PostgresException busy) when (attempt < Attempts && busy.SqlState is PostgresErrorCodes.UniqueViolation
                or PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.DuplicateObject)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50 * attempt), cancel);
            }
        }
    }

    private static async Task<IReadOnlyList<string>> MissingAsync(NpgsqlDataSource source, CancellationToken cancel)
    {
        var applied = await AppliedAsync(source, cancel);
        if (applied.Except(Known).LastOrDefault() is { } unknown)
            throw new StoreRefusedException($"The database was written by a newer Roster: it has the migration {unknown}.");
        return [.. Known.Except(applied)];
    }

    private static async Task<IReadOnlyList<string>> AppliedAsync(NpgsqlDataSource source, CancellationToken cancel)
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync(cancel);
            return await connection.ListAsync(
                new PostgresStatement("select scriptname from schemaversions order by scriptname collate \"C\""), row => row.GetString(0), cancel);
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return [];
        }
    }

    private static void Apply(NpgsqlDataSource source)
    {
        var result = DeployChanges.To.PostgresqlDatabase(new PostgresqlConnectionManager(source))
            .WithScripts(Known.Select(name => new SqlScript(name, SqlText.Read(Resources + name))))
            .WithTransactionPerScript()
            .WithExecutionTimeout(TimeSpan.FromHours(1))
            .WithVariablesDisabled()
            .LogToNowhere()
            .Build()
            .PerformUpgrade();
        if (!result.Successful)
            throw new StoreException(
                StoreTrouble.Unavailable, $"Migration {result.ErrorScript?.Name} failed: {result.Error.Message}", result.Error);
    }
}
