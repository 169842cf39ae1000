namespace Roster.Tests.Hosting;

/// <summary>
/// On a PostgreSQL database: the one that ROSTER_TEST_POSTGRES names, as <c>--database</c> does, or a new one on a server of its own. Where
/// there is neither, its tests are skipped, which CI takes for a failure.
/// </summary>
public sealed class PostgresHost : RosterHost
{
    private static readonly string? Given = Environment.GetEnvironmentVariable("ROSTER_TEST_POSTGRES");

    private readonly PostgresCluster? _cluster;

    public PostgresHost()
        : this(Given is null && PostgresCluster.Binaries is not null ? new PostgresCluster() : null) => IsOwner = true;

    private PostgresHost(PostgresCluster? cluster)
    {
        _cluster = cluster;
        Database = Given ?? cluster?.NewDatabase() ?? "";
    }

    internal override string Database { get; }

    protected override string? Missing => Database == "" ? "There is no PostgreSQL: install one, or set ROSTER_TEST_POSTGRES." : null;

    private bool IsOwner { get; }

    protected override RosterHost Create() => new PostgresHost(_cluster);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (IsOwner)
            _cluster?.Dispose();
    }
}
