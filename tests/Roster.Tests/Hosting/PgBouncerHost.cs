namespace Roster.Tests.Hosting;

/// <summary>
/// PostgreSQL behind PgBouncer in transaction mode: each transaction may use another of a few connections.
/// </summary>
public sealed class PgBouncerHost : RosterHost
{
    private static readonly string? Program = new[] { "/usr/sbin/pgbouncer", "/usr/bin/pgbouncer" }.FirstOrDefault(File.Exists);

    private readonly TempFolder _folder = new();
    private readonly PostgresCluster? _cluster;

    public PgBouncerHost()
    {
        if (Missing is not null)
            return;
        _cluster = new PostgresCluster();
        var port = Ports.Free();
        File.WriteAllText(_folder.File("pgbouncer.ini"), $"""
            [databases]
            * = host=127.0.0.1 port={_cluster.Port} user=roster
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            auth_type = any
            pool_mode = transaction
            default_pool_size = 4
            max_client_conn = 500
            unix_socket_dir =
            logfile = {_folder.File("pgbouncer.log")}
            pidfile = {_folder.File("pgbouncer.pid")}
            """);
        PostgresCluster.Own(_folder.Path);
        Assert.Equal(0, PostgresCluster.Execute(_folder.Path, Program!, "-d", _folder.File("pgbouncer.ini")));
        Database = _cluster.NewDatabase().Replace($":{_cluster.Port}/", $":{port}/", StringComparison.Ordinal);
    }

    internal override string Database { get; } = "";

    protected override string? Missing =>
        PostgresCluster.Binaries is null
            ? PostgresCluster.Missing
            : Program is null ? "There is no PgBouncer: install Debian's package." : null;

    protected override RosterHost Create(bool alone) => throw new NotSupportedException("Its tests do with one server.");

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_cluster is not null)
        {
            PostgresCluster.Execute(_folder.Path, "kill", File.ReadAllText(_folder.File("pgbouncer.pid")).Trim());
            _cluster.Dispose();
        }
        _folder.Dispose();
    }
}
