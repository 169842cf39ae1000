using Roster.Log;
using Roster.Partners;
using Roster.Server.Formats;
using Roster.Server.Http;

namespace Roster.Server.Partners;

/// <summary>The parameters of GET /api/partners.</summary>
/// <param name="IsCounted">Whether the answer has the total number of partners.</param>
internal sealed record PartnerListRequest(PartnerQuery Query, IncludedFields Include, bool IsCounted)
{
    private const int DefaultTake = 50;
    private const int MaxText = 1_000;

    /// <summary>For a list of the past: fewest partners examined at once, also for a smaller page.</summary>
    private const int MinExamined = 500;

    /// <summary>For a list of the past: most partners examined for a page, about.</summary>
    private const int MaxExamined = 50_000;

    /// <summary>The revision as of which to read the list; null for the current state.</summary>
    public long? AsOf { get; private init; }

    private CursorText _cursors = null!;

    /// <summary>Reads the query parameters, and reports faults to <paramref name="parameters"/>.</summary>
    public static PartnerListRequest Parse(Parameters parameters, long workspaceId, PartnerFormat format)
    {
        var (hasEmail, hasPhone) = (Presence(parameters, "email"), Presence(parameters, "phone"));
        var filter = new PartnerFilter(
            parameters.Guid("id"),
            SearchedText(parameters),
            hasEmail is null ? Email(parameters) : null,
            hasPhone is null ? Phone(parameters) : null,
            parameters.NonBlank("externalId", MaxText),
            parameters.Time("updatedSince"),
            parameters.Choice("deleted",
                ("false", DeletedPartners.Without), ("true", DeletedPartners.With), ("only", DeletedPartners.Only)),
            parameters.Texts("tag", PartnerFilter.MaxTerms, MaxText),
            MetadataConditions(parameters),
            hasEmail,
            hasPhone);
        var (sort, isDescending) = parameters.Choice("sort",
            ("desc", (PartnerSort.CreatedAt, true)), ("asc", (PartnerSort.CreatedAt, false)),
            ("createdAt", (PartnerSort.CreatedAt, false)), ("-createdAt", (PartnerSort.CreatedAt, true)),
            ("updatedAt", (PartnerSort.UpdatedAt, false)), ("-updatedAt", (PartnerSort.UpdatedAt, true)),
            ("name", (PartnerSort.Name, false)), ("-name", (PartnerSort.Name, true)));
        var take = parameters.Integer("take", 1, format.IsStreamed ? int.MaxValue - 1 : PartnerRules.MaxItems)
            ?? (format.IsStreamed ? int.MaxValue - 1 : DefaultTake);
        var skip = parameters.Integer("skip", 0, int.MaxValue);
        var asOf = parameters.Revision("asOf");
        if (asOf is not null && (sort != PartnerSort.CreatedAt || skip > 0 || filter != new PartnerFilter(Deleted: filter.Deleted)))
            parameters.Reject("asOf", "With it a list is in creation order, and only deleted, take and cursor can be used.");
        var isCounted = parameters.Choice("count", ("false", false), ("true", true));
        if (asOf is not null && isCounted)
            parameters.Reject("count", "It cannot be used with asOf.");
        var include = parameters.Include();
        if (asOf is not null && format.Csv is not null && include.HasFlag(IncludedFields.Metadata))
            parameters.Reject(
                "include",
                "With asOf, metadata is not written as CSV, since which keys there were is not known before the end; ask for NDJSON.");
        var cursors = new CursorText(workspaceId, filter, sort, isDescending);
        var after = default(PartnerCursor);
        if (parameters.Text("cursor") is { } text)
        {
            after = cursors.Read(text);
            if (after is null)
                parameters.Reject("cursor", "It is what a Link header gave for this very list, unchanged.");
            else if (skip > 0)
                parameters.Reject("skip", "It cannot be used with cursor.");
        }
        return new PartnerListRequest(
            new PartnerQuery(filter, sort, isDescending, take, skip ?? 0, after), include, isCounted)
        {
            AsOf = asOf,
            _cursors = cursors,
        };
    }

