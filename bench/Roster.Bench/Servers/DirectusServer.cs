using System.Globalization;
using Npgsql;
using Roster.Bench.Processes;

namespace Roster.Bench.Servers;

/// <summary>Directus on PostgreSQL, as its own process, without limits.</summary>
internal sealed class DirectusServer : IDisposable
{
    public const string Name = "directus";

    private const string Key = "bench-admin-token";

    /// <summary>Its first start creates its own tables.</summary>
    private const string Starting = "cd \"$0\" && node \"$1\" bootstrap && exec node \"$1\" start";

    /// <summary>Directus needs a key of one column. The other columns are Roster's.</summary>
    private const string OwnTable = """
        alter table partner drop constraint partner_pkey;
        alter table partner drop column workspace_id;
        alter table partner add primary key (id);
        alter table partner alter column id set default gen_random_uuid();
        vacuum analyze partner;
        """;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);

    private readonly ServerProcess _process;

    private DirectusServer(ServerProcess process, int port)
    {
        _process = process;
        Client = new ApiClient(new Uri($"http://127.0.0.1:{port}/items/partner"), Key);
    }

    public ApiClient Client { get; }

    public ProcessState State => _process.State;

    /// <param name="installed">The folder into which npm installed it.</param>
    /// <param name="connectionString">To a copy of the engine's database.</param>
    /// <param name="directory">For its files and its log.</param>
    public static async Task<DirectusServer> StartAsync(
        string installed, string connectionString, string directory, CancellationToken cancel)
    {
        foreach (var each in OwnTable.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(cancel);
            await using var command = new NpgsqlCommand(each, connection) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync(cancel);
        }
        var home = Directory.CreateDirectory(Path.Combine(directory, Name)).FullName;
        foreach (var part in new[] { "uploads", "extensions" })
            Directory.CreateDirectory(Path.Combine(home, part));
        await File.WriteAllTextAsync(
            Path.Combine(home, "package.json"), """{"name": "bench", "version": "1.0.0", "private": true}""", cancel);
        var port = ServerProcess.FreePort();
        var process = new ServerProcess(
            Path.Combine(directory, "directus.log"), "sh", ["-c", Starting, home, Path.Combine(installed, "node_modules/directus/cli.js")],
            Environment(new NpgsqlConnectionStringBuilder(connectionString), port));
        try
        {
            await process.WaitForPortAsync(port, StartTimeout, cancel);
        }
        catch
        {
            process.Dispose();
            throw;
        }
        return new DirectusServer(process, port);
    }

    public void Dispose()
    {
        Client.Dispose();
        _process.Dispose();
    }

    private static Dictionary<string, string> Environment(NpgsqlConnectionStringBuilder database, int port) => new()
    {
        ["NODE_ENV"] = "production",
        ["KEY"] = "bench",
        ["SECRET"] = "a secret of the benchmark, which is nobody's",
        ["DB_CLIENT"] = "pg",
        ["DB_HOST"] = database.Host!,
        ["DB_PORT"] = database.Port.ToString(CultureInfo.InvariantCulture),
        ["DB_DATABASE"] = database.Database!,
        ["DB_USER"] = database.Username!,
        ["DB_PASSWORD"] = "unused",
        ["ADMIN_EMAIL"] = "admin@example.com",
        ["ADMIN_PASSWORD"] = "unused-but-Needed-1",
        ["ADMIN_TOKEN"] = Key,
        ["HOST"] = "127.0.0.1",
        ["PORT"] = port.ToString(CultureInfo.InvariantCulture),
        ["PUBLIC_URL"] = $"http://127.0.0.1:{port}",
        ["MAX_PAYLOAD_SIZE"] = "64mb",
        ["TELEMETRY"] = "false",
        ["LOG_LEVEL"] = "warn",
    };
}
