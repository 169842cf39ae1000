using System.Collections.Concurrent;
using System.Globalization;
using CsCheck;
using Roster.Storage;
using Roster.Tests.Model;

namespace Roster.Tests.Server;

/// <summary>
/// Writes of every kind while the database fails at random: before a write, after it, with an outcome that nobody knows, in
/// claims of idempotency keys, in reads; while writers overtake each other, and the clock jumps. A model in memory agrees on
/// every answer; in the end also on the directory, on its past, on the feed that a mirror has followed all the time, and on
/// repeated answers; and check finds nothing. The same seed gives the same run: ROSTER_TEST_SEEDS sets how many there are,
/// ROSTER_TEST_SEED runs one alone.
/// </summary>
public sealed class SimulationTests(SqliteHost host)
{
    private const int SeedsOfServer = 100;

    private static readonly int Seeds =
        int.Parse(Environment.GetEnvironmentVariable("ROSTER_TEST_SEEDS") ?? "60", CultureInfo.InvariantCulture);

    private static readonly string? OneSeed = Environment.GetEnvironmentVariable("ROSTER_TEST_SEED");

    [Fact]
    public async Task Whatever_fails_each_write_is_carried_out_once_or_not_at_all_and_every_answer_is_true()
    {
        var met = new ConcurrentDictionary<string, int>();
        var seeds = OneSeed is null ? Enumerable.Range(1, Seeds) : [int.Parse(OneSeed, CultureInfo.InvariantCulture)];
        var work = new ConcurrentQueue<int[]>(seeds.Chunk(Math.Clamp(Seeds / 2, 1, SeedsOfServer)));
        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            while (work.TryDequeue(out var some))
                await RunAsync(some, met);
        })));
        TestContext.Current.TestOutputHelper!.WriteLine(
            string.Join('\n', met.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key}: {one.Value}")));
        if (OneSeed is null)
            Assert.Equal(Simulation.Events.Order(StringComparer.Ordinal), met.Keys.Order(StringComparer.Ordinal));
    }

    private async Task RunAsync(int[] seeds, ConcurrentDictionary<string, int> met)
    {
        FaultyStore faults = null!;
        await using var server = await host.AnotherAsync(wrap: store => FaultyStore.Around(store, out faults));
        foreach (var seed in seeds)
        {
            try
            {
                await new Simulation(server, await server.NewWorkspaceAsync(), faults, seed, met).RunAsync();
            }
            catch (Exception fault)
            {
                var log = server.Log();
                throw new InvalidOperationException(
                    $"Seed {seed} fails; ROSTER_TEST_SEED={seed} runs it alone.\n{fault}\n{log[^Math.Min(log.Length, 10_000)..]}");
            }
        }
        await Store.Parse(server.Database).CheckAsync(null, part => Assert.Empty(part.Damages), CancellationToken.None);
    }
}

