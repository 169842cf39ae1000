namespace Roster.Tests.Packaging;

/// <summary>Debian's package, with its data in PostgreSQL.</summary>
[Collection(nameof(DebPackage))]
public sealed class DebOnPostgresTests(DebPackage package) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task While_the_service_is_stopped_root_s_commands_take_the_database_s_password_from_where_it_is_kept()
    {
        Assert.SkipWhen(PostgresCluster.Binaries is null, PostgresCluster.Missing);
        using var rules = new TempFolder();
        await File.WriteAllTextAsync(rules.File("pg_hba.conf"), """
            host all guarded all scram-sha-256
            host all all all trust
            """);
        PostgresCluster.Own(rules.Path);
        using var cluster = new PostgresCluster($"hba_file={rules.File("pg_hba.conf")}");
        var database = cluster.NewDatabase();
        await PostgresCluster.RunAsync(database, "create role guarded superuser login password 'open sesame'");
        var root = await package.InstallAsync(_folder.File("root"));
        // As when the service is stopped, /run/credentials is not there.
        await File.AppendAllTextAsync(root.File(DebTests.Settings), $"""
            ROSTER_DATABASE={database.Replace("roster@", "guarded@", StringComparison.Ordinal)}
            ROSTER_DATABASE_PASSWORD_FILE=/run/credentials/roster.service/roster.database-password

            """);
        Directory.CreateDirectory(root.File("/etc/credstore"));
        await root.RunAsync("sh", "-c", "umask 077 && echo 'open sesame' >/etc/credstore/roster.database-password");

        await root.RunAsync("roster-server", "migrate");

        Assert.Equal(0L, await PostgresCluster.RunAsync(database, "select count(*) from workspace"));
    }
}
