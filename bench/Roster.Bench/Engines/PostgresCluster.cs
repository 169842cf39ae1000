using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Roster.Bench.Processes;

namespace Roster.Bench.Engines;

/// <summary>
/// A private PostgreSQL server with default settings but few. It is reached over loopback TCP, as is common.
/// </summary>
internal sealed class PostgresCluster : IDisposable
{
    /// <summary>Autovacuum runs without pauses: measurements wait for it and never run beside it.</summary>
    private const string SwiftVacuum = "-c autovacuum_vacuum_cost_delay=0";

    private const string DebianBinaries = "/usr/lib/postgresql";

    /// <summary>PostgreSQL refuses to run as root. Debian's package creates this user.</summary>
    private const string Unprivileged = "postgres";

    private static readonly string[] Writers = ["background writer", "walwriter", "checkpointer"];

    private readonly string _directory;
    private readonly string _binaries;
    private readonly ProcessState _postmaster;
    private readonly Guard _guard;

    /// <param name="directory">It must not have a cluster yet.</param>
    /// <param name="settings">More settings, as <c>name=value</c>.</param>
    public PostgresCluster(string directory, params string[] settings)
    {
        _directory = directory;
        _binaries = FindBinaries();
        if (Environment.UserName == "root")
            Execute("chown", Unprivileged, directory);
        _guard = new Guard(Command("pg_ctl", "-D", Data, "-m", "immediate", "stop"));
        Run("initdb", "-D", Data, "-U", "roster", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8");
        // No Unix socket: the length of its path is limited.
        Run("pg_ctl", "-D", Data, "-l", Path.Combine(directory, "postgresql.log"), "-w", "-o",
            $"-c port={Port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= {SwiftVacuum}"
                + string.Concat(settings.Select(setting => $" -c {setting}")), "start");
        var pidFile = File.ReadLines(Path.Combine(Data, "postmaster.pid"));
        _postmaster = new ProcessState(int.Parse(pidFile.First(), CultureInfo.InvariantCulture));
    }

    public int Port { get; } = ServerProcess.FreePort();

    /// <summary>All processes together.</summary>
    public Work Work => _postmaster.Work + _postmaster.Children.Sum();

    /// <summary>Connections and autovacuum, without the processes that only write their changes to the disk.</summary>
    public Work BackendWork => _postmaster.Children.Where(child => !Writers.Any(child.Command.Contains)).Sum();

    private string Data => Path.Combine(_directory, "postgresql");

    public string Address(string database) => $"postgresql://roster@127.0.0.1:{Port}/{database}";

    /// <param name="isPooled">Whether a closed connection is kept for reuse.</param>
    public string ConnectionString(string database, bool isPooled, string? options = null) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = "roster",
        Database = database,
        Options = options,
        Pooling = isPooled,
    }.ConnectionString;

    /// <param name="options">Settings of the session, as <c>-c name=value</c>.</param>
    public NpgsqlConnection Open(string database, string? options = null)
    {
        var connection = new NpgsqlConnection(ConnectionString(database, isPooled: false, options));
        connection.Open();
        return connection;
    }

    /// <summary>Runs a command of psql, which must succeed.</summary>
    public void RunPsql(string database, string command) =>
        Run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", Address(database), "-c", command);

    public void CreateDatabase(string name)
    {
        using var connection = Open("postgres");
        using var command = new NpgsqlCommand($"create database {name}", connection) { CommandTimeout = 0 };
        command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        Run("pg_ctl", "-D", Data, "-m", "fast", "-w", "stop");
        _guard.Dispose();
    }

    /// <summary>The folder of initdb and pg_ctl: Debian's newest version, or else from PATH.</summary>
    private static string FindBinaries()
    {
        var debians = Directory.Exists(DebianBinaries) ? Directory.GetDirectories(DebianBinaries) : [];
        return debians
            .OrderByDescending(version => double.Parse(Path.GetFileName(version), CultureInfo.InvariantCulture))
            .Select(version => Path.Combine(version, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .FirstOrDefault(directory => File.Exists(Path.Combine(directory, "initdb")))
            ?? throw new InvalidOperationException("There is no PostgreSQL here: no initdb.");
    }

    private void Run(string program, params string[] arguments) => Execute(Command(program, arguments));

    private string[] Command(string program, params string[] arguments)
    {
        var path = Path.Combine(_binaries, program);
        return Environment.UserName == "root" ? ["runuser", "-u", Unprivileged, "--", path, .. arguments] : [path, .. arguments];
    }

    private void Execute(params string[] command)
    {
        // The output goes to a file: a server that pg_ctl starts would keep a pipe open.
        const string Redirecting = "exec \"$@\" </dev/null >>\"$0\" 2>&1";
        var log = Path.Combine(_directory, "commands.log");
        var start = new ProcessStartInfo("sh", ["-c", Redirecting, log, .. command])
        {
            WorkingDirectory = _directory,
        };
        using var process = Process.Start(start)!;
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{command[0]} ended with exit code {process.ExitCode}; see {log}.");
    }
}