/// <summary>One run on a workspace of its own.</summary>
internal sealed class Simulation(
    RosterHost server, RosterClient api, FaultyStore faults, int seed, ConcurrentDictionary<string, int> met)
{
    private const int MinSteps = 8;
    private const int MaxSteps = 24;

    /// <summary>Longer than a claim of an idempotency key holds.</summary>
    private static readonly TimeSpan ClaimEnds = Roster.Log.Idempotency.LongestWrite + TimeSpan.FromSeconds(5);

    /// <summary>A little less than the time for which it holds.</summary>
    private static readonly TimeSpan ClaimHolds = Roster.Log.Idempotency.LongestWrite - TimeSpan.FromSeconds(15);

    private readonly Random _random = new(seed);
    private readonly PCG _calls = new(1, (ulong)seed);
    private readonly DirectoryModel _model = new();
    private readonly Dictionary<string, State> _mirror = [];
    private readonly List<Unanswered> _unanswered = [];
    private readonly List<Sent> _kept = [];
    private TimeSpan _moved;
    private string? _mirrorAt;
    private Pages? _pages;

    /// <summary>What the runs must meet to prove anything.</summary>
    public static IReadOnlyList<string> Events { get; } =
    [
        "claim failed", "claim made, answer lost", "feed failed", "key still claimed", "list failed", "overtaken",
        "overtaken in vain", "page failed", "pages to the end", "read failed", "refused", "release failed", "repeated answer",
        "repeated answer after a lost one", "two at once", "two at once with one key", "unknown, not written",
        "unknown, written", "write failed", "written",
    ];

    public async Task RunAsync()
    {
        for (var left = _random.Next(MinSteps, MaxSteps + 1); left > 0; left--)
        {
            MoveClock();
            await StepAsync();
            _pages?.Note(Live());
        }
        foreach (var one in _unanswered.ToList())
            await FinishAsync(one);
        while (await FollowAsync())
            continue;
        Assert.Equal(Live().Order(StringComparer.Ordinal), _mirror.Keys.Order(StringComparer.Ordinal));
        Assert.All(_mirror, one => Assert.Equal(_model.States[one.Key], one.Value));
        await Comparison.CompareAsync(api, _model);
        await Comparison.ComparePastAsync(api, _model, _kept);
    }

    private IEnumerable<string> Live() => _model.Ids.Where(id => !_model.Deleted.Contains(id));

    /// <summary>Mostly by milliseconds; now and then by seconds, or a little back.</summary>
    private void MoveClock() => MoveClock(_random.Next(8) switch
    {
        0 => TimeSpan.FromSeconds(_random.Next(20)),
        1 => TimeSpan.FromMilliseconds(-_random.Next(2_000)),
        _ => TimeSpan.FromMilliseconds(_random.Next(50)),
    });

    private void MoveClock(TimeSpan by)
    {
        server.Clock.Move(by);
        _moved += by;
    }

    private Task StepAsync() => _random.Next(20) switch
    {
        0 or 1 => ListAsync(),
        2 or 3 => FollowAsync(),
        4 or 5 => PageAsync(),
        6 or 7 => TwoAtOnceAsync(),
        8 or 9 => OvertakenAsync(),
        10 or 11 when _unanswered.Count > 0 => FinishAsync(_unanswered[_random.Next(_unanswered.Count)]),
        12 when _kept.Count > 0 => RepeatAsync(_kept[_random.Next(_kept.Count)]),
        _ => WriteAsync(),
    };

    private void Note(string happened) => met.AddOrUpdate(happened, 1, (_, count) => count + 1);

    private Operation NewOperation(bool undoes = true)
    {
        while (true)
        {
            var call = Call.Any.Generate(_calls, null, out _);
            if (call.Kind == "undo")
            {
                if (undoes && _model.Revision > 0)
                    return new UndoOperation(api, _model, 1 + _random.NextInt64(_model.Revision), _random.Next(2) == 0);
                continue;
            }
            if (call.Kind == "import")
                continue;
            if (call.Kind == "delete" && _random.Next(3) == 0)
                call = call with { Kind = "erase" };
            else if (call.MatchOn == "externalId" && _random.Next(4) == 0)
                call = call with { Creates = Call.Mirror };
            return new CallOperation(api, _model, call);
        }
    }

    private string? NewKey() => _random.Next(3) == 0 ? null : $"{seed}-{_random.Next()}";

    private Task WriteAsync() => AttemptAsync(new Unanswered(NewOperation(), NewKey()));

    /// <summary>Sends a request, with faults or without.</summary>
    private async Task AttemptAsync(Unanswered one)
    {
        var (write, claim) = (nameof(IRosterStore.WriteAsync), nameof(IRosterStore.ClaimAsync));
        var claimLost = new StoreFault(claim) { IsAfter = true };
        var written = new StoreFault(write, StoreTrouble.OutcomeUnknown) { IsAfter = true };
        var notWritten = new StoreFault(write, StoreTrouble.OutcomeUnknown);
        var (claimFails, writeFails, readFails) = (
            new StoreFault(claim), new StoreFault(write), new StoreFault(nameof(IRosterStore.FindAsync)));
        var releaseFails = new StoreFault(nameof(IRosterStore.ReleaseAsync));
        faults.Next(api.Workspace.Id, _random.Next(16) switch
        {
            0 => [claimFails],
            1 => [claimLost],
            2 => [writeFails],
            3 => [writeFails, releaseFails],
            4 or 5 => [notWritten],
            6 or 7 => [written],
            8 => [readFails],
            _ => [],
        });
        var answer = await one.Operation.SendAsync(one.Key);
        faults.Next(api.Workspace.Id);
        var unknown = Has(written, "unknown, written") | Has(notWritten, "unknown, not written");
        var failed = Has(claimFails, "claim failed") | Has(claimLost, "claim made, answer lost") | Has(writeFails, "write failed")
            | Has(readFails, "read failed");
        if (Has(releaseFails, "release failed") || claimLost.Reached.Task.IsCompleted || (unknown && one.Key is not null))
            one.ClaimedAt ??= _moved;
        if (!unknown && !failed)
        {
            Answered(one, answer);
            return;
        }
        Assert.Equal((503, unknown ? "outcome_unknown" : "storage_unavailable"), (answer.Status, answer.Code));
        if (written.Reached.Task.IsCompleted)
            await ApplyUnseenAsync(one);
        if (one.Key is not null && !_unanswered.Contains(one))
            _unanswered.Add(one);

        bool Has(StoreFault fault, string what)
        {
            if (!fault.Reached.Task.IsCompleted)
                return false;
            Note(what);
            return true;
        }
    }

    /// <summary>An answer that is not an outage.</summary>
    private void Answered(Unanswered one, Answer answer)
    {
        _unanswered.Remove(one);
        if (one.IsWritten)
        {
            CheckReplay(one, answer);
            return;
        }
        var isCarriedOut = one.Operation.Check(answer);
        Note(isCarriedOut ? "written" : "refused");
        if (isCarriedOut)
            Keep(one, answer);
    }

    private void Keep(Unanswered one, Answer answer)
    {
        // Of what is erased, no answer is repeated.
        if (one.Operation is CallOperation { Erases: true })
            _kept.Clear();
        if (one.Key is { } key)
            _kept.Add(new Sent(key, answer, () => one.Operation.SendAsync(key)));
    }

    private async Task ApplyUnseenAsync(Unanswered one)
    {
        var all = (await api.GetAsync($"{Call.Path}?sort=asc&take=1000&deleted=true")).Ids;
        var erases = one.Operation is CallOperation { Erases: true };
        one.Operation.ApplyUnseen(erases ? [] : [.. all.Skip(_model.Ids.Count)]);
        one.IsWritten = true;
        if (erases)
            _kept.Clear();
    }

    private void CheckReplay(Unanswered one, Answer answer)
    {
        if (answer.Status == 410)
        {
            // Some of its partners were erased since.
            Assert.NotEmpty(_model.Erased);
            return;
        }
        Assert.Equal("true", answer.Headers.GetValues("Idempotent-Replayed").Single());
        one.Operation.CheckReplay(answer);
        Note("repeated answer after a lost one");
    }

    /// <summary>Tries again until there is an answer.</summary>
    private async Task FinishAsync(Unanswered one)
    {
        while (_unanswered.Contains(one))
        {
            if (one is { ClaimedAt: { } claimedAt, IsWritten: false })
            {
                if (_moved - claimedAt < ClaimHolds && _random.Next(2) == 0)
                {
                    AssertRunning(await one.Operation.SendAsync(one.Key));
                    Note("key still claimed");
                }
                // The clock may have gone back since.
                var ends = claimedAt + ClaimEnds;
                if (_moved < ends)
                    MoveClock(ends - _moved);
            }
            one.ClaimedAt = null;
            await AttemptAsync(one);
        }
    }

    private async Task RepeatAsync(Sent sent)
    {
        var again = await sent.AgainAsync();
        Assert.Equal((sent.Answer.Status, sent.Answer.Text), (again.Status, again.Text));
        Note("repeated answer");
    }

    /// <summary>The first request waits before its write while another one is carried out.</summary>
    private async Task TwoAtOnceAsync()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = new StoreFault(nameof(IRosterStore.WriteAsync)) { Until = go.Task };
        var first = new Unanswered(NewOperation(), NewKey());
        faults.Next(api.Workspace.Id, held);
        var answering = first.Operation.SendAsync(first.Key);
        if (await Task.WhenAny(answering, held.Reached.Task) != answering)
        {
            if (first.Key is not null && _random.Next(2) == 0)
            {
                AssertRunning(await first.Operation.SendAsync(first.Key));
                Note("two at once with one key");
            }
            // What an undo of an undo sees is looked up before it waits.
            var second = new Unanswered(NewOperation(undoes: first.Operation is not UndoOperation), NewKey());
            Answered(second, await second.Operation.SendAsync(second.Key));
            Note("two at once");
            go.SetResult();
        }
        faults.Next(api.Workspace.Id);
        Answered(first, await answering);
    }

    /// <summary>A request waits before its write for so long that its repetition is carried out in its place.</summary>
    private async Task OvertakenAsync()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = new StoreFault(nameof(IRosterStore.WriteAsync)) { Until = go.Task };
        var one = new Unanswered(NewOperation(), $"{seed}-{_random.Next()}");
        faults.Next(api.Workspace.Id, held);
        var late = one.Operation.SendAsync(one.Key);
        if (await Task.WhenAny(late, held.Reached.Task) == late)
        {
            faults.Next(api.Workspace.Id);
            Answered(one, await late);
            return;
        }
        MoveClock(ClaimEnds);
        var answer = await one.Operation.SendAsync(one.Key);
        Answered(one, answer);
        go.SetResult();
        if (answer.Status is 200 or 201)
        {
            // Its key is another attempt's now; or what it wants is refused, since it is done already.
            Assert.Contains((await late).Code, (string[])["idempotency_running", "validation_failed", "already_undone"]);
            await RepeatAsync(_kept[^1]);
            Note("overtaken");
            return;
        }
        // Both see the same directory, so both are refused.
        Assert.Equal((answer.Status, answer.Code), ((await late).Status, (await late).Code));
        Note("overtaken in vain");
    }

    private static void AssertRunning(Answer answer) => Assert.Equal((409, "idempotency_running"), (answer.Status, answer.Code));

    private async Task ListAsync()
    {
        var ids = (await ReadAsync($"{Call.Path}?sort=asc&take=1000", nameof(IRosterStore.ListAsync), "list failed")).Ids;
        Assert.Equal(Live(), ids);
    }

    /// <summary>Copies the next changes into the mirror.</summary>
    /// <returns>Whether there are more.</returns>
    private async Task<bool> FollowAsync()
    {
        _mirrorAt ??= _random.Next(2) == 0 ? "full=true" : "after=0";
        var page = (await ReadAsync(
            $"{Call.Path}/changes?{_mirrorAt}&take={_random.Next(1, 6)}", nameof(IRosterStore.ListChangeSetsAsync), "feed failed")).Json;
        foreach (var partner in page.GetProperty("partners").EnumerateArray())
        {
            var id = partner.GetProperty("id").GetString()!;
            if (partner.TryGetProperty("deletedAt", out _))
                _mirror.Remove(id);
            else
                _mirror[id] = State.Of(partner);
        }
        _mirrorAt = $"after={page.GetProperty("next").GetString()}";
        return page.GetProperty("more").GetBoolean();
    }

    /// <summary>Reads the next page of a list that is read while others write.</summary>
    private async Task PageAsync()
    {
        _pages ??= new Pages([.. Live()]);
        var answer = await ReadAsync(_pages.Next, nameof(IRosterStore.ListAsync), "page failed");
        _pages.Add(answer.Ids);
        if (answer.Next is { } next)
        {
            _pages.Next = next;
            return;
        }
        _pages.Check();
        _pages = null;
        Note("pages to the end");
    }

    /// <summary>Reads, perhaps again after a failure.</summary>
    private async Task<Answer> ReadAsync(string path, string call, string what)
    {
        if (_random.Next(3) == 0)
        {
            faults.Next(api.Workspace.Id, new StoreFault(call));
            var failed = await api.GetAsync(path);
            Assert.Equal((503, "storage_unavailable"), (failed.Status, failed.Code));
            Note(what);
        }
        return await api.GetAsync(path);
    }

    /// <summary>A request whose sender waits for an answer, or does not know what became of it.</summary>
    private sealed class Unanswered(Operation operation, string? key)
    {
        public Operation Operation => operation;

        public string? Key => key;

        /// <summary>When its key was claimed, which stays so for a while if it is not written; null if it is not.</summary>
        public TimeSpan? ClaimedAt { get; set; }

        /// <summary>Whether it is carried out.</summary>
        public bool IsWritten { get; set; }
    }

    /// <summary>A list in creation order, page by page.</summary>
    /// <param name="there">The partners at its beginning; afterwards those that were there all the time.</param>
    private sealed class Pages(HashSet<string> there)
    {
        private readonly List<string> _seen = [];

        public string Next { get; set; } = $"{Call.Path}?sort=asc&take=2";

        public void Note(IEnumerable<string> live) => there.IntersectWith(live);

        public void Add(IEnumerable<string> ids) => _seen.AddRange(ids);

        public void Check()
        {
            Assert.Equal(_seen.Distinct(), _seen);
            Assert.Subset(_seen.ToHashSet(), there);
        }
    }
}
