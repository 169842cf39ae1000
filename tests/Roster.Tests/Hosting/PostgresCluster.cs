using System.Diagnostics;
using Roster.Storage.Postgres.Connections;

namespace Roster.Tests.Hosting;

/// <summary>
/// A private PostgreSQL server for tests, deleted afterwards. Its databases sort by a language: statements that must
/// compare byte by byte have to say so.
/// </summary>
internal sealed class PostgresCluster : IDisposable
{
    public const string Missing = "There is no PostgreSQL: install one, or set ROSTER_TEST_POSTGRES.";

    private const string DebianBinaries = "/usr/lib/postgresql";

    /// <summary>The folder of the programs of another version; <c>./test.sh --postgres</c> sets it.</summary>
    private const string ProgramsVariable = "ROSTER_TEST_POSTGRES_PROGRAMS";

    private static readonly bool IsRoot = Environment.UserName == "root";

    /// <summary>The data folder of a new server, made once: initdb takes a second of a processor, a copy of it next to nothing.</summary>
    private static readonly Lazy<string> Empty = new(() =>
    {
        var folder = new TempFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        Own(folder.Path);
        Assert.Equal(0, Execute(folder.Path, Path.Combine(Binaries!, "initdb"), "-D", folder.File("data"), "-U", "roster", "--auth=trust",
            "-E", "UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en", "--no-sync"));
        return folder.File("data");
    });

    private readonly TempFolder _folder = new();
    private readonly string _binaries;
    private readonly string _options;

    /// <param name="settings">Settings as <c>name=value</c>.</param>
    public PostgresCluster(params string[] settings)
    {
        Assert.SkipWhen(Binaries is null, Missing);
        _binaries = Binaries!;
        Port = Ports.Free();
        _options = string.Join(' ', settings
            .Concat([$"port={Port}", "listen_addresses=127.0.0.1", $"unix_socket_directories={_folder.Path}", "max_connections=300"])
            .Select(setting => $"-c {setting}"));
        Own(_folder.Path);
        Assert.Equal(0, Execute(_folder.Path, "cp", "--archive", Empty.Value, Data));
        Start();
    }

    /// <summary>The folder of initdb and pg_ctl: the given one, or that of the newest version; null if there is none.</summary>
    public static string? Binaries { get; } = FindBinaries();

    public int Port { get; }

    /// <summary>The file of the server's log.</summary>
    public string Log => _folder.File("log");

    private string Data => _folder.File("data");

    private string PidFile => Path.Combine(Data, "postmaster.pid");

    /// <summary>The address of a new, empty database.</summary>
    /// <param name="options">Options of <c>create database</c>.</param>
    public string NewDatabase(string options = "")
    {
        var name = $"roster_{Guid.NewGuid():N}";
        using var source = Npgsql.NpgsqlDataSource.Create($"Host=127.0.0.1;Port={Port};Username=roster;Database=postgres;Pooling=false");
        using var command = source.CreateCommand($"create database {name} {options}");
        command.ExecuteNonQuery();
        return $"postgresql://roster@127.0.0.1:{Port}/{name}";
    }

    /// <summary>The address of a new database with what pg_dump has written to a file.</summary>
    public string NewDatabaseFrom(string dump)
    {
        var database = NewDatabase();
        // PostgreSQL's user may not read the test's folder.
        var copy = _folder.File("dump.sql");
        File.Copy(dump, copy, overwrite: true);
        // Other versions of PostgreSQL come without this program.
        Assert.Equal(0, Execute(_folder.Path, "psql", "-h", "127.0.0.1", "-p", $"{Port}", "-U", "roster", "-d",
            new Uri(database).AbsolutePath[1..], "-q", "-v", "ON_ERROR_STOP=1", "-f", copy));
        return database;
    }

