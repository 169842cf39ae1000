using Roster.Batches;
using Roster.Log;
using Roster.Partners;

namespace Roster.Changes;

/// <summary>
/// What a caller wants done to 1 to <see cref="PartnerRules.MaxItems"/> partners: valid in itself, by construction. It says
/// which rows it must see, and computes from them what is to be done; it reads and writes nothing.
/// </summary>
public abstract class Change
{
    private protected Change()
    {
    }

    /// <summary>What the log calls it.</summary>
    public abstract string Kind { get; }

    /// <summary>How many items the request has.</summary>
    public abstract int Count { get; }

    /// <summary>The partners that items name by id, none twice, in the order of the request.</summary>
    public abstract IEnumerable<NamedPartner> Named { get; }

    /// <summary>The change set that it undoes.</summary>
    public virtual long? Undoes => null;

    /// <summary>How items without id find a partner.</summary>
    public virtual MatchOn MatchOn => MatchOn.Nothing;

    /// <summary>What items look for by <see cref="MatchOn"/>.</summary>
    public virtual IEnumerable<(int Index, string Value)> Sought => [];

    /// <summary>Whether it must see no rows but those that it names.</summary>
    public abstract bool SeesOnlyNamed { get; }

    /// <summary>Where the change is the whole truth: then it must see the live partners that it does not name, too.</summary>
    public virtual Mirror? Mirror => null;

    /// <summary>The external ids that must be free among the live partners, or held by partners that give them up.</summary>
    public abstract IEnumerable<string> Claimed(RowsNow now);

    /// <summary>
    /// The folded addresses that items give to partners by id, where addresses are what items match on: who has them must be seen.
    /// </summary>
    public virtual IEnumerable<string> GivenEmails(RowsNow now) => [];

    /// <summary>Plans the change on the rows as they are.</summary>
    public abstract ChangePlan PlanOn(RowsNow now, Moment moment);
}

/// <summary>The rows that a change must see, as they are now.</summary>
/// <param name="count">How many items the change has.</param>
public sealed class RowsNow(int count)
{
    private readonly Partner?[] _rows = new Partner?[count];
    private readonly TextBudget _text = new();
    private readonly Dictionary<int, IReadOnlyList<Guid>> _several = [];
    private readonly Dictionary<string, Guid> _holders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<Guid>> _emailHolders = new(StringComparer.Ordinal);

    /// <summary>How many live partners of one key are to be read: one more than a fault names, so that it can say that they are more.</summary>
    public const int MaxMatches = Fault.MaxCandidates + 1;

    /// <summary>For an item that names a partner: that one, deleted or not. For one that matches a live partner: that one.</summary>
    public Partner? this[int index]
    {
        get => _rows[index];
        set
        {
            _text.Add(value?.Values);
            _rows[index] = value;
        }
    }

    /// <summary>The live partners that an item matches, where they are several: up to <see cref="MaxMatches"/>.</summary>
    public IReadOnlyList<Guid>? Several(int index) => _several.GetValueOrDefault(index);

    /// <summary>Notes the live partners that an item matches, as many as <see cref="MaxMatches"/> if they are more.</summary>
    public void Match(int index, IReadOnlyList<Partner> matches)
    {
        if (matches.Count == 1)
            this[index] = matches[0];
        else if (matches.Count > 1)
            _several[index] = [.. matches.Take(MaxMatches).Select(match => match.Id)];
    }

    /// <summary>The live partners with this folded address, in id order, up to <see cref="MaxMatches"/>.</summary>
    public IReadOnlyList<Guid> EmailHolders(string email) => _emailHolders.GetValueOrDefault(email) ?? [];

    /// <summary>Notes the live partners with one of <see cref="Change.GivenEmails"/>.</summary>
    public void HoldEmail(string email, IReadOnlyList<Partner> holders) =>
        _emailHolders[email] = [.. holders.Take(MaxMatches).Select(holder => holder.Id)];

    /// <summary>The live partner with this external id.</summary>
    public Guid? Holder(string externalId) => _holders.TryGetValue(externalId, out var holder) ? holder : null;

    /// <summary>How many live partners no item names.</summary>
    public long RestCount { get; private set; }

    /// <summary>How many live partners there are.</summary>
    public long Live { get; private set; }

    /// <summary>The live partners that no item names: all that may be deleted, or the first of them where they are more.</summary>
    public IReadOnlyList<Partner> Rest { get; private set; } = [];

    /// <summary>The partners that items name, live or not.</summary>
    public IEnumerable<Partner> Found => _rows.OfType<Partner>();

    /// <summary>Notes how many live partners there are; a mirror then says how many of the others it must see.</summary>
    /// <returns>How many of the live partners that no item names are to be read.</returns>
    public int CountRest(long live, Mirror mirror)
    {
        Live = live;
        RestCount = live - Found.Count(partner => partner.DeletedAt is null);
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

/// <summary>What change sets are, as the log names them.</summary>
public static class ChangeKind
{
    public const string Upsert = "upsert";
    public const string Create = "create";
    public const string Delete = "delete";
    public const string Restore = "restore";
    public const string Undo = "undo";
    public const string Mirror = "mirror";
    public const string Erase = "erase";

    /// <summary>Whether a change of this kind can name a partner; one that it cannot name is unknown to its caller.</summary>
    /// <param name="partner">Null where there is none with the id.</param>
    public static bool CanName(string kind, Partner? partner) => kind is Restore or Erase ? partner is not null : partner is { DeletedAt: null };

    public static IReadOnlyList<string> All { get; } = [Upsert, Create, Delete, Restore, Undo, Mirror, Erase];
}
