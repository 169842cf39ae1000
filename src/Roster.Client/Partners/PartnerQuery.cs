namespace Roster.Client;

/// <summary>Which partners to list, and in which order. Conditions are combined; a null member is no condition.</summary>
public sealed record PartnerQuery
{
    /// <summary>A part of the name, address, phone or a tag: 1 to 1,000 characters. Case and accents do not count.</summary>
    public string? Search { get; init; }

    /// <summary>The whole address; case does not count. <c>*</c>: those that have one. Empty: those that have none.</summary>
    public string? Email { get; init; }

    /// <summary>The whole phone; only digits are compared. <c>*</c>: those that have one. Empty: those that have none.</summary>
    public string? Phone { get; init; }

    /// <summary>Exactly this external id.</summary>
    public string? ExternalId { get; init; }

    public Guid? Id { get; init; }

    /// <summary>Up to five tags; a partner has all of them.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Up to five keys: the value, <c>*</c> for any value, or empty for none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Updated then or later.</summary>
    public DateTimeOffset? UpdatedSince { get; init; }

    public DeletedPartners Deleted { get; init; }

    public PartnerSort Sort { get; init; }

    /// <summary>
    /// The directory as it was at this revision. Only with <see cref="Deleted"/>, <see cref="Include"/>, and the sort by
    /// creation.
    /// </summary>
    public long? AsOf { get; init; }

    public PartnerInclude Include { get; init; }

    /// <summary>
    /// Partners on a page, 1 to 10,000; null is 1,000 for <see cref="RosterClient.ListAsync"/> and 50 for one page. For an
    /// export: partners in all; null is all.
    /// </summary>
    public int? Take { get; init; }

    /// <summary>Partners to pass over first. Slow where it is large.</summary>
    public int? Skip { get; init; }

    /// <summary>Where the page begins: <see cref="PartnerPage.Next"/> of the page before.</summary>
    public string? Cursor { get; init; }

    /// <summary>Whether to count the whole list, as <see cref="PartnerPage.Total"/>.</summary>
    public bool Count { get; init; }

    internal string ToQuery(int? take)
    {
        var query = new QueryText()
            .Add("q", Search).Add("email", Email).Add("phone", Phone).Add("externalId", ExternalId).Add("id", Id?.ToString())
            .Add("updatedSince", QueryText.Time(UpdatedSince))
            .Add("deleted", Deleted switch { DeletedPartners.Too => "true", DeletedPartners.Only => "only", _ => null })
            .Add("sort", Sort switch
            {
                PartnerSort.OldestFirst => "createdAt",
                PartnerSort.LastUpdatedFirst => "-updatedAt",
                PartnerSort.FirstUpdatedFirst => "updatedAt",
                PartnerSort.Name => "name",
                PartnerSort.NameBackwards => "-name",
                _ => null,
            })
            .Add("asOf", AsOf).Add("include", QueryText.IncludeOf(Include)).Add("take", take).Add("skip", Skip).Add("cursor", Cursor)
            .Add("count", Count ? "true" : null);
        foreach (var tag in Tags)
            query.Add("tag", tag);
        foreach (var (key, value) in Metadata)
            query.Add($"metadata.{key}", value);
        return query.ToString();
    }
}

/// <summary>Whether deleted partners are listed.</summary>
public enum DeletedPartners
{
    Not,
    Too,
    Only,
}

/// <summary>The order of a list. By creation, no partner is skipped or seen twice, whatever is written meanwhile.</summary>
public enum PartnerSort
{
    NewestFirst,
    OldestFirst,
    LastUpdatedFirst,
    FirstUpdatedFirst,

    /// <summary>As people read names: case and accents do not count.</summary>
    Name,
    NameBackwards,
}

/// <summary>A page of the list of partners.</summary>
/// <param name="Next">The cursor of the next page; null at the end. It never expires.</param>
/// <param name="Total">How many partners the list has, if it was asked for.</param>
public sealed record PartnerPage(IReadOnlyList<Partner> Partners, string? Next, long? Total);

/// <summary>The format of an export.</summary>
public enum ExportFormat
{
    /// <summary>CSV (RFC 4180) in UTF-8; null is <c>\N</c>.</summary>
    Csv,

    /// <summary>CSV for spreadsheets: with a byte order mark; null is empty; formulas are guarded by an apostrophe.</summary>
    SpreadsheetCsv,

    /// <summary>A partner a line, as JSON.</summary>
    Ndjson,
}