    /// <summary>Runs each SQL statement by itself and returns the first value of the last one.</summary>
    public static async Task<object?> RunAsync(string database, params string[] statements)
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(
            PostgresAddress.Parse(database, null, false)!.ConnectionString + ";Pooling=false");
        object? value = null;
        foreach (var statement in statements)
        {
            await using var command = source.CreateCommand(statement);
            value = await command.ExecuteScalarAsync();
        }
        return value;
    }

    /// <summary>Waits until a query returns true, for two minutes at most.</summary>
    public static async Task UntilAsync(string database, string query)
    {
        for (var begun = TimeProvider.System.GetTimestamp(); await RunAsync(database, query) is not true; await Task.Delay(20))
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(2), $"Not in two minutes: {query}");
    }

    public void Start() => Run("pg_ctl", "-D", Data, "-o", _options, "-l", _folder.File("log"), "-w", "start");

    /// <summary>
    /// Stops all of its processes: connections stay open, and nothing answers. It can be thawed or disposed of.
    /// </summary>
    public void Freeze() => Signal("STOP");

    public void Thaw() => Signal("CONT");

    /// <summary>Kills all of its processes with -9; it can be started again.</summary>
    public void Kill()
    {
        Freeze();
        var all = Processes();
        Execute(_folder.Path, ["kill", "-KILL", .. all]);
        while (all.Any(IsRunning))
            Thread.Sleep(1);
        // Where nobody reaps the dead, PostgreSQL takes them for a running server.
        File.Delete(PidFile);
        File.Delete(_folder.File($".s.PGSQL.{Port}.lock"));
    }

    /// <summary>Signals all of its processes, the first one first, so that it starts no other.</summary>
    private void Signal(string signal)
    {
        Execute(_folder.Path, ["kill", "-" + signal, Processes()[0]]);
        Execute(_folder.Path, ["kill", "-" + signal, .. Processes()]);
    }

    /// <summary>The first process and its children.</summary>
    private string[] Processes()
    {
        var first = File.ReadLines(PidFile).First();
        return [first, .. File.ReadAllText($"/proc/{first}/task/{first}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)];
    }

    private static bool IsRunning(string process)
    {
        try
        {
            return !File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("State:", StringComparison.Ordinal))
                .Contains('Z', StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Stops it like a crash: without a checkpoint, and connections are cut.</summary>
    public void Crash() => Run("pg_ctl", "-D", Data, "-m", "immediate", "-w", "stop");

    public void Dispose()
    {
        // A test may have left it stopped or frozen.
        if (File.Exists(PidFile))
            Thaw();
        Try("pg_ctl", "-D", Data, "-m", "immediate", "-w", "stop");
        _folder.Dispose();
    }

    private static string? FindBinaries()
    {
        if (Environment.GetEnvironmentVariable(ProgramsVariable) is { Length: > 0 } given)
            return given;
        var folders = Directory.Exists(DebianBinaries)
            ? Directory.GetDirectories(DebianBinaries)
                .OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), out var version) ? version : 0)
                .Select(folder => Path.Combine(folder, "bin"))
            : [];
        return folders.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")));
    }

    private void Run(string program, params string[] arguments) =>
        Assert.True(Try(program, arguments) == 0, $"{program} failed:\n{Said("commands.log")}\n{Said("log")}");

    /// <summary>The end of a file that programs wrote to, for the failure of a test.</summary>
    private string Said(string file) =>
        File.Exists(_folder.File(file)) ? string.Join('\n', File.ReadLines(_folder.File(file)).TakeLast(20)) : "";

    private int Try(string program, params string[] arguments) => Execute(_folder.Path, Path.Combine(_binaries, program), arguments);

    /// <summary>
    /// Gives the folder to Debian's user postgres, where the tests run as root: PostgreSQL and PgBouncer refuse to.
    /// </summary>
    public static void Own(string folder)
    {
        if (IsRoot)
            Assert.Equal(0, Execute(folder, ["chown", "-R", "postgres", folder]));
    }

    /// <summary>Runs a program in a folder that it owns and returns its exit code.</summary>
    public static int Execute(string folder, string program, params string[] arguments) =>
        Execute(folder, IsRoot ? ["runuser", "-u", "postgres", "--", program, .. arguments] : [program, .. arguments]);

    private static int Execute(string folder, string[] command)
    {
        // The output goes to a file: a server that keeps running would keep a pipe open.
        var start = new ProcessStartInfo(
            "sh", ["-c", "exec \"$@\" </dev/null >>\"$0\" 2>&1", Path.Combine(folder, "commands.log"), .. command])
        {
            WorkingDirectory = folder,
        };
        using var process = Process.Start(start)!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
