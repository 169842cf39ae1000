namespace Roster.Log;

/// <summary>
/// Is shown change sets of the log, one at a time and each of them piece by piece, so that none is ever in memory as a whole, and what
/// nobody asks for costs nothing but passing it over.
/// </summary>
public abstract class LogVisitor
{
    /// <summary>
    /// A change set comes; its entries follow. Where a connection to the database is lost, one that was shown in part comes again, from
    /// its beginning.
    /// </summary>
    public abstract void Begin(ChangeSetHead head);

    /// <summary>An entry comes, of which only the partner is known yet.</summary>
    public abstract EntryUse Look(Guid id);

    /// <summary>The entry for which <see cref="EntryUse.Read"/> was said.</summary>
    public virtual void Take(LoggedChange entry)
    {
    }
}

/// <summary>What is to be done with an entry.</summary>
public enum EntryUse
{
    /// <summary>It is passed over.</summary>
    Skip,

    Read,

    /// <summary>Neither this entry nor the rest of its change set is wanted.</summary>
    Stop,
}

/// <summary>The partners that a change set named, in its order, without what they were before.</summary>
public sealed class ChangedPartners : LogVisitor
{
    private readonly List<(ChangeSetHead Head, List<Guid> Ids)> _changeSets = [];

    /// <summary>The change sets that were shown, in that order.</summary>
    public IReadOnlyList<(ChangeSetHead Head, List<Guid> Ids)> ChangeSets => _changeSets;

    /// <summary>How many entries they have.</summary>
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
