namespace Roster.Tests.Hosting;

/// <summary>
/// On a PostgreSQL database: the one that ROSTER_TEST_POSTGRES names, as <c>--database</c> does, or a new one on a server of its own. Where
/// there is neither, its tests are skipped, which CI takes for a failure.
/// </summary>
public sealed class PostgresHost : RosterHost
{
    private static readonly string? Given = Environment.GetEnvironmentVariable("ROSTER_TEST_POSTGRES");

    private readonly PostgresCluster? _own;

    public PostgresHost()
    {
        _own = Given is null && PostgresCluster.Binaries is not null ? new PostgresCluster() : null;
        Database = Given ?? _own?.NewDatabase() ?? "";
    }

    private PostgresHost(string database) => Database = database;

    internal override string Database { get; }

    protected override string? Missing => Database == "" ? PostgresCluster.Missing : null;

    /// <summary>A server on this database, and no other; dispose it.</summary>
    internal static async Task<PostgresHost> OnAsync(string database)
    {
        var host = new PostgresHost(database);
        await host.InitializeAsync();
        return host;
    }

    /// <summary>A new database on the tests' own server.</summary>
    internal string NewDatabase()
    {
        Assert.SkipWhen(_own is null, PostgresCluster.Missing);
        return _own!.NewDatabase();
    }

    /// <summary>On another database of the same server, where that is the tests' own.</summary>
    protected override RosterHost Create() => new PostgresHost(_own?.NewDatabase() ?? Database);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _own?.Dispose();
    }
}
