using Roster.Storage;

namespace Roster.Tests.Plans;

/// <summary>Databases of a server of their own, for the tests of a class. Each size is filled once, and copied.</summary>
/// <param name="settings">As for <see cref="PostgresCluster"/>.</param>
public abstract class PostgresSeededDatabases(params string[] settings) : IDisposable
{
    private readonly Lazy<PostgresCluster> _cluster = new(() => new PostgresCluster(settings));
    private readonly Dictionary<int, string> _filled = [];

    internal PostgresCluster Cluster => _cluster.Value;

    /// <summary>A new one, with tables.</summary>
    internal async Task<string> NewAsync()
    {
        var database = Cluster.NewDatabase();
        await Store.Parse(database).MigrateAsync(CancellationToken.None);
        return database;
    }

    /// <summary>A new one with what <see cref="PostgresSeed"/> writes. It was never analyzed.</summary>
    internal async Task<string> FilledAsync(int many)
    {
        if (!_filled.TryGetValue(many, out var filled))
        {
            filled = await NewAsync();
            await PostgresSeed.FillAsync(filled, many);
            _filled.Add(many, filled);
        }
        var (from, copy) = (filled.Split('/')[^1], $"copy_{Guid.NewGuid():N}");
        await PostgresCluster.RunAsync(
            filled.Replace(from, "postgres", StringComparison.Ordinal), $"create database {copy} template {from}");
        return filled.Replace(from, copy, StringComparison.Ordinal);
    }

    /// <summary>As <see cref="FilledAsync"/>, but analyzed before the workspace came, when another one had as much.</summary>
    internal async Task<string> LateAsync(int many)
    {
        const long Another = -1;
        var database = await FilledAsync(many);
        await PostgresCluster.RunAsync(
            database, MoveOf(PostgresSeed.Workspace, Another), "vacuum analyze", MoveOf(Another, PostgresSeed.Workspace));
        return database;
    }

    /// <summary>Gives all that a workspace has to another one, without checks of foreign keys.</summary>
    private static string MoveOf(long from, long to) => $"""
        do $$ declare one record; begin
            set local session_replication_role = replica;
            for one in select table_name from information_schema.columns
                where table_schema = 'public' and column_name = 'workspace_id'
            loop
                execute format('update %I set workspace_id = {to} where workspace_id = {from}', one.table_name);
            end loop;
        end $$
        """;

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        if (_cluster.IsValueCreated)
            _cluster.Value.Dispose();
    }
}
