using Roster.Partners;

namespace Roster.Log;

/// <summary>
/// Earlier states of a workspace. Walks back from the current partners through the log: each entry has the state before
/// its change set, and the change set that wrote that state. Reads only what never changes, so concurrent writers do
/// not matter, and holds no change set in memory.
/// </summary>
public sealed class History(IRosterStore store, long workspaceId)
{
    /// <summary>Change sets per query.</summary>
    private const int BatchSize = 100;

    /// <summary>
    /// Most log entries read for a list of steps, about, even if it stays shorter than asked for: 100 full change sets,
    /// about half a second.
    /// </summary>
    private const int MaxEntries = 1_000_000;

    private const string Missing = "The log has no entry that leads on from a partner's state.";

    /// <summary>The partners after this revision, in the same order.</summary>
    /// <param name="now">Their current states.</param>
    /// <returns>Null for a partner that did not exist yet; with an empty name if its values were removed.</returns>
    /// <exception cref="DamagedLogException">The log is damaged.</exception>
    public async Task<IReadOnlyList<Partner?>> AsOfAsync(IReadOnlyList<Partner> now, long revision, CancellationToken cancel)
    {
        var walk = new Walk(now, revision);
        while (walk.Next(BatchSize) is { Count: > 0 } revisions)
        {
            await store.VisitLogAsync(workspaceId, revisions, walk, cancel);
            walk.RequireLeft(revisions);
        }
        return walk.Then;
    }

    /// <summary>A partner's changes before a given state, newest first.</summary>
    /// <returns>
    /// One to <paramref name="take"/> steps. If the last one has a state before, there are more steps; otherwise it
    /// created the partner.
    /// </returns>
    /// <inheritdoc cref="AsOfAsync" path="/exception"/>
    public async Task<IReadOnlyList<PartnerStep>> StepsAsync(Partner from, int take, CancellationToken cancel)
    {
        var steps = new List<PartnerStep>();
        var entries = 0L;
        for (var after = from; after is not null && steps.Count < take && entries < MaxEntries; after = steps[^1].Before)
        {
            var step = new Step(after.Id);
            await store.VisitLogAsync(workspaceId, [after.Revision], step, cancel);
            steps.Add(new PartnerStep(step.Head!, (step.Entry ?? throw new DamagedLogException(Missing)).Before?.Of(after), after));
            entries += step.Entries;
        }
        return steps;
    }

    /// <summary>A partner's state before a change set.</summary>
    /// <param name="partner">The partner in any state.</param>
    /// <returns>False if the change set did not change it. The state is null if it created it.</returns>
    /// <inheritdoc cref="AsOfAsync" path="/exception"/>
    public async Task<(bool IsFound, Partner? Before)> BeforeAsync(Partner partner, long revision, CancellationToken cancel)
    {
        var step = new Step(partner.Id);
        await store.VisitLogAsync(workspaceId, [revision], step, cancel);
        return (step.Entry is not null, step.Entry?.Before?.Of(partner));
    }

    /// <summary>Goes back with many partners at once, so that each change set is read once.</summary>
    private sealed class Walk : LogVisitor
    {
        private readonly Partner?[] _then;
        private readonly long _until;
        private readonly Dictionary<Guid, int> _places;
        private readonly TextBudget _text = new();

        /// <summary>By change set, newest first: how many of the partners are in the state that it wrote.</summary>
        private readonly SortedDictionary<long, int> _waiting = new(Comparer<long>.Create((a, b) => b.CompareTo(a)));

        private long _revision;

        public Walk(IReadOnlyList<Partner> now, long until)
        {
            (_then, _until) = ([.. now], until);
            _places = new(now.Count);
            for (var i = 0; i < now.Count; i++)
            {
                _text.Add(now[i].Values);
                if (now[i].Revision <= until)
                    continue;
                _places.Add(now[i].Id, i);
                Count(now[i].Revision, 1);
            }
        }

        public IReadOnlyList<Partner?> Then => _then;

        /// <summary>The change sets to read next, newest first.</summary>
        public List<long> Next(int count) => [.. _waiting.Keys.Take(count)];

        /// <exception cref="DamagedLogException">The log has no entry for some partner.</exception>
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
            _text.Replace(_then[place]!.Values, before?.Values);
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

        public int Entries { get; private set; }

        public override void Begin(ChangeSetHead head) => Head = head;

        public override EntryUse Look(Guid one)
        {
            Entries++;
            return Entry is not null ? EntryUse.Stop : one == id ? EntryUse.Read : EntryUse.Skip;
        }

        public override void Take(LoggedChange entry) => Entry = entry;
    }
}

/// <summary>One change of one partner.</summary>
/// <param name="Before">Null if the partner was created.</param>
public sealed record PartnerStep(ChangeSetHead Head, Partner? Before, Partner After);
