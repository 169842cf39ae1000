namespace Roster.Tests.Hosting;

/// <summary>
/// On a PostgreSQL database: the one that ROSTER_TEST_POSTGRES names, as <c>--database</c> does, or a new one on a server of its own. Where
/// there is neither, its tests are skipped, which CI takes for a failure.
/// </summary>
public sealed class PostgresHost : RosterHost
{
    private static readonly string? Given = Environment.GetEnvironmentVariable("ROSTER_TEST_POSTGRES");

    private readonly Lazy<PostgresCluster> _own = new(() => new PostgresCluster());

    public PostgresHost() => Database = Given ?? (PostgresCluster.Binaries is null ? "" : _own.Value.NewDatabase());

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

    /// <summary>A new database on the tests' own server, also where another one is tested.</summary>
    internal string NewDatabase() => _own.Value.NewDatabase();

    /// <summary>On another database of the same server, where that is the tests' own.</summary>
    protected override RosterHost Create() => new PostgresHost(Given ?? NewDatabase());

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_own.IsValueCreated)
            _own.Value.Dispose();
    }
}
