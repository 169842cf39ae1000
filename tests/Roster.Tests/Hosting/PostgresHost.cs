using System.Collections.Concurrent;

namespace Roster.Tests.Hosting;

/// <summary>
/// On a PostgreSQL database: the one in ROSTER_TEST_POSTGRES (as for <c>--database</c>), or a new one on a private
/// server. If there is neither, the tests are skipped, which CI counts as a failure. On Citus, the tables are
/// distributed first. Tests whose server is to be alone on its database take one of ROSTER_TEST_POSTGRES_MORE, which names
/// empty databases, with spaces between.
/// </summary>
public sealed class PostgresHost : RosterHost
{
    private static readonly string? Given = Environment.GetEnvironmentVariable("ROSTER_TEST_POSTGRES");

    private static readonly Lazy<bool> Citus = new(() => Given is not null && (bool)PostgresCluster.RunAsync(
        Given, "select exists (select 1 from pg_extension where extname = 'citus')").GetAwaiter().GetResult()!);

    private static readonly Lazy<Task> Distributed = new(() => Roster.Storage.Store.Parse(Given!).DistributeAsync(CancellationToken.None));

    /// <summary>Whether the given database has Citus.</summary>
    internal static bool IsCitus => Citus.Value;

    private static readonly ConcurrentQueue<string> More = new(
        Environment.GetEnvironmentVariable("ROSTER_TEST_POSTGRES_MORE")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? []);

    private readonly Lazy<PostgresCluster> _own = new(() => new PostgresCluster());

    public PostgresHost() => Database = Given ?? (PostgresCluster.Binaries is null ? "" : _own.Value.NewDatabase());

    private readonly bool _isAlone;

    private PostgresHost(string database, bool isAlone = false) => (Database, _isAlone) = (database, isAlone);

    internal override string Database { get; }

    public override async ValueTask InitializeAsync()
    {
        if (Database == Given && IsCitus)
            await Distributed.Value;
        else if (_isAlone && IsCitus)
            await Roster.Storage.Store.Parse(Database).DistributeAsync(CancellationToken.None);
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

    /// <summary>On another database of the private server; else on one that is given besides, or on the given one.</summary>
    protected override RosterHost Create(bool alone) => Given is null ? new PostgresHost(NewDatabase())
        : alone && More.TryDequeue(out var more) ? new PostgresHost(more, isAlone: true)
        : new PostgresHost(Given);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_own.IsValueCreated)
            _own.Value.Dispose();
    }
}
