using System.Globalization;
using System.Text;
using Roster.Changes;
using Roster.Partners;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite.Search;

/// <summary>
/// Queries of a search index. They are put together from the constant pieces here; what callers send goes in as parameters.
/// </summary>
internal static class SqliteSearchQuery
{
    private const int GramLength = 3;

    /// <summary>Four are rarely had by more than a few partners.</summary>
    private const int MaxGrams = 4;

    /// <summary>
    /// Up to so many partners that may have a text are found and sorted. Where there are more, the order is walked, in which one of them
    /// comes soon.
    /// </summary>
    private const int MaxSorted = 10_000;

    private const string SelectIdsWithEmail = "select id from doc where email = ?1 and deleted = 0 order by number";

    private const string SelectLastNumber = "select number from doc where id <= ?1 order by id desc limit 1";

    private const string SelectFirstNumber = "select number from doc where id >= ?1 order by id limit 1";

    private const string CountGrams = "select count(*) from (select 1 from gram where gram match ?1 limit ?2)";

    internal const string SelectReached = "select reached from state";

    /// <summary>The first live partners with an address, but for some.</summary>
    /// <param name="email">Folded.</param>
    public static IReadOnlyList<Guid> IdsWithEmail(SqliteDatabase search, string email, HashSet<Guid> except, int take)
    {
        var ids = new List<Guid>();
        using var rows = search.Prepare(SelectIdsWithEmail).Bind(1, email).Query();
        while (ids.Count < take && rows.Step())
            if (rows.Guid(0) is var id && !except.Contains(id))
                ids.Add(id);
        return ids;
    }

    public static long Count(SqliteDatabase search, PartnerFilter filter)
    {
        using var row = Bind(search.Prepare(CountText(filter)), filter).Query();
        row.Step();
        return row.Int64(0);
    }

    /// <summary>The page's partners as cursors, in order: at most as many as it takes.</summary>
    public static IReadOnlyList<PartnerCursor> Find(SqliteDatabase search, PartnerQuery query) =>
        query.Sort == PartnerSort.CreatedAt ? FindInCreationOrder(search, query) : FindInOrder(search, query);

    private static List<PartnerCursor> FindInCreationOrder(SqliteDatabase search, PartnerQuery query)
    {
        var from = NumberBefore(search, query);
        using var rows = Bind(search.Prepare(CreationOrderText(query)), query.Filter)
            .Bind(7, from).Bind(8, query.Take).Bind(9, query.Skip).Query();
        var found = new List<PartnerCursor>();
        while (rows.Step())
            found.Add(new PartnerCursor(rows.Guid(0)));
        return found;
    }

    /// <summary>By name or by update.</summary>
    private static List<PartnerCursor> FindInOrder(SqliteDatabase search, PartnerQuery query)
    {
        var isByName = query.Sort == PartnerSort.Name;
        var leadsByGrams = LeadsByGrams(query.Filter) && AreFew(search, query.Filter);
        var statement = Bind(search.Prepare(OrderText(query, leadsByGrams)), query.Filter).Bind(8, query.Take).Bind(9, query.Skip);
        if (query.After is { } after)
        {
            statement.Bind(7, after.Id);
            if (isByName)
                statement.Bind(10, SearchText.SortName(after.Name!)).Bind(11, after.Name);
            else
                statement.Bind(10, after.UpdatedAt);
        }
        using var rows = statement.Query();
        var found = new List<PartnerCursor>();
        while (rows.Step())
            found.Add(isByName
                ? new PartnerCursor(rows.Guid(0), Name: rows.Text(1))
                : new PartnerCursor(rows.Guid(0), UpdatedAt: rows.Timestamp(1)));
        return found;
    }

    internal static string CountText(PartnerFilter filter)
    {
        var leadsByGrams = LeadsByGrams(filter);
        return $"select count(*) from {From(leadsByGrams)} where {Where(filter, leadsByGrams)}";
    }

    internal static string CreationOrderText(PartnerQuery query)
    {
        var (comparison, direction) = Direction(query);
        // Where grams lead, they come in the order of their row numbers, which is creation order.
        var leadsByGrams = LeadsByGrams(query.Filter);
        var number = leadsByGrams ? "gram.rowid" : "doc.number";
        return $"""
            select doc.id from {From(leadsByGrams)} where {Where(query.Filter, leadsByGrams)} and {number} {comparison} ?7
            order by {number} {direction} limit ?8 offset ?9
            """;
    }

