using System.Text.RegularExpressions;

namespace Roster.Tests.Cli;

/// <summary>The page about running on PostgreSQL.</summary>
public sealed partial class RunOnPostgresPageTests : IDisposable
{
    private const string Password = "a password with 'quotes', % and spaces";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A statement that the page gives to the operator beside its blocks.</summary>
    [GeneratedRegex("`((?:select \\* from|update) search_state[^`]*)`")]
    private static partial Regex OfSearchState();

    /// <summary>What a statement is of Citus, or of what Citus needs.</summary>
    [GeneratedRegex(@"create extension citus|citus_\w+(?=\()|create role roster login|alter database roster owner to roster")]
    private static partial Regex OfCitus();

    [Fact]
    public async Task Whoever_follows_the_page_has_a_server_that_reaches_the_database_over_TLS_with_the_password_of_a_file()
    {
        var page = new Page("docs/how-to/run-on-postgresql.md");
        using var cluster = NewCluster();
        var (administrator, address) = ("postgresql://postgres@", $"127.0.0.1:{cluster.Port}/");
        // The tests' servers have a superuser of the name that the page gives to the owner of the database.
        await PostgresCluster.RunAsync($"postgresql://roster@{address}postgres", "create role postgres superuser login");
        administrator += address;
        await PostgresCluster.RunAsync(administrator + "postgres", "alter role roster rename to first");

        var quoted = $"'{Password.Replace("'", "''", StringComparison.Ordinal)}'";
        await PostgresCluster.RunAsync(administrator + "postgres", Statements(page.Next("sql").With("'…'", quoted).Text));
        await File.WriteAllTextAsync(_folder.File("password"), Password + "\n");
        using var shell = new RosterCommand();
        var arguments = await new PageRun(shell, new Uri("http://localhost:5080"), _folder.Path).ArgumentsAsync(page, page.Next()
            .With("db.example:5432", $"localhost:{cluster.Port}").With("/run/secrets/roster-db", _folder.File("password")));
        page.HasEnded();
        // The machine trusts who has signed the certificate.
        using var server = RosterProcess.Serve(
            _folder.Path, new Dictionary<string, string> { ["SSL_CERT_FILE"] = _folder.File("cert.pem") }, arguments);

        var api = server.FirstClient();
        await api.CreateAsync();
        Assert.Equal(200, (await api.GetAsync("/health/ready")).Status);
        Assert.True(await PostgresCluster.RunAsync(
            administrator + "roster",
            "select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'roster'") is true);

        // An index that is filled anew finds again what it found.
        await FindsAsync(api);
        var (look, fill) = (OfSearchState().Matches(page.Text)[0].Groups[1].Value,
            OfSearchState().Matches(page.Text)[1].Groups[1].Value);
        Assert.NotNull(await PostgresCluster.RunAsync(administrator + "roster", look));
        Assert.NotNull(await PostgresCluster.RunAsync(
            administrator + "roster", fill.Replace("…", "1 returning 1", StringComparison.Ordinal)));
        await FindsAsync(api);
    }

    [Fact]
    public void The_test_on_Citus_makes_its_cluster_as_the_page_says()
    {
        var block = new Page("docs/how-to/run-on-postgresql.md").Blocks
            .Single(one => one.Text.Contains("citus", StringComparison.Ordinal)).Text;
        var test = File.ReadAllText(Path.Combine(Repository.Root, "tests/citus/nodes.py"));

        Assert.Equal(
            ["alter database roster owner to roster", "citus_add_node", "citus_set_coordinator_host", "create extension citus",
                "create role roster login"],
            OfCitus().Matches(block).Select(match => match.Value).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(block.Count(letter => letter == ';'), Statements(block).Length);
        Assert.All(OfCitus().Matches(block), match => Assert.Contains(match.Value, test, StringComparison.Ordinal));
    }

    /// <summary>A server with TLS, to whose database roster only roster's password opens the door.</summary>
    private PostgresCluster NewCluster()
    {
        Assert.SkipWhen(PostgresCluster.Binaries is null, PostgresCluster.Missing);
        var (certificate, key) = SelfSigned.Write(_folder.Path, "localhost");
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(_folder.File("pg_hba.conf"), """
            hostssl roster roster all scram-sha-256
            host roster roster all reject
            host all all all trust
            """);
        PostgresCluster.Own(_folder.Path);
        return new PostgresCluster(
            "ssl=on", $"ssl_cert_file={certificate}", $"ssl_key_file={key}", $"hba_file={_folder.File("pg_hba.conf")}");
    }

    private static string[] Statements(string text) =>
        [.. Regex.Replace(text, "--.*", "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];

    private static async Task FindsAsync(RosterClient api)
    {
        Answer found;
        do
            found = await api.GetAsync("/api/partners?q=lovelace");
        while (found is { Status: 503, Code: "search_behind" });
        Assert.Equal(["Ada Lovelace"], found.Names);
    }
}
