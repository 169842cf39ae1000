using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Roster.Tests.Server;

/// <summary>
/// A server starts, carries out <see cref="WriteScript"/> and stops, while one thing fails once. Then all is as the answers
/// have said, and what failed can be done.
/// </summary>
internal abstract partial class ScriptRun(WriteScript.Directory directory) : IDisposable
{
    private readonly WriteScript _script = new(directory);
    private readonly List<string> _refused = [];
    private readonly List<string> _logs = [];

    /// <summary>How many faults are tried at once.</summary>
    public static ParallelOptions AtOnce { get; } = new()
    {
        MaxDegreeOfParallelism =
            int.Parse(Environment.GetEnvironmentVariable("ROSTER_TEST_AT_ONCE") ?? "2", CultureInfo.InvariantCulture),
    };

    /// <summary>Whether a process is killed in place of the failure.</summary>
    public bool IsKilled { get; init; }

    /// <summary>What was refused, and how.</summary>
    public IReadOnlyList<string> Refused => _refused;

    private string Log => string.Join('\n', _logs);

    /// <summary>
    /// The part of faults that is tried, evenly spread, as many of each group if there are enough; all of them for a size of "all",
    /// and for one such as "501-1000" those from one place in the list to another.
    /// </summary>
    public static IReadOnlyList<string> Some(IReadOnlyList<string> faults, Func<string, string> group, string size)
    {
        if (size == "all")
            return faults;
        if (size.Split('-') is [var first, var last])
        {
            var part = faults.Take((int.Parse(first, CultureInfo.InvariantCulture) - 1)..int.Parse(last, CultureInfo.InvariantCulture));
            Assert.NotEmpty(part);
            return [.. part];
        }
        var wanted = int.Parse(size, CultureInfo.InvariantCulture);
        var groups = faults.GroupBy(group).Select(same => same.ToList()).ToList();
        return wanted < groups.Count ? Spread([.. faults], wanted)
            : [.. groups.SelectMany(same => Spread(same, Math.Min(same.Count, wanted / groups.Count)))];

        static IReadOnlyList<string> Spread(List<string> all, int count) =>
            [.. Enumerable.Range(0, count).Select(i => all[((2 * i) + 1) * all.Count / (2 * count)])];
    }

    /// <summary>Makes a run for each fault, and tells what was refused in them.</summary>
    public static async Task TryAllAsync(IReadOnlyList<string> faults, Func<string, ScriptRun> begin)
    {
        Assert.NotEmpty(faults);
        var refused = new ConcurrentBag<string>();
        var failures = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(faults, AtOnce, async (fault, _) =>
        {
            using var run = begin(fault);
            try
            {
                await run.GoAsync();
            }
            catch (Exception failure)
            {
                failures.Add($"{fault}: {failure.Message}\n{string.Join('\n', run.Refused)}\n{run.Log}");
            }
            foreach (var one in run.Refused)
                refused.Add(one);
        });
        Say($"{faults.Count} faults, {failures.Count} failures; what was refused:");
        foreach (var same in refused.CountBy(one => one).OrderByDescending(same => same.Value))
            Say($"{same.Value,6} {same.Key}");
        Assert.True(failures.IsEmpty, string.Join("\n\n", failures.Order()));
    }

    public static void Say(string line) => TestContext.Current.TestOutputHelper!.WriteLine(line);

    public async Task GoAsync()
    {
        if (Start() is { } server)
            using (server)
            {
                await _script.RunAsync(server);
                _refused.AddRange(_script.Failed);
                Beside();
                End(server);
            }
        After();
        Heal();
        using (var healed = Serve())
        {
            await _script.CheckAsync(healed);
            await _script.RunAsync(healed);
            Assert.Empty(_script.Failed);
            await _script.CheckAsync(healed);
            End(healed);
        }
        CheckWhole();
    }

    public abstract void Dispose();

    protected abstract RosterProcess Serve();

    /// <summary>Nothing fails any more.</summary>
    protected abstract void Heal();

    /// <summary>What is done while the server runs.</summary>
    protected virtual void Beside()
    {
    }

    /// <summary>What is done after it has stopped.</summary>
    protected virtual void After()
    {
    }

    protected abstract void CheckWhole();

    /// <summary>Null if it does not start, for which it has to have one sentence.</summary>
    protected RosterProcess? Start()
    {
        try
        {
            return Serve();
        }
        catch (InvalidOperationException refused)
        {
            Note("start", refused.Message["The server did not start: ".Length..]);
            return null;
        }
    }

    protected void End(RosterProcess server)
    {
        server.Terminate();
        var code = server.WaitForExit();
        _logs.Add(server.Log());
        Assert.DoesNotMatch("A bug|Unhandled|internal_error|storage_damaged", server.Log());
        Assert.True(code == 0 || (IsKilled && code == RosterProcess.Killed), $"The server exits with {code}.");
    }

    /// <summary>Notes whether a command has failed, for which it has to have one sentence.</summary>
    protected bool HasDone(string name, (int ExitCode, string Output, string Errors) ran)
    {
        if (ran.ExitCode == 0)
            return true;
        Assert.True(ran.ExitCode == (IsKilled ? RosterProcess.Killed : 1), $"{name} exits with {ran.ExitCode}: {ran.Errors}");
        Note(name, ran.Errors.TrimEnd());
        return false;
    }

    private void Note(string what, string sentence)
    {
        if (!IsKilled)
            Assert.DoesNotMatch("\n|Exception|   at |A bug|Another Roster server|^$", sentence);
        _refused.Add($"{what}: {Place().Replace(sentence, "…")}");
    }

    [GeneratedRegex(@"/\S+/|127.0.0.1:\d+|roster_[0-9a-f]{32}|[0-9a-f]{8}\.part")]
    private static partial Regex Place();
}
