using Roster.Changes;
using Roster.Partners;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres.Search;

/// <summary>
/// Queries of partner_search. They are put together from the constant pieces here; what callers send goes in as parameters.
/// </summary>
internal sealed class PostgresSearchQuery
{
    private readonly List<Parameter> _parameters;

    private PostgresSearchQuery(long workspaceId) => _parameters = [workspaceId];

    public static PostgresStatement Count(long workspaceId, PartnerFilter filter)
    {
        var query = new PostgresSearchQuery(workspaceId);
        return query.Statement($"select count(*) from partner_search where workspace_id = $1{query.And(filter)}");
    }

    /// <summary>The page's partners, in order: at most as many as it takes. Columns: id, name, update time.</summary>
    public static PostgresStatement Page(long workspaceId, PartnerQuery list)
    {
        var query = new PostgresSearchQuery(workspaceId);
        string[] order = list.Sort switch
        {
            PartnerSort.Name => ["sort_name", "name", "id"],
            PartnerSort.UpdatedAt => ["updated_at", "id"],
            _ => ["id"],
        };
        var (comparison, direction) = list.IsDescending ? ("<", " desc") : (">", "");
        var after = list.After is { } last
            ? $" and ({string.Join(", ", order)}) {comparison} "
                + $"({string.Join(", ", order.Select(column => query.Put(Position(last, column))))})"
            : "";
        return query.Statement($"""
            select id, name, updated_at from partner_search where workspace_id = $1{query.And(list.Filter)}{after}
            order by {string.Join(", ", order.Select(column => column + direction))}
            limit {query.Put((long)list.Take)} offset {query.Put((long)list.Skip)}
            """);
    }

    private static Parameter Position(PartnerCursor last, string column) => column switch
    {
        "sort_name" => SearchText.SortName(last.Name!),
        "name" => last.Name,
        "updated_at" => last.UpdatedAt,
        _ => last.Id,
    };

    /// <summary>The conditions of a filter, each after an <c>and</c>.</summary>
    private string And(PartnerFilter filter)
    {
        var conditions = new List<string>();
        if (filter.Q is { } q)
            conditions.Add($" and text like {Put(Containing(SearchText.Fold(q)))}");
        if (filter.Email is { } email)
            conditions.Add($" and email = {Put(Upsert.FoldEmail(email))}");
        if (filter.Phone is { } phone)
            conditions.Add($" and phone = {Put(SearchText.Digits(phone))}");
        if (filter.HasEmail is { } hasEmail)
            conditions.Add(hasEmail ? " and email is not null" : " and email is null");
        if (filter.HasPhone is { } hasPhone)
            conditions.Add(hasPhone ? " and phone is not null" : " and phone is null");
        if (filter.UpdatedSince is { } since)
            conditions.Add($" and updated_at >= {Put(since)}");
        var (wanted, unwanted) = SearchTerm.Of(filter);
        if (wanted.Count > 0)
            conditions.Add($" and terms @> {Put(Parameter.Json(SearchTerm.ToJson(wanted)))}");
        foreach (var term in unwanted)
            conditions.Add($" and (terms is null or not terms @> {Put(Parameter.Json(SearchTerm.ToJson([term])))})");
        if (filter.Deleted != DeletedPartners.With)
            conditions.Add(filter.Deleted == DeletedPartners.Only ? " and deleted" : " and not deleted");
        return string.Concat(conditions);
    }

    /// <summary>The pattern of <c>like</c> for a text that contains another.</summary>
    private static string Containing(string part) =>
        "%" + part.Replace(@"\", @"\\", StringComparison.Ordinal)
            .Replace("%", @"\%", StringComparison.Ordinal).Replace("_", @"\_", StringComparison.Ordinal) + "%";

    /// <returns>The value's place in the query: <c>$2</c> and so on; <c>$1</c> is the workspace.</returns>
    private string Put(Parameter value)
    {
        _parameters.Add(value);
        return $"${_parameters.Count}";
    }

    private PostgresStatement Statement(string sql) => new(sql, [.. _parameters]);
}
