using Roster.Log;
using Roster.Partners;
using Roster.Server.Formats;
using Roster.Server.Http;

namespace Roster.Server.Partners;

/// <summary>What a GET /api/partners asks for.</summary>
/// <param name="IsCounted">Whether the answer says how many partners the list has.</param>
internal sealed record PartnerListRequest(PartnerQuery Query, IncludedFields Include, bool IsCounted)
{
    private const int DefaultTake = 50;
    private const int MaxText = 1_000;

    /// <summary>Of a list of the past: so many partners are looked at together, also for a smaller page, and so many for a page.</summary>
    private const int LookAtTogether = 500;

    private const int MaxLookedAt = 50_000;

    /// <summary>The revision as of which it is to be read; null: as it is.</summary>
    public long? AsOf { get; private init; }

    private CursorText _cursors = null!;

    /// <summary>Reads the query parameters; what is wrong with them they say themselves.</summary>
    public static PartnerListRequest Parse(Parameters parameters, long workspaceId, PartnerFormat format)
    {
        var filter = new PartnerFilter(
            parameters.Guid("id"),
            SearchedText(parameters),
            Email(parameters),
            Phone(parameters),
            parameters.NonBlank("externalId", MaxText),
            parameters.Time("updatedSince"),
            parameters.Choice("deleted",
                ("false", DeletedPartners.Without), ("true", DeletedPartners.With), ("only", DeletedPartners.Only)),
            parameters.Texts("tag", PartnerFilter.MaxTerms, MaxText),
            MetadataConditions(parameters));
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
            parameters.Reject("include", "With asOf, metadata is not written as CSV, since which keys there were is not known before the end; ask for NDJSON.");
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
    /// A page of the list, as it is now or was then. One of the past looks at a bounded number of partners, so it can have fewer than are
    /// asked for, and none, and others can still follow.
    /// </summary>
    public async Task<PartnerPage> ReadAsync(IRosterStore store, long workspaceId, PartnerQuery query, CancellationToken cancel)
    {
        if (AsOf is not { } revision)
            return await store.ListAsync(workspaceId, query, cancel);
        var history = new History(store, workspaceId);
        var partners = new List<Partner>();
        var rest = query with { Filter = new PartnerFilter(Deleted: DeletedPartners.With), Take = Math.Max(query.Take, LookAtTogether) };
        for (var lookedAt = 0; ; lookedAt += rest.Take)
        {
            var page = await store.ListAsync(workspaceId, rest, cancel);
            foreach (var then in await history.AsOfAsync(page.Partners, revision, cancel))
            {
                if (then is null || !query.Filter.Matches(then))
                    continue;
                if (partners.Count == query.Take)
                    return new PartnerPage(partners, new PartnerCursor(partners[^1].Id));
                partners.Add(then);
            }
            if (page.Next is null || partners.Count == query.Take || lookedAt >= MaxLookedAt)
                return new PartnerPage(partners, page.Next);
            rest = rest with { After = page.Next };
        }
    }

    /// <summary>Says where the page that follows is.</summary>
    public void ShowNext(HttpContext http, PartnerCursor next) => http.ShowNext("cursor", _cursors.Write(next), "skip", "count");

    /// <summary>A + that is not escaped comes as a space: one before a digit was a phone's, and searching goes on without it.</summary>
    private static string? SearchedText(Parameters parameters) =>
        parameters.NonBlank("q", MaxText) is var text && text is [' ', >= '0' and <= '9', ..] ? text[1..] : text;

    private static string? Email(Parameters parameters)
    {
        var email = parameters.NonBlank("email", MaxText);
        if (email?.Contains(' ', StringComparison.Ordinal) == true)
            parameters.Reject("email", "It has a space; write + as %2B.");
        return email;
    }

    /// <summary><c>metadata.region=emea</c>: that value; <c>=*</c>: any value; nothing behind the sign: no value.</summary>
    private static List<MetadataCondition>? MetadataConditions(Parameters parameters)
    {
        const string Prefix = "metadata.";
        var conditions = new List<MetadataCondition>();
        foreach (var (key, value) in parameters.Named(Prefix))
        {
            if (!MetadataText.IsKey(key))
                parameters.Reject(Prefix + key, $"What follows the point is a key: 1 to {MetadataText.MaxKeyLength} letters or digits of ASCII, or _ . -");
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
