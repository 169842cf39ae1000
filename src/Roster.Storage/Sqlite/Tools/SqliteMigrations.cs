using DbUp;
using Microsoft.Data.Sqlite;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite.Tools;

/// <summary>The schema's migrations, and those applied to a file.</summary>
internal static class SqliteMigrations
{
    private const string SelectJournal = "select count(*) from sqlite_schema where name = 'SchemaVersions'";

    private const string SelectApplied = "select ScriptName from SchemaVersions order by ScriptName";

    public static Migrations All { get; } = new("sqlite/migrations/");

    /// <summary>The migrations that were applied to the database, oldest first.</summary>
    public static IReadOnlyList<string> Applied(SqliteDatabase database)
    {
        var applied = new List<string>();
        if (database.ReadInt64(SelectJournal) == 0)
            return applied;
        using var rows = database.Prepare(SelectApplied).Query();
        while (rows.Step())
            applied.Add(rows.Text(0));
        return applied;
    }

    /// <inheritdoc cref="Migrations.Apply"/>
    public static void Apply(string path) => All.Apply(DeployChanges.To.SqliteDatabase(
        new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString()));
}
