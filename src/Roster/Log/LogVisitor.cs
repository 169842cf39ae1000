namespace Roster.Log;

/// <summary>
/// Receives change sets of the log one by one, entry by entry: no change set is in memory as a whole, and skipped
/// entries are cheap.
/// </summary>
public abstract class LogVisitor
{
    /// <summary>
    /// Begins a change set; its entries follow. After a lost connection, a change set that was shown in part comes
    /// again from its beginning.
    /// </summary>
    public abstract void Begin(ChangeSetHead head);

    /// <summary>Decides about an entry by its partner, before the entry is decoded.</summary>
    public abstract EntryUse Look(Guid id);

    /// <summary>Receives an entry for which <see cref="Look"/> returned <see cref="EntryUse.Read"/>.</summary>
    public virtual void Take(LoggedChange entry)
    {
    }
}

/// <summary>What to do with an entry.</summary>
public enum EntryUse
{
    /// <summary>Skip the entry.</summary>
    Skip,

    Read,

    /// <summary>Skip this entry and the rest of its change set.</summary>
    Stop,
}

/// <summary>Collects the ids of the changed partners, by change set, without their earlier states.</summary>
public sealed class ChangedPartners : LogVisitor
{
    private readonly List<(ChangeSetHead Head, List<Guid> Ids)> _changeSets = [];

    /// <summary>The change sets, in the order in which they were shown.</summary>
    public IReadOnlyList<(ChangeSetHead Head, List<Guid> Ids)> ChangeSets => _changeSets;

    /// <summary>Number of entries of all of them.</summary>
    public int Count { get; private set; }

    public override void Begin(ChangeSetHead head)
    {
        if (_changeSets is [.., var last] && last.Head.Revision.Number >= head.Revision.Number)
        {
            Count -= _changeSets.Sum(one => one.Ids.Count);
            _changeSets.Clear();
        }
        _changeSets.Add((head, []));
    }

    public override EntryUse Look(Guid id)
    {
        _changeSets[^1].Ids.Add(id);
        Count++;
        return EntryUse.Skip;
    }
}
