using Roster.Batches;
using Roster.Log;
using Roster.Partners;

namespace Roster.Changes;

/// <summary>
/// What a caller wants done to 1 to <see cref="PartnerRules.MaxItems"/> partners: valid by construction. It says which
/// rows it must see, and computes a plan from them; it reads and writes nothing.
/// </summary>
public abstract class Change
{
    private protected Change()
    {
    }

    /// <summary>One of <see cref="ChangeKind"/>, as the log names it.</summary>
    public abstract string Kind { get; }

    /// <summary>Number of items of the request.</summary>
    public abstract int Count { get; }

    /// <summary>The partners that items name by id, each once, in the order of the request.</summary>
    public abstract IEnumerable<NamedPartner> Named { get; }

    /// <summary>Faults of a plan that are listed; more are only counted.</summary>
    public virtual int MaxFaults => Fault.MaxListed;

    /// <summary>The revision of the change set that it undoes, or null.</summary>
    public virtual long? Undoes => null;

    /// <summary>How items without id find a partner.</summary>
    public virtual MatchOn MatchOn => MatchOn.Nothing;

    /// <summary>The match keys of items without id.</summary>
    public virtual IEnumerable<(int Index, string Value)> Sought => [];

    /// <summary>Whether the plan needs no rows beyond the named ones.</summary>
    public abstract bool SeesOnlyNamed { get; }

    /// <summary>
    /// Set if live partners that no item names are to be deleted; then the plan needs those rows, too.
    /// </summary>
    public virtual Mirror? Mirror => null;

    /// <summary>External ids that must be free among live partners, or held by partners that give them up.</summary>
    public abstract IEnumerable<string> Claimed(RowsNow now);

    /// <summary>
    /// With matching by e-mail: the folded addresses that items give to partners by id. The plan needs their holders.
    /// </summary>
    public virtual IEnumerable<string> GivenEmails(RowsNow now) => [];

    /// <summary>Plans the change on the current rows.</summary>
    public abstract ChangePlan PlanOn(RowsNow now, Moment moment);
}

/// <summary>The current rows that a change needs.</summary>
/// <param name="count">Number of items of the change.</param>
public sealed class RowsNow(int count)
{
    private readonly Partner?[] _rows = new Partner?[count];
    private readonly TextBudget _text = new();
    private readonly Dictionary<int, IReadOnlyList<Guid>> _several = [];
    private readonly Dictionary<string, Guid> _holders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<Guid>> _emailHolders = new(StringComparer.Ordinal);

    /// <summary>
    /// Most live partners to read for one key: one more than a fault lists, to know that there are more.
    /// </summary>
    public const int MaxMatches = Fault.MaxCandidates + 1;

    /// <summary>The partner that an item names, live or deleted, or the live partner that it matches.</summary>
    public Partner? this[int index]
    {
        get => _rows[index];
        set
        {
            _text.Add(value?.Values);
            _rows[index] = value;
        }
    }

    /// <summary>
    /// The live partners that an item matches if they are several, up to <see cref="MaxMatches"/>; otherwise null.
    /// </summary>
    public IReadOnlyList<Guid>? Several(int index) => _several.GetValueOrDefault(index);

    /// <summary>
    /// Sets the live partners that an item matches: all, or <see cref="MaxMatches"/> if there are more.
    /// </summary>
    public void Match(int index, IReadOnlyList<Partner> matches)
    {
        if (matches.Count == 1)
            this[index] = matches[0];
        else if (matches.Count > 1)
            _several[index] = [.. matches.Take(MaxMatches).Select(match => match.Id)];
    }

    /// <summary>The live partners with this folded address, in id order, up to <see cref="MaxMatches"/>.</summary>
    public IReadOnlyList<Guid> EmailHolders(string email) => _emailHolders.GetValueOrDefault(email) ?? [];

    /// <summary>Sets the live partners with one of <see cref="Change.GivenEmails"/>.</summary>
    public void HoldEmail(string email, IReadOnlyList<Partner> holders) =>
        _emailHolders[email] = [.. holders.Take(MaxMatches).Select(holder => holder.Id)];

    /// <summary>The live partner with this external id.</summary>
    public Guid? Holder(string externalId) => _holders.TryGetValue(externalId, out var holder) ? holder : null;

    /// <summary>Number of live partners that no item names.</summary>
    public long RestCount { get; private set; }

    /// <summary>Number of live partners.</summary>
    public long Live { get; private set; }

    /// <summary>
    /// The live partners that no item names: all that may be deleted, or the first ones if there are more.
    /// </summary>
    public IReadOnlyList<Partner> Rest { get; private set; } = [];

    /// <summary>The partners that items name or match.</summary>
    public IEnumerable<Partner> Found => _rows.OfType<Partner>();

    /// <summary>Sets the number of live partners.</summary>
    /// <returns>How many of <see cref="Rest"/> to read.</returns>
    public int CountRest(long live, Mirror mirror)
    {
        Live = live;
        // A partner that several items name is a fault, and there once.
        RestCount = live - Found.Where(partner => partner.DeletedAt is null).DistinctBy(partner => partner.Id).Count();
        return (int)Math.Min(RestCount, Math.Max(mirror.Allowed(live), Fault.MaxListed));
    }

    public void SetRest(IReadOnlyList<Partner> rest)
    {
        foreach (var partner in rest)
            _text.Add(partner.Values);
        Rest = rest;
    }

    public void Hold(string externalId, Guid holder) => _holders[externalId] = holder;
}

/// <summary>Kinds of change sets, as the log names them.</summary>
public static class ChangeKind
{
    public const string Upsert = "upsert";
    public const string Create = "create";
    public const string Delete = "delete";
    public const string Restore = "restore";
    public const string Undo = "undo";
    public const string Mirror = "mirror";
    public const string Erase = "erase";
    public const string Import = "import";

    /// <summary>The directory was restored from a backup. It has no changes of partners (<see cref="Log.LogEpoch"/>).</summary>
    public const string Recover = "recover";

    /// <summary>
    /// Whether a change of this kind can name the partner; otherwise the partner is unknown to the caller.
    /// </summary>
    /// <param name="partner">Null if there is none with the id.</param>
    public static bool CanName(string kind, Partner? partner) =>
        kind is Restore or Erase ? partner is not null : partner is { DeletedAt: null };

    public static IReadOnlyList<string> All { get; } = [Upsert, Create, Delete, Restore, Undo, Mirror, Erase, Import, Recover];
}
