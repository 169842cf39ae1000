namespace Roster;

/// <summary>The codes that a fault of a request's item can have. Each has a section in docs/errors.md.</summary>
public static class FaultCode
{
    public const string DuplicateField = "duplicate_field";
    public const string DuplicateId = "duplicate_id";
    public const string EmptyValue = "empty_value";
    public const string InvalidEmail = "invalid_email";
    public const string InvalidId = "invalid_id";
    public const string InvalidText = "invalid_text";
    public const string InvalidType = "invalid_type";
    public const string NameRequired = "name_required";
    public const string PartnerNotFound = "partner_not_found";
    public const string TooLong = "too_long";
    public const string UnknownField = "unknown_field";
}

/// <summary>One thing that is wrong with one item of a request: a value, not an exception.</summary>
/// <param name="Index">The item's place in the request, from 0.</param>
/// <param name="Code">One of <see cref="FaultCode"/>.</param>
/// <param name="Message">What is wrong and what to send instead, in English, without the value that was sent.</param>
/// <param name="Field">The field at fault; null where it is the item as a whole.</param>
/// <param name="Id">The partner that the item names, where it names one.</param>
/// <param name="OtherIndex">The other item of the request that takes part in the fault.</param>
public sealed record Fault(
    int Index,
    string Code,
    string Message,
    string? Field = null,
    Guid? Id = null,
    int? OtherIndex = null)
{
    /// <summary>Faults that one answer lists; beyond these they are only counted.</summary>
    public const int MaxListed = 1_000;

    public static Fault NotFound(int index, Guid id) =>
        new(index, FaultCode.PartnerNotFound, "There is no such partner in this workspace.", "id", id);

    public static Fault DuplicateId(int index, int first, Guid id) =>
        new(index, FaultCode.DuplicateId, $"Items {first} and {index} have the same id; send each partner once.", "id", id, first);
}

/// <summary>The faults of one request: all of them counted, the first <see cref="Fault.MaxListed"/> kept.</summary>
public sealed class FaultList
{
    private readonly List<Fault> _listed = [];
    private readonly HashSet<int> _items = [];

    /// <summary>All faults, also those that are not listed.</summary>
    public int Count { get; private set; }

    /// <summary>How many items have at least one fault.</summary>
    public int Items => _items.Count;

    /// <summary>The first faults in the order of the request.</summary>
    public IReadOnlyList<Fault> Listed => _listed;

    /// <summary>Adds a fault; its index is not smaller than that of the one before.</summary>
    public void Add(Fault fault)
    {
        Count++;
        _items.Add(fault.Index);
        if (_listed.Count < Fault.MaxListed)
            _listed.Add(fault);
    }

    /// <summary>These faults and those, in the order of the request.</summary>
    public FaultList With(FaultList others)
    {
        var all = new FaultList();
        foreach (var fault in _listed.Concat(others._listed).OrderBy(fault => fault.Index).Take(Fault.MaxListed))
            all._listed.Add(fault);
        all.Count = Count + others.Count;
        all._items.UnionWith(_items.Union(others._items));
        return all;
    }
}
