using DbUp;
using DbUp.Engine;
using Microsoft.Data.Sqlite;

namespace Roster.Storage.Sqlite;

/// <summary>
/// The schema's numbered SQL files, applied by DbUp: each in one transaction with its line in the journal, so that an
/// interrupted one has either happened or not.
/// </summary>
internal static class SqliteMigrations
{
    private const string Resources = "sqlite/migrations/";

    /// <summary>The migrations that this build knows, oldest first.</summary>
    public static IReadOnlyList<string> Known { get; } = SqlText.Names(Resources);

    /// <summary>The migrations that the database has had, oldest first.</summary>
    public static IReadOnlyList<string> Applied(SqliteDatabase database)
    {
        var applied = new List<string>();
        if (database.ReadInt64("select count(*) from sqlite_schema where name = 'SchemaVersions'") == 0)
            return applied;
        using var rows = database.Prepare("select ScriptName from SchemaVersions order by ScriptName").Query();
        while (rows.Step())
            applied.Add(rows.Text(0));
        return applied;
    }

    /// <exception cref="StoreException">A migration failed, and nothing of it is there.</exception>
    public static void Apply(string path)
    {
        var address = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString();
        var result = DeployChanges.To.SqliteDatabase(address)
            .WithScripts(Known.Select(name => new SqlScript(name, SqlText.Read(Resources + name))))
            .WithTransactionPerScript()
            .WithVariablesDisabled()
            .LogToNowhere()
            .Build()
            .PerformUpgrade();
        if (!result.Successful)
            throw new StoreException(
                StoreTrouble.Unavailable, $"Migration {result.ErrorScript?.Name} failed: {result.Error.Message}", result.Error);
    }
}
