using Roster.Partners;

namespace Roster.Log;

/// <summary>
/// A workspace as it was: a walk from the partners as they are back through the log, in which each change set's entry says what was
/// before, and which change set had made it so. It only reads what does not change any more, so writers beside it do not matter. It
/// keeps nothing of the change sets that it passes.
/// </summary>
public sealed class History(IRosterStore store, long workspaceId)
{
    /// <summary>So many change sets are asked for at once.</summary>
    private const int Together = 100;

    /// <summary>Steps end after about so many entries of the log, though fewer than were wanted: 100 full change sets, half a second or so.</summary>
    private const int MaxPassed = 1_000_000;

    private const string Missing = "The log has no entry that leads on from a partner's state.";

    /// <summary>The partners as they were when this revision had been written, in the same order.</summary>
    /// <param name="now">As they are now.</param>
    /// <returns>Null for one that did not exist yet; with an empty name where its values are not kept any more.</returns>
    /// <exception cref="DamagedLogException">The log is damaged.</exception>
    public async Task<IReadOnlyList<Partner?>> AsOfAsync(IReadOnlyList<Partner> now, long revision, CancellationToken cancel)
    {
        var walk = new Walk(now, revision);
        while (walk.Next(Together) is { Count: > 0 } revisions)
        {
            await store.VisitLogAsync(workspaceId, revisions, walk, cancel);
            walk.RequireLeft(revisions);
        }
        return walk.Then;
    }

    /// <summary>What a partner was before each of its changes, newest first, after the state that is given.</summary>
    /// <returns>
    /// At most so many steps, and at least one. The last one's state before is null where the partner was created by it; otherwise there are more.
    /// </returns>
    /// <inheritdoc cref="AsOfAsync" path="/exception"/>
    public async Task<IReadOnlyList<PartnerStep>> StepsAsync(Partner from, int take, CancellationToken cancel)
    {
        var steps = new List<PartnerStep>();
        var passed = 0L;
        for (var after = from; after is not null && steps.Count < take && passed < MaxPassed; after = steps[^1].Before)
        {
            var step = new Step(after.Id);
            await store.VisitLogAsync(workspaceId, [after.Revision], step, cancel);
            steps.Add(new PartnerStep(step.Head!, (step.Entry ?? throw new DamagedLogException(Missing)).Before?.Of(after), after));
            passed += step.Passed;
        }
        return steps;
    }

    /// <summary>What a partner was before a change set changed it.</summary>
    /// <param name="partner">The partner in any state.</param>
    /// <returns>False where the change set did not touch it. Null where it created it.</returns>
    /// <inheritdoc cref="AsOfAsync" path="/exception"/>
    public async Task<(bool IsFound, Partner? Before)> BeforeAsync(Partner partner, long revision, CancellationToken cancel)
    {
        var step = new Step(partner.Id);
        await store.VisitLogAsync(workspaceId, [revision], step, cancel);
        return (step.Entry is not null, step.Entry?.Before?.Of(partner));
    }

    /// <summary>Goes back with many partners at once, so that a change set is read once, whoever of them it changed.</summary>
    private sealed class Walk : LogVisitor
    {
        private readonly Partner?[] _then;
        private readonly long _until;
        private readonly Dictionary<Guid, int> _places;

        /// <summary>How many of the partners are in the state that a change set made, newest first.</summary>
        private readonly SortedDictionary<long, int> _waiting = new(Comparer<long>.Create((a, b) => b.CompareTo(a)));

        private long _revision;

        public Walk(IReadOnlyList<Partner> now, long until)
        {
            (_then, _until) = ([.. now], until);
            _places = new(now.Count);
            for (var i = 0; i < now.Count; i++)
                if (now[i].Revision > until)
                {
                    _places.Add(now[i].Id, i);
                    Count(now[i].Revision, 1);
                }
        }

        public IReadOnlyList<Partner?> Then => _then;

        /// <summary>The change sets to read next, newest first.</summary>
        public List<long> Next(int count) => [.. _waiting.Keys.Take(count)];

        /// <exception cref="DamagedLogException">The log had no entry for some partner.</exception>
        public void RequireLeft(List<long> revisions)
        {
            if (revisions.Exists(_waiting.ContainsKey))
                throw new DamagedLogException(Missing);
        }

        public override void Begin(ChangeSetHead head) => _revision = head.Revision.Number;

        public override EntryUse Look(Guid id) => !_waiting.ContainsKey(_revision) ? EntryUse.Stop
            : _places.TryGetValue(id, out var place) && _then[place]?.Revision == _revision ? EntryUse.Read : EntryUse.Skip;

        public override void Take(LoggedChange entry)
        {
            var place = _places[entry.Id];
            var before = entry.Before?.Of(_then[place]!);
            if (before?.Revision >= _revision)
                throw new DamagedLogException(Missing);
            _then[place] = before;
            Count(_revision, -1);
            if (before?.Revision > _until)
                Count(before.Revision, 1);
        }

        private void Count(long revision, int change)
        {
            var count = _waiting.GetValueOrDefault(revision) + change;
            if (count == 0)
                _waiting.Remove(revision);
            else
                _waiting[revision] = count;
        }
    }

    /// <summary>One partner's entry in one change set.</summary>
    private sealed class Step(Guid id) : LogVisitor
    {
        public ChangeSetHead? Head { get; private set; }

        public LoggedChange? Entry { get; private set; }

        public int Passed { get; private set; }

        public override void Begin(ChangeSetHead head) => Head = head;

        public override EntryUse Look(Guid one)
        {
            Passed++;
            return Entry is not null ? EntryUse.Stop : one == id ? EntryUse.Read : EntryUse.Skip;
        }

        public override void Take(LoggedChange entry) => Entry = entry;
    }
}

/// <summary>One change of one partner.</summary>
/// <param name="Before">Null where it was created.</param>
public sealed record PartnerStep(ChangeSetHead Head, Partner? Before, Partner After);
