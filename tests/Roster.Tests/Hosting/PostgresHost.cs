namespace Roster.Tests.Hosting;

/// <summary>
/// On a PostgreSQL database: the one that ROSTER_TEST_POSTGRES names, as <c>--database</c> does, or a new one on a server of its own. Where
/// there is neither, its tests are skipped, which CI takes for a failure. On Citus its tables are distributed first.
/// </summary>
public sealed class PostgresHost : RosterHost
{
    private static readonly string? Given = Environment.GetEnvironmentVariable("ROSTER_TEST_POSTGRES");

    private static readonly Lazy<bool> Citus = new(() => Given is not null && (bool)PostgresCluster.RunAsync(
        Given, "select exists (select 1 from pg_extension where extname = 'citus')").GetAwaiter().GetResult()!);

    private static readonly Lazy<Task> Distributed = new(() => Roster.Storage.Store.Parse(Given!).DistributeAsync(CancellationToken.None));

    /// <summary>Whether the database that was given is one of Citus.</summary>
    internal static bool IsCitus => Citus.Value;

    private readonly Lazy<PostgresCluster> _own = new(() => new PostgresCluster());

    public PostgresHost() => Database = Given ?? (PostgresCluster.Binaries is null ? "" : _own.Value.NewDatabase());

    private PostgresHost(string database) => Database = database;

    internal override string Database { get; }

    public override async ValueTask InitializeAsync()
    {
        if (Database == Given && IsCitus)
            await Distributed.Value;
        await base.InitializeAsync();
    }

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