    /// <param name="leadsByGrams">Whether what may have the text is found and then sorted; otherwise the order is walked.</param>
    internal static string OrderText(PartnerQuery query, bool leadsByGrams)
    {
        var isByName = query.Sort == PartnerSort.Name;
        var (comparison, direction) = Direction(query);
        var (key, values, order) = isByName
            ? ("doc.sort_name, doc.name", "?10, ?11", $"doc.sort_name {direction}, doc.name {direction}")
            : ("doc.updated_at", "?10", $"doc.updated_at {direction}");
        var after = query.After is null ? "" : $"and ({key}, doc.id) {comparison} ({values}, ?7)";
        // By name the index by update must not lead (+). What comes after a cursor is as late as it, and the index is searched for that.
        var since = query.Filter.UpdatedSince is null || (!isByName && !query.IsDescending && query.After is not null)
            ? "" : $"and {(isByName ? "+" : "")}doc.updated_at >= ?5";
        return $"""
            select doc.id, {(isByName ? "doc.name" : "doc.updated_at")} from {From(leadsByGrams)}
            where {Where(query.Filter with { UpdatedSince = null }, leadsByGrams)} {since} {after}
            order by {order}, doc.id {direction} limit ?8 offset ?9
            """;
    }

    private static (string Comparison, string Direction) Direction(PartnerQuery query) => query.IsDescending ? ("<", "desc") : (">", "asc");

    /// <summary>The number that a page begins behind: its cursor's partner's, or, where that was erased, the one before.</summary>
    private static long NumberBefore(SqliteDatabase search, PartnerQuery query)
    {
        var start = query.IsDescending ? long.MaxValue : 0;
        if (query.After is not { } after)
            return start;
        using var row = search.Prepare(query.IsDescending ? SelectFirstNumber : SelectLastNumber).Bind(1, after.Id).Query();
        return row.Step() ? row.Int64(0) : start;
    }

    /// <summary>Whether at most <see cref="MaxSorted"/> partners have the trigrams of the text.</summary>
    private static bool AreFew(SqliteDatabase search, PartnerFilter filter)
    {
        using var row = search.Prepare(CountGrams).Bind(1, Grams(SearchText.Fold(filter.Q!))).Bind(2, MaxSorted + 1).Query();
        row.Step();
        return row.Int64(0) <= MaxSorted;
    }

    /// <summary>Whether the search text is long enough to have trigrams.</summary>
    private static bool LeadsByGrams(PartnerFilter filter) =>
        filter is { Q: not null, Email: null, Phone: null } && PartnerRules.CountCodePoints(SearchText.Fold(filter.Q)) >= GramLength;

    private static string From(bool leadsByGrams) => leadsByGrams ? "gram cross join doc on doc.number = gram.rowid" : "doc";

    private static string Where(PartnerFilter filter, bool leadsByGrams)
    {
        var where = new StringBuilder("true");
        if (leadsByGrams)
            where.Append(" and gram match ?2");
        if (filter.Q is not null)
            where.Append(" and instr(doc.text, ?1) > 0");
        if (filter.Email is not null)
            where.Append(" and doc.email = ?3");
        if (filter.Phone is not null)
            where.Append(" and doc.phone = ?4");
        if (filter.UpdatedSince is not null)
            where.Append(" and doc.updated_at >= ?5");
        if (filter.Deleted != DeletedPartners.With)
            where.Append(CultureInfo.InvariantCulture, $" and doc.deleted = {(filter.Deleted == DeletedPartners.Only ? 1 : 0)}");
        return where.ToString();
    }

    private static SqliteStatement Bind(SqliteStatement statement, PartnerFilter filter)
    {
        if (filter.Q is { } q)
        {
            var folded = SearchText.Fold(q);
            statement.Bind(1, folded);
            if (LeadsByGrams(filter))
                statement.Bind(2, Grams(folded));
        }
        if (filter.Email is { } email)
            statement.Bind(3, Upsert.FoldEmail(email));
        if (filter.Phone is { } phone)
            statement.Bind(4, SearchText.Digits(phone));
        if (filter.UpdatedSince is { } since)
            statement.Bind(5, since);
        return statement;
    }

    /// <summary>
    /// Trigrams that cover the text, in FTS5's query syntax: <c>"abc" AND "def"</c>. Each more costs reading its whole list; what
    /// they let through is checked in the text.
    /// </summary>
    private static string Grams(string folded)
    {
        var runes = folded.EnumerateRunes().ToArray();
        var last = runes.Length - GramLength;
        var step = Math.Max(GramLength, (last + MaxGrams) / MaxGrams);
        var grams = new HashSet<string>();
        for (var i = 0; i < last + step; i += step)
        {
            var at = Math.Min(i, last);
            grams.Add($"{runes[at]}{runes[at + 1]}{runes[at + 2]}");
        }
        return string.Join(" AND ", grams.Select(gram => $"\"{gram.Replace("\"", "\"\"", StringComparison.Ordinal)}\""));
    }
}
