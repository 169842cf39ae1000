namespace Roster.Changes;

/// <summary>
/// A workspace as it was: a walk from the partners as they are back through the log, in which each change set's entry says what was
/// before, and which change set had made it so. It only reads what does not change any more, so writers beside it do not matter.
/// </summary>
public sealed class History(IRosterStore store, long workspaceId)
{
    private readonly Dictionary<long, Dictionary<Guid, LoggedState?>> _entries = [];
    private readonly Dictionary<long, LoggedChangeSet> _changeSets = [];

    /// <summary>The partners as they were when this revision had been written, in the same order.</summary>
    /// <param name="now">As they are now.</param>
    /// <returns>Null for one that did not exist yet; with an empty name where its values are not kept any more.</returns>
    public async Task<IReadOnlyList<Partner?>> AsOfAsync(IReadOnlyList<Partner> now, long revision, CancellationToken cancel)
    {
        Partner?[] then = [.. now];
        while (true)
        {
            var later = then.OfType<Partner>().Where(partner => partner.Revision > revision).Select(partner => partner.Revision).Distinct();
            if (!await ReadAsync(later, cancel))
                return then;
            for (var i = 0; i < then.Length; i++)
                if (then[i] is { } partner && partner.Revision > revision)
                    then[i] = Before(partner);
        }
    }

    /// <summary>What a partner was before each of its changes, newest first, after the state that is given.</summary>
    /// <returns>At most so many steps. The last one's state is null where the partner was created by it.</returns>
    public async Task<IReadOnlyList<PartnerStep>> StepsAsync(Partner from, int take, CancellationToken cancel)
    {
        var steps = new List<PartnerStep>();
        for (var after = from; after is not null && steps.Count < take;)
        {
            await ReadAsync([after.Revision], cancel);
            var before = Before(after);
            steps.Add(new PartnerStep(_changeSets[after.Revision], before, after));
            after = before;
        }
        return steps;
    }

    /// <summary>Whether a partner's values at some time are still there.</summary>
    public static bool IsKept(Partner partner) => partner.Name.Length > 0;

    private Partner? Before(Partner after) => _entries[after.Revision].GetValueOrDefault(after.Id)?.Of(after);

    /// <returns>False where there is nothing to read.</returns>
    private async Task<bool> ReadAsync(IEnumerable<long> revisions, CancellationToken cancel)
    {
        var wanted = revisions.ToList();
        var missing = wanted.Where(revision => !_entries.ContainsKey(revision)).ToList();
        if (missing.Count > 0)
            foreach (var changeSet in await store.ReadLogAsync(workspaceId, missing, cancel))
            {
                _changeSets[changeSet.Revision.Number] = changeSet;
                _entries[changeSet.Revision.Number] = changeSet.Changes.ToDictionary(change => change.Id, change => change.Before);
            }
        return wanted.Count > 0;
    }
}

/// <summary>One change of one partner.</summary>
/// <param name="Before">Null where it was created.</param>
public sealed record PartnerStep(LoggedChangeSet ChangeSet, Partner? Before, Partner After);