    /// <summary>
    /// A page of the list, now or in the past. A page of the past examines a bounded number of partners, so it can be
    /// short or empty although more follow.
    /// </summary>
    public async Task<PartnerPage> ReadAsync(IRosterStore store, long workspaceId, PartnerQuery query, CancellationToken cancel)
    {
        if (AsOf is not { } revision)
            return await store.ListAsync(workspaceId, query, cancel);
        var history = new History(store, workspaceId);
        var partners = new List<Partner>();
        var current = query with { Filter = new PartnerFilter(Deleted: DeletedPartners.With), Take = Math.Max(query.Take, MinExamined) };
        for (var examined = 0; ; examined += current.Take)
        {
            var page = await store.ListAsync(workspaceId, current, cancel);
            foreach (var then in await history.AsOfAsync(page.Partners, revision, cancel))
            {
                if (then is null || !query.Filter.Matches(then))
                    continue;
                if (partners.Count == query.Take)
                    return new PartnerPage(partners, new PartnerCursor(partners[^1].Id));
                partners.Add(then);
            }
            if (page.Next is null || partners.Count == query.Take || examined >= MaxExamined)
                return new PartnerPage(partners, page.Next);
            current = current with { After = page.Next };
        }
    }

    /// <summary>Adds the link to the next page.</summary>
    public void ShowNext(HttpContext http, PartnerCursor next) => http.ShowNext("cursor", _cursors.Write(next), "skip", "count");

    /// <summary>
    /// An unescaped + arrives as a space. Before a digit it was a phone's +, and the search goes on without it.
    /// </summary>
    private static string? SearchedText(Parameters parameters) =>
        parameters.NonBlank("q", MaxText) is var text && text is [' ', >= '0' and <= '9', ..] ? text[1..] : text;

    /// <summary>Reads <c>email=*</c> as: has one; <c>email=</c> as: has none.</summary>
    /// <returns>Null for any other value.</returns>
    private static bool? Presence(Parameters parameters, string name) => parameters.Text(name) switch
    {
        "*" => true,
        "" => false,
        _ => null,
    };

    private static string? Email(Parameters parameters)
    {
        var email = parameters.NonBlank("email", MaxText);
        if (email?.Contains(' ', StringComparison.Ordinal) == true)
            parameters.Reject("email", "It has a space; write + as %2B.");
        return email;
    }

    /// <summary>
    /// Reads conditions on metadata: <c>metadata.region=emea</c> for this value, <c>=*</c> for any value, <c>=</c> for
    /// no value.
    /// </summary>
    private static List<MetadataCondition>? MetadataConditions(Parameters parameters)
    {
        const string Prefix = "metadata.";
        var conditions = new List<MetadataCondition>();
        foreach (var (key, value) in parameters.Named(Prefix))
        {
            if (!MetadataText.IsKey(key))
                parameters.Reject(
                    Prefix + key,
                    $"What follows the point is a key: 1 to {MetadataText.MaxKeyLength} letters or digits of ASCII, or _ . -");
            else if (conditions.Count == PartnerFilter.MaxTerms)
                parameters.Reject(Prefix + key, $"There are at most {PartnerFilter.MaxTerms} conditions on metadata.");
            else if (value.Length > MaxText || value.Any(char.IsControl))
                parameters.Reject(Prefix + key, $"It is at most {MaxText} characters, none of them a control character.");
            conditions.Add(new MetadataCondition(key, value is "" or "*" ? null : value, IsThere: value.Length > 0));
        }
        return conditions.Count == 0 ? null : conditions;
    }

    private static string? Phone(Parameters parameters)
    {
        var phone = parameters.NonBlank("phone", MaxText);
        if (phone is not null && SearchText.Digits(phone).Length == 0)
            parameters.Reject("phone", "It has at least one digit; only digits are compared.");
        return phone;
    }
}
