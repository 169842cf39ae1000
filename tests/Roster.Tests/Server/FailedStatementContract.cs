using System.Text.Json;

namespace Roster.Tests.Server;

/// <summary>
/// A server starts, writes in all ways and stops; and of all SQL statements that it sends one fails, once. ROSTER_TEST_STATEMENTS
/// says how many are tried in this way, or <c>all</c>, each in all ways.
/// </summary>
public abstract class FailedStatementContract
{
    private static readonly string Size = Environment.GetEnvironmentVariable("ROSTER_TEST_STATEMENTS") ?? "2";

    [Fact]
    public async Task Whichever_statement_fails_no_answer_is_false_nothing_is_damaged_and_all_goes_on()
    {
        var faults = await PrepareAsync();
        ScriptRun.Say($"{faults.Count} faults are possible");
        Assert.All(Once, one => Assert.Contains(one, faults));
        await ScriptRun.TryAllAsync([.. ScriptRun.Some(faults, GroupOf, Size).Union(Once)], Begin);
    }

    /// <summary>Faults that a server once could not bear. They are always tried.</summary>
    private protected virtual IReadOnlyList<string> Once => [];

    /// <summary>Makes the directory, and lists all that can fail.</summary>
    private protected abstract Task<IReadOnlyList<string>> PrepareAsync();

    /// <summary>Faults of a group are tried in the same number as those of others.</summary>
    private protected virtual string GroupOf(string fault) => "";

    private protected abstract ScriptRun Begin(string fault);
}

/// <summary>SQLite ends the statement as if it were interrupted.</summary>
public sealed class FailedStatementOnSqlite : FailedStatementContract, IDisposable
{
    private readonly TempFolder _made = new();
    private WriteScript.Directory? _directory;

    public void Dispose() => _made.Dispose();

    private protected override async Task<IReadOnlyList<string>> PrepareAsync()
    {
        _directory = await WriteScript.Directory.MakeAsync(_made.Path, "--database", "sqlite:roster.db");
        using var whole = new Run(_made, _directory, null);
        await whole.GoAsync();
        Assert.Empty(whole.Refused);
        // Of those that run often, the first, one in the middle and the last one.
        return [.. whole.Seen().OrderBy(seen => seen.Key, StringComparer.Ordinal).SelectMany(seen =>
            new[] { 1, (seen.Value + 1) / 2, seen.Value }.Distinct().Select(number => $"{number} {seen.Key}"))];
    }

    /// <summary>A connection for reading was used again, though its rollback had failed.</summary>
    private protected override IReadOnlyList<string> Once => ["1 rollback"];

    private protected override ScriptRun Begin(string fault) => new Run(_made, _directory!, fault);

    private sealed class Run : ScriptRun
    {
        private readonly TempFolder _folder = new();
        private static readonly Dictionary<string, string> NoVariables = [];

        private string? _control;

        public Run(TempFolder made, WriteScript.Directory directory, string? fault)
            : base(directory)
        {
            _folder.CopyFrom(made);
            _control = _folder.File("statement");
            File.WriteAllText(_control, fault);
        }

        /// <summary>How often each statement ran.</summary>
        public Dictionary<string, int> Seen() =>
            JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(_folder.File("statement.seen")))!;

        public override void Dispose() => _folder.Dispose();

        protected override RosterProcess Serve() => RosterProcess.ServeBuilt(_folder.Path, _control is null ? NoVariables : new()
        {
            ["DOTNET_STARTUP_HOOKS"] = typeof(StartupHook).Assembly.Location,
            ["ROSTER_TEST_STATEMENT"] = _control,
            ["ROSTER_ROWS_PER_MINUTE"] = "0",
        }, "--database", "sqlite:roster.db");

        protected override void Heal() => _control = null;

        protected override void CheckWhole()
        {
            var check = RosterProcess.Run(_folder.Path, "check", "--database", "sqlite:roster.db");
            Assert.True(check.ExitCode == 0, check.Output + check.Errors);
        }
    }
}

/// <summary>PostgreSQL answers with an error, or the connection is cut before or after the statement.</summary>
public sealed class FailedStatementOnPostgres(PostgresHost host) : FailedStatementContract, IDisposable
{
    private readonly TempFolder _folder = new();
    private string _template = "";
    private WriteScript.Directory? _directory;

    public void Dispose() => _folder.Dispose();

    private protected override async Task<IReadOnlyList<string>> PrepareAsync()
    {
        _template = host.NewDatabase();
        _directory = await WriteScript.Directory.MakeAsync(_folder.Path, "--database", _template);
        using var whole = (Run)Begin("0 cut");
        await whole.GoAsync();
        Assert.Empty(whole.Refused);
        // In the order of the day, so that few of them are not all of its start.
        return [.. Enumerable.Range(1, whole.Statements).SelectMany(number =>
            new[] { "53100", "40001", "cut", "lost" }.Select(how => $"{number} {how}"))];
    }

    private protected override string GroupOf(string fault) => fault.Split(' ')[1];

    private protected override ScriptRun Begin(string fault) =>
        new Run(_directory!, host.NewDatabase("template " + _template[(_template.LastIndexOf('/') + 1)..]), fault);

    private sealed class Run(WriteScript.Directory directory, string database, string fault) : ScriptRun(directory)
    {
        private readonly TempFolder _folder = new();
        private readonly PostgresFault _relay = new(database, fault);
        private bool _isHealed;

        /// <summary>How many statements were sent.</summary>
        public int Statements => _relay.Count;

        public override void Dispose()
        {
            _relay.Dispose();
            _folder.Dispose();
        }

        protected override RosterProcess Serve() => RosterProcess.Serve(
            _folder.Path, "--database", _isHealed ? database : _relay.Address, "--rows-per-minute", "0", "--import-lease-seconds", "2");

        protected override void Heal() => _isHealed = true;

        protected override void CheckWhole()
        {
            var check = RosterProcess.Run(_folder.Path, "check", "--database", database);
            Assert.True(check.ExitCode == 0, check.Output + check.Errors);
        }
    }
}
