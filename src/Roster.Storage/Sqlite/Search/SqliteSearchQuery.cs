using System.Globalization;
using System.Text;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite.Search;

/// <summary>
/// Queries of a search index. They are put together from the constant pieces here; what callers send goes in as parameters.
/// </summary>
internal static class SqliteSearchQuery
{
    private const int GramLength = 3;

    /// <summary>Few partners have four of them by chance.</summary>
    private const int MaxGrams = 4;

    /// <summary>
    /// Up to so many partners with a text or a term are found and sorted. If there are more, the list is read in its order: one of them
    /// comes soon.
    /// </summary>
    private const int MaxSorted = 10_000;

    /// <summary>Where one of so many partners is wanted, a page of a list in its order is found at once.</summary>
    private const int Often = 10;

    /// <summary>Conditions by tags and metadata that a text has room for, so that the number of different texts has a bound.</summary>
    private const int TermSlots = 2 * PartnerFilter.MaxTerms;

    private const int FirstTermSlot = 14;

    private const string SelectIdsWithEmail = "select id from doc where email = ?1 and deleted = 0 order by number";

    private const string SelectLastNumber = "select number from doc where id <= ?1 order by id desc limit 1";

    private const string SelectFirstNumber = "select number from doc where id >= ?1 order by id limit 1";

    private const string CountGrams = "select count(*) from (select 1 from gram where gram match ?1 limit ?2)";

    private const string CountTerm = "select count(*) from (select 1 from term where kind = ?1 and term = ?2 limit ?3)";

    private const string SelectTerms = "select term, shown, live from term_count where kind = ?1 and term > ?2 order by term limit ?3";

    /// <summary>Of the kind <see cref="SearchTerm.Presence"/>.</summary>
    private const string SelectPresence = "select term, live, total from term_count where kind = 3";

    internal const string SelectReached = "select reached from state";

    /// <summary>The first live partners with an address, without the excepted ones.</summary>
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

    /// <summary>The tags or keys of metadata behind one, in order, with how many partners have them.</summary>
    public static IReadOnlyList<TermCount> Terms(SqliteDatabase search, TermKind kind, string? after, int take)
    {
        var terms = new List<TermCount>();
        using var rows = search.Prepare(SelectTerms).Bind(1, (int)kind).Bind(2, after ?? "").Bind(3, take).Query();
        while (rows.Step())
            terms.Add(new TermCount(rows.Text(0), rows.Text(1), rows.Int64(2)));
        return terms;
    }

    /// <summary>The numbers of a workspace, all as of one revision.</summary>
    /// <param name="fromDay">The first day that is wanted.</param>
    public static Statistics Statistics(SqliteDatabase search, int fromDay) => SqliteReaders.ReadTogether(
        search,
        snapshot => new Statistics(
            snapshot.ReadInt64(SelectReached), Presence(snapshot).Numbers, SqliteSearchIndex.ReadDayCounts(snapshot, fromDay)));

    public static long Count(SqliteDatabase search, PartnerFilter filter)
    {
        if (PresenceCounts.Has(filter))
            return Presence(search).Count(filter);
        var plan = PlanOf(search, filter);
        return CountOf(Bind(search.Prepare(CountText(filter, plan.Lead)), filter, plan));
    }

    /// <summary>The page's partners as cursors, in order: at most as many as it takes.</summary>
    public static IReadOnlyList<PartnerCursor> Find(SqliteDatabase search, PartnerQuery query) =>
        query.Sort == PartnerSort.CreatedAt ? FindInCreationOrder(search, query) : FindInOrder(search, query);

