using System.Globalization;
using System.Text;
using Roster.Changes;

namespace Roster.Storage.Sqlite.Search;

/// <summary>
/// Queries of a search index. They are put together from the constant pieces here; what callers send goes in as parameters.
/// </summary>
internal static class SqliteSearchQuery
{
    private const int GramLength = 3;

    /// <summary>Four are rarely had by more than a few partners.</summary>
    private const int MaxGrams = 4;

    private const string SelectIdsWithEmail = "select id from doc where email = ?1 and deleted = 0 order by number";

    private const string SelectNumber = "select number from doc where id = ?1";

    internal const string SelectReached = "select reached from state";

    private const string SelectKept = "select kept from state";

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
    /// <exception cref="CursorExpiredException">The page's snapshot is no longer kept.</exception>
    public static IReadOnlyList<PartnerCursor> Find(SqliteDatabase search, PartnerQuery query)
    {
        search.Execute("begin");
        try
        {
            return query.Sort == PartnerSort.CreatedAt ? FindInCreationOrder(search, query) : FindInSnapshot(search, query);
        }
        finally
        {
            search.Rollback();
        }
    }

    private static List<PartnerCursor> FindInCreationOrder(SqliteDatabase search, PartnerQuery query)
    {
        var statement = search.Prepare(CreationOrderText(query));
        var start = query.IsDescending ? long.MaxValue : 0;
        using var rows = Bind(statement, query.Filter)
            .Bind(7, query.After is { } after ? NumberOf(search, after.Id) : start).Bind(8, query.Take).Bind(9, query.Skip).Query();
        var found = new List<PartnerCursor>();
        while (rows.Step())
            found.Add(new PartnerCursor(rows.Guid(0)));
        return found;
    }

    /// <summary>In the order of the snapshot in which the list began, whatever was written since.</summary>
    private static List<PartnerCursor> FindInSnapshot(SqliteDatabase search, PartnerQuery query)
    {
        var snapshot = query.After?.Snapshot ?? search.ReadInt64(SelectReached);
        if (snapshot < search.ReadInt64(SelectKept))
            throw new CursorExpiredException();
        var isByName = query.Sort == PartnerSort.Name;
        var statement = search.Prepare(SnapshotText(query));
        Bind(statement, query.Filter).Bind(8, query.Take).Bind(9, query.Skip).Bind(11, snapshot);
        if (query.After is { } after)
        {
            statement.Bind(7, NumberOf(search, after.Id));
            if (isByName)
                statement.Bind(10, after.Name);
            else
                statement.Bind(10, after.UpdatedAt);
        }
        using var rows = statement.Query();
        var found = new List<PartnerCursor>();
        while (rows.Step())
            found.Add(isByName
                ? new PartnerCursor(rows.Guid(0), Name: rows.Text(1), Snapshot: snapshot)
                : new PartnerCursor(rows.Guid(0), UpdatedAt: rows.Timestamp(1), Snapshot: snapshot));
        return found;
    }

    internal static string CountText(PartnerFilter filter) => $"select count(*) from {From(filter)} where {Where(filter)}";

    internal static string CreationOrderText(PartnerQuery query)
    {
        var (comparison, direction) = query.IsDescending ? ("<", "desc") : (">", "asc");
        // Where grams lead, they come in the order of their row numbers, which is creation order.
        var number = LeadsByGrams(query.Filter) ? "gram.rowid" : "doc.number";
        return $"""
            select doc.id from {From(query.Filter)} where {Where(query.Filter)} and {number} {comparison} ?7
            order by {number} {direction} limit ?8 offset ?9
            """;
    }

    internal static string SnapshotText(PartnerQuery query)
    {
        var isByName = query.Sort == PartnerSort.Name;
        var (table, key) = isByName ? ("name_order", "name") : ("update_order", "updated_at");
        var (comparison, direction) = query.IsDescending ? ("<", "desc") : (">", "asc");
        return $"""
            select doc.id, sorted.{key}
            from {table} as sorted cross join doc on doc.number = sorted.number
            where sorted.since <= ?11 and (sorted.until is null or sorted.until > ?11)
              {(query.After is null ? "" : $"and (sorted.{key}, sorted.number) {comparison} (?10, ?7)")}
              {(query.Filter.Q is null ? "" : "and instr(doc.text, ?1) > 0")}
              {(isByName || query.Filter.UpdatedSince is null ? "" : "and sorted.updated_at >= ?5")}
              and {Where(query.Filter with { Q = null, UpdatedSince = isByName ? query.Filter.UpdatedSince : null })}
            order by sorted.{key} {direction}, sorted.number {direction} limit ?8 offset ?9
            """;
    }

    private static long NumberOf(SqliteDatabase search, Guid id)
    {
        using var row = search.Prepare(SelectNumber).Bind(1, id).Query();
        return row.Step() ? row.Int64(0) : throw new CursorExpiredException();
    }

    /// <summary>Whether the search text is long enough to have trigrams.</summary>
    private static bool LeadsByGrams(PartnerFilter filter) =>
        filter is { Q: not null, Email: null, Phone: null } && PartnerRules.CountCodePoints(SearchText.Fold(filter.Q)) >= GramLength;

    private static string From(PartnerFilter filter) => LeadsByGrams(filter) ? "gram cross join doc on doc.number = gram.rowid" : "doc";

    private static string Where(PartnerFilter filter)
    {
        var where = new StringBuilder("true");
        if (LeadsByGrams(filter))
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
