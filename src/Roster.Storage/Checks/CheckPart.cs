namespace Roster.Storage.Checks;

/// <summary>What a check has found in one part of a database.</summary>
/// <param name="name">Such as <c>log</c>.</param>
/// <param name="workspace">Null for a part of the whole database.</param>
public sealed class CheckPart(string name, string? workspace)
{
    private readonly List<FoundDamage> _damages = [];

    public string Name => name;

    public string? Workspace => workspace;

    /// <summary>What was read, for an operator.</summary>
    public string Summary { get; internal set; } = "";

    /// <summary>By kind, in the order in which the kinds were found.</summary>
    public IReadOnlyList<FoundDamage> Damages => _damages;

    internal bool IsWhole => _damages.Count == 0;

    /// <param name="item">An id, a revision or the like, never a partner's values.</param>
    /// <param name="count">How many this item stands for.</param>
    internal void Add(DamageKind kind, string item, long count = 1)
    {
        var found = _damages.Find(one => one.Kind == kind);
        if (found is null)
            _damages.Add(found = new FoundDamage(kind));
        found.Add(item, count);
    }
}

/// <summary>A kind of damage.</summary>
/// <param name="What">What it is, before a number: "partners are missing".</param>
/// <param name="Cure">What an operator does about it.</param>
public sealed record DamageKind(string What, string Cure);

/// <summary>All damage of a kind in one part.</summary>
public sealed class FoundDamage(DamageKind kind)
{
    /// <summary>Most items that are listed.</summary>
    public const int MaxItems = 20;

    private readonly List<string> _items = [];

    public DamageKind Kind => kind;

    public long Count { get; private set; }

    /// <summary>The first ones.</summary>
    public IReadOnlyList<string> Items => _items;

    internal void Add(string item, long count)
    {
        Count += count;
        if (_items.Count < MaxItems)
            _items.Add(item);
    }
}