    private static List<PartnerCursor> FindInCreationOrder(SqliteDatabase search, PartnerQuery query)
    {
        var plan = PlanOf(search, query.Filter);
        var from = NumberBefore(search, query);
        using var rows = Bind(search.Prepare(CreationOrderText(query, plan.Lead)), query.Filter, plan)
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
        var plan = PlanOf(search, query.Filter, isSorted: true);
        var statement = Bind(search.Prepare(OrderText(query, plan.Lead)), query.Filter, plan).Bind(8, query.Take).Bind(9, query.Skip);
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

    internal static string CountText(PartnerFilter filter, Lead lead) =>
        $"select count(*) from {From(lead)} where {Where(filter, lead)}";

    internal static string CreationOrderText(PartnerQuery query, Lead lead)
    {
        var (comparison, direction) = Direction(query);
        // Partners come from the leading table in the order of their numbers, which is creation order.
        var number = lead switch
        {
            Lead.Grams => "gram.rowid",
            Lead.Term => "term.number",
            _ => "doc.number",
        };
        return $"""
            select doc.id from {From(lead)} where {Where(query.Filter, lead)} and {number} {comparison} ?7
            order by {number} {direction} limit ?8 offset ?9
            """;
    }

    /// <param name="lead">Where not <see cref="Lead.Partners"/>, what it finds is sorted; otherwise the list's order is read.</param>
    internal static string OrderText(PartnerQuery query, Lead lead)
    {
        var isByName = query.Sort == PartnerSort.Name;
        var (comparison, direction) = Direction(query);
        var (key, values, order) = isByName
            ? ("doc.sort_name, doc.name", "?10, ?11", $"doc.sort_name {direction}, doc.name {direction}")
            : ("doc.updated_at", "?10", $"doc.updated_at {direction}");
        var after = query.After is null ? "" : $"and ({key}, doc.id) {comparison} ({values}, ?7)";
        // In a list by name, the plus keeps SQLite from using the index by update. In an ascending list by update, all behind a cursor is
        // late enough, and the index is searched by the cursor.
        var since = query.Filter.UpdatedSince is null || (!isByName && !query.IsDescending && query.After is not null)
            ? "" : $"and {(isByName ? "+" : "")}doc.updated_at >= ?5";
        return $"""
            select doc.id, {(isByName ? "doc.name" : "doc.updated_at")} from {From(lead)}
            where {Where(query.Filter with { UpdatedSince = null }, lead)} {since} {after}
            order by {order}, doc.id {direction} limit ?8 offset ?9
            """;
    }

    private static (string Comparison, string Direction) Direction(PartnerQuery query) => query.IsDescending ? ("<", "desc") : (">", "asc");

    /// <summary>The number that a page begins behind: that of its cursor's partner, or the one before it if that was erased.</summary>
    private static long NumberBefore(SqliteDatabase search, PartnerQuery query)
    {
        var start = query.IsDescending ? long.MaxValue : 0;
        if (query.After is not { } after)
            return start;
        using var row = search.Prepare(query.IsDescending ? SelectFirstNumber : SelectLastNumber).Bind(1, after.Id).Query();
        return row.Step() ? row.Int64(0) : start;
    }

    /// <summary>
    /// Chooses what leads: of the trigrams and the wanted terms, the one that the fewest partners have, counted up to
    /// <see cref="MaxSorted"/>. In a list that must be sorted, none leads if all have more.
    /// </summary>
    /// <param name="isSorted">Whether the list has another order than creation.</param>
    private static Plan PlanOf(SqliteDatabase search, PartnerFilter filter, bool isSorted = false)
    {
        var (wanted, unwanted) = SearchTerm.Of(filter);
        // An address or a phone has an index of its own, and finds few.
        var canLead = filter is { Email: null, Phone: null };
        var hasGrams = canLead && HasGrams(filter);
        var presences = PresencesOf(filter);
        var lead = hasGrams ? Lead.Grams : canLead && wanted.Count > 0 ? Lead.Term : presences is [var first, ..] ? first : Lead.Partners;
        var few = 0L;
        if (lead != Lead.Partners && (isSorted || wanted.Count + presences.Count + (hasGrams ? 1 : 0) > 1))
        {
            few = hasGrams
                ? CountOf(search.Prepare(CountGrams).Bind(1, Grams(SearchText.Fold(filter.Q!))).Bind(2, MaxSorted + 1)) : long.MaxValue;
            for (var i = 0; i < wanted.Count; i++)
            {
                var count = CountOf(search.Prepare(CountTerm).Bind(1, wanted[i].Kind).Bind(2, wanted[i].Text).Bind(3, MaxSorted + 1));
                if (count >= few)
                    continue;
                (few, lead) = (count, Lead.Term);
                (wanted[0], wanted[i]) = (wanted[i], wanted[0]);
            }
            foreach (var (presence, count) in Totals(search, presences, isSorted))
                if (count < few)
                    (few, lead) = (count, presence);
        }
        return new Plan(isSorted && few > MaxSorted ? Lead.Partners : lead, wanted, unwanted);
    }

    /// <summary>
    /// What can lead a filter by whether partners have an address or a phone. Where only deleted partners are wanted, they lead: they are
    /// few.
    /// </summary>
    internal static List<Lead> PresencesOf(PartnerFilter filter)
    {
        var leads = new List<Lead>();
        if (filter is not { Email: null, Phone: null, Deleted: not DeletedPartners.Only })
            return leads;
        if (filter.HasEmail is { } hasEmail)
            leads.Add(hasEmail ? Lead.WithEmail : Lead.WithoutEmail);
        if (filter.HasPhone is { } hasPhone)
            leads.Add(hasPhone ? Lead.WithPhone : Lead.WithoutPhone);
        return leads;
    }

    /// <summary>How many partners each has; without those that so many have that a list in its own order soon finds some.</summary>
    private static IEnumerable<(Lead Presence, long Total)> Totals(SqliteDatabase search, List<Lead> presences, bool isSorted)
    {
        if (presences.Count == 0)
            yield break;
        var counts = Presence(search);
        foreach (var presence in presences)
        {
            var total = counts.Total(
                presence is Lead.WithEmail or Lead.WithoutEmail ? SearchTerm.Email : SearchTerm.Phone,
                isThere: presence is Lead.WithEmail or Lead.WithPhone);
            if (!isSorted || total * Often < counts.Total(SearchTerm.Partner, isThere: true))
                yield return (presence, total);
        }
    }

    private static PresenceCounts Presence(SqliteDatabase search)
    {
        var counts = new PresenceCounts();
        using var rows = search.Prepare(SelectPresence).Query();
        while (rows.Step())
            counts.Add(rows.Text(0), rows.Int64(1), rows.Int64(2));
        return counts;
    }

    private static long CountOf(SqliteStatement statement)
    {
        using var row = statement.Query();
        row.Step();
        return row.Int64(0);
    }

    /// <summary>Whether the search text is long enough to have trigrams.</summary>
    private static bool HasGrams(PartnerFilter filter) =>
        filter.Q is not null && PartnerRules.CountCodePoints(SearchText.Fold(filter.Q)) >= GramLength;

    private static string From(Lead lead) => lead switch
    {
        Lead.Grams => "gram cross join doc on doc.number = gram.rowid",
        Lead.Term => "term cross join doc on doc.number = term.number",
        Lead.WithEmail => "doc indexed by doc_with_email",
        Lead.WithoutEmail => "doc indexed by doc_without_email",
        Lead.WithPhone => "doc indexed by doc_with_phone",
        Lead.WithoutPhone => "doc indexed by doc_without_phone",
        _ => "doc",
    };

    private static string Where(PartnerFilter filter, Lead lead)
    {
        var where = new StringBuilder("true");
        if (lead == Lead.Grams)
            where.Append(" and gram match ?2");
        if (lead == Lead.Term)
            where.Append(" and term.kind = ?12 and term.term = ?13");
        if (filter.Q is not null)
            where.Append(" and instr(doc.text, ?1) > 0");
        if (filter.Email is not null)
            where.Append(" and doc.email = ?3");
        if (filter.Phone is not null)
            where.Append(" and doc.phone = ?4");
        if (filter.HasEmail is { } hasEmail)
            where.Append(hasEmail ? " and doc.email is not null" : " and doc.email is null");
        if (filter.HasPhone is { } hasPhone)
            where.Append(hasPhone ? " and doc.phone is not null" : " and doc.phone is null");
        if (filter.UpdatedSince is not null)
            where.Append(" and doc.updated_at >= ?5");
        if (filter.Deleted != DeletedPartners.With)
            where.Append(CultureInfo.InvariantCulture, $" and doc.deleted = {(filter.Deleted == DeletedPartners.Only ? 1 : 0)}");
        if (HasTermSlots(filter, lead))
            for (var i = 0; i < TermSlots; i++)
            {
                // A slot that is not needed has no kind.
                var at = FirstTermSlot + (3 * i);
                where.Append(CultureInfo.InvariantCulture, $"""
                     and (?{at} is null or ?{at + 2} = exists (
                        select 1 from term as other where other.kind = ?{at} and other.term = ?{at + 1} and other.number = doc.number))
                    """);
            }
        return where.ToString();
    }

    /// <summary>Whether terms are left to check when the lead has found a partner.</summary>
    private static bool HasTermSlots(PartnerFilter filter, Lead lead) =>
        (filter.Tags?.Count ?? 0) + (filter.Metadata?.Count ?? 0) > (lead == Lead.Term ? 1 : 0);

    private static SqliteStatement Bind(SqliteStatement statement, PartnerFilter filter, Plan plan)
    {
        if (filter.Q is { } q)
        {
            var folded = SearchText.Fold(q);
            statement.Bind(1, folded);
            if (plan.Lead == Lead.Grams)
                statement.Bind(2, Grams(folded));
        }
        if (filter.Email is { } email)
            statement.Bind(3, Upsert.FoldEmail(email));
        if (filter.Phone is { } phone)
            statement.Bind(4, SearchText.Digits(phone));
        if (filter.UpdatedSince is { } since)
            statement.Bind(5, since);
        if (plan.Lead == Lead.Term)
            statement.Bind(12, plan.Wanted[0].Kind).Bind(13, plan.Wanted[0].Text);
        if (!HasTermSlots(filter, plan.Lead))
            return statement;
        var at = FirstTermSlot;
        var others = plan.Wanted.Skip(plan.Lead == Lead.Term ? 1 : 0).Select(term => (Term: term, IsThere: true))
            .Concat(plan.Unwanted.Select(term => (Term: term, IsThere: false)));
        foreach (var (term, isThere) in others)
        {
            statement.Bind(at, term.Kind).Bind(at + 1, term.Text).Bind(at + 2, isThere ? 1 : 0);
            at += 3;
        }
        // The last run's values would stay.
        for (; at < FirstTermSlot + (3 * TermSlots); at += 3)
            statement.Bind(at, null as long?);
        return statement;
    }

    /// <summary>
    /// Trigrams that cover the text, in FTS5's query syntax: <c>"abc" AND "def"</c>. Each one costs reading its whole list. What they find
    /// is checked in the text.
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

    /// <summary>The table that a query reads first; the partners that it gives are checked for the rest of the filter.</summary>
    internal enum Lead
    {
        /// <summary>All partners in the list's order, or those with an address or a phone.</summary>
        Partners,

        /// <summary>Those that have the trigrams of the search text.</summary>
        Grams,

        /// <summary>Those that have a tag, a key or a value of the filter.</summary>
        Term,

        WithEmail,
        WithoutEmail,
        WithPhone,
        WithoutPhone,
    }

    /// <param name="Wanted">Terms that partners must have; the first is the one that leads, where one does.</param>
    /// <param name="Unwanted">Terms that they must not have.</param>
    private sealed record Plan(Lead Lead, List<SearchTerm> Wanted, List<SearchTerm> Unwanted);
}
