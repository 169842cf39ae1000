namespace Roster.Tests.Hosting;

/// <summary>
/// On a PostgreSQL database: the one in ROSTER_TEST_POSTGRES (as for <c>--database</c>), or a new one on a private
/// server. If there is neither, the tests are skipped, which CI counts as a failure. On Citus, the tables are
/// distributed first.
/// </summary>
public sealed class PostgresHost : RosterHost
{
    private static readonly string? Given = Environment.GetEnvironmentVariable("ROSTER_TEST_POSTGRES");

    private static readonly Lazy<bool> Citus = new(() => Given is not null && (bool)PostgresCluster.RunAsync(
        Given, "select exists (select 1 from pg_extension where extname = 'citus')").GetAwaiter().GetResult()!);

    private static readonly Lazy<Task> Distributed = new(() => Roster.Storage.Store.Parse(Given!).DistributeAsync(CancellationToken.None));

    /// <summary>Whether the given database has Citus.</summary>
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

    /// <summary>A host on this database only; dispose it.</summary>
    internal static async Task<PostgresHost> OnAsync(string database)
    {
        var host = new PostgresHost(database);
        await host.InitializeAsync();
        return host;
    }

    /// <summary>A new database on the private server, even if another server is tested.</summary>
    /// <param name="options">Options of <c>create database</c>.</param>
    internal string NewDatabase(string options = "") => _own.Value.NewDatabase(options);

    /// <summary>On the given database, or on another one of the private server.</summary>
    protected override RosterHost Create() => new PostgresHost(Given ?? NewDatabase());

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_own.IsValueCreated)
            _own.Value.Dispose();
    }
}
