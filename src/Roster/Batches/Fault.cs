using Roster.Partners;

namespace Roster.Batches;

/// <summary>Codes of faults of a request's items. Each has a section in docs/reference/errors.md.</summary>
public static class FaultCode
{
    public const string AmbiguousMatch = "ambiguous_match";
    public const string ConflictingFields = "conflicting_fields";
    public const string ChangedSince = "changed_since";
    public const string DuplicateExternalId = "duplicate_external_id";
    public const string DuplicateField = "duplicate_field";
    public const string DuplicateId = "duplicate_id";
    public const string DuplicateMatch = "duplicate_match";
    public const string EmptyValue = "empty_value";
    public const string ExternalIdTaken = "external_id_taken";
    public const string HistoryGone = "history_gone";
    public const string IdNotAllowed = "id_not_allowed";
    public const string InvalidEmail = "invalid_email";
    public const string InvalidHostname = "invalid_hostname";
    public const string InvalidId = "invalid_id";
    public const string InvalidPhone = "invalid_phone";
    public const string InvalidRecord = "invalid_record";
    public const string InvalidScope = "invalid_scope";
    public const string InvalidText = "invalid_text";
    public const string InvalidTime = "invalid_time";
    public const string InvalidType = "invalid_type";
    public const string MatchKeyMissing = "match_key_missing";
    public const string NameRequired = "name_required";
    public const string NoMatch = "no_match";
    public const string NotDeleted = "not_deleted";
    public const string PartnerNotFound = "partner_not_found";
    public const string TooLong = "too_long";
    public const string TooManyFields = "too_many_fields";
    public const string TooManyValues = "too_many_values";
    public const string UnknownField = "unknown_field";
    public const string WouldBeDeleted = "would_be_deleted";
}

/// <summary>One thing that is wrong with one item of a request.</summary>
/// <param name="Index">The item's place in the request, from 0.</param>
/// <param name="Code">One of <see cref="FaultCode"/>.</param>
/// <param name="Message">What is wrong and what to send instead, in English, without the sent value.</param>
/// <param name="Field">The field at fault; null for the whole item.</param>
public sealed record Fault(int Index, string Code, string Message, string? Field = null)
{
    /// <summary>The index of a fault that belongs to no item.</summary>
    public const int NoItem = -1;

    /// <summary>Faults listed in one answer; more are only counted.</summary>
    public const int MaxListed = 1_000;

    /// <summary>Stored partners listed in one fault; if there are more, its message only says so.</summary>
    public const int MaxCandidates = 10;

    /// <summary>The partner that the item names, or null.</summary>
    public Guid? Id { get; init; }

    /// <summary>The other item of the request in a conflict of two.</summary>
    public int? OtherIndex { get; init; }

    /// <summary>The stored partners that the item conflicts with, at most <see cref="MaxCandidates"/>.</summary>
    public IReadOnlyList<Guid> Candidates { get; init; } = [];

    /// <summary>The partner as it is now, if the item expected another state.</summary>
    public Partner? Current { get; init; }

    /// <summary>For line-based formats: the line from 1 and, in CSV, the column from 1. Otherwise 0.</summary>
    public (int Line, int Column) Place { get; init; }

    /// <param name="field">The field that names the partner; null if items are only ids.</param>
    public static Fault NotFound(int index, Guid id, string? field) =>
        new(index, FaultCode.PartnerNotFound, "There is no such partner in this workspace.", field) { Id = id };

    /// <param name="current">Null if no partner matches.</param>
    public static Fault ChangedSince(int index, Partner? current) => new(
        index, FaultCode.ChangedSince,
        current is null ? "No partner matches this item, so it was not last updated at ifUpdatedAt."
            : "The partner was updated since ifUpdatedAt; look at current.",
        "ifUpdatedAt")
    { Id = current?.Id, Current = current };
}

/// <summary>The faults of one request: all are counted, the first ones listed.</summary>
/// <param name="limit">Most faults to list.</param>
public sealed class FaultList(int limit = Fault.MaxListed)
{
    private readonly List<Fault> _listed = [];
    private readonly HashSet<int> _items = [];

    /// <summary>Number of all faults, listed or not.</summary>
    public int Count { get; private set; }

    /// <summary>Number of items with at least one fault.</summary>
    public int Items => _items.Count;

    /// <summary>The first faults, in the order of the request.</summary>
    public IReadOnlyList<Fault> Listed => _listed;

    /// <summary>Whether an item has a fault, listed or not.</summary>
    public bool Has(int index) => _items.Contains(index);

    /// <summary>Adds a fault. Faults must come in the order of their indexes.</summary>
    public void Add(Fault fault)
    {
        Count++;
        _items.Add(fault.Index);
        if (_listed.Count < limit)
            _listed.Add(fault);
    }

    /// <summary>How many more faults can be listed; others are only counted.</summary>
    public int Room => limit - _listed.Count;

    /// <summary>Counts faults of an item without listing them.</summary>
    /// <param name="index">The item, or <see cref="Fault.NoItem"/>.</param>
    public void AddUnlisted(int index, long count)
    {
        if (count == 0)
            return;
        Count = (int)Math.Min(int.MaxValue, Count + count);
        _items.Add(index);
    }

    /// <summary>With at most so many faults of each item listed, so that those of all items have room.</summary>
    public FaultList OfEach(int most)
    {
        var some = new FaultList(limit) { Count = Count };
        some._listed.AddRange(_listed.GroupBy(fault => fault.Index).SelectMany(ofItem => ofItem.Take(most)));
        some._items.UnionWith(_items);
        return some;
    }

    /// <summary>Only how many there are, with none of them listed.</summary>
    public FaultList Counted() => new(0) { Count = Count };

    /// <summary>Both lists merged, in the order of the request, with the limit of this one.</summary>
    public FaultList With(FaultList others)
    {
        var all = new FaultList(limit);
        foreach (var fault in _listed.Concat(others._listed).OrderBy(fault => fault.Index).Take(limit))
            all._listed.Add(fault);
        all.Count = Count + others.Count;
        all._items.UnionWith(_items.Union(others._items));
        return all;
    }
}
