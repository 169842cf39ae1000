using Roster.Changes;

namespace Roster.Storage.Postgres.Search;

/// <summary>The parameters of a query that is put together from constant pieces: whatever callers send is one of them.</summary>
internal sealed class PostgresQuery(long workspaceId)
{
    private readonly List<Parameter> _parameters = [workspaceId];

    /// <returns>The value's place in the query: <c>$2</c> and so on; <c>$1</c> is the workspace.</returns>
    public string Put(Parameter value)
    {
        _parameters.Add(value);
        return $"${_parameters.Count}";
    }

    /// <summary>The conditions of a filter on <c>search_doc as d</c>, each after an <c>and</c>.</summary>
    public string And(PartnerFilter filter)
    {
        var conditions = new List<string>();
        if (filter.Q is { } q)
            conditions.Add($" and strpos(d.text, {Put(SearchText.Fold(q))}) > 0");
        if (filter.Email is { } email)
            conditions.Add($" and d.email = {Put(Upsert.FoldEmail(email))}");
        if (filter.Phone is { } phone)
            conditions.Add($" and d.phone = {Put(SearchText.Digits(phone))}");
        if (filter.UpdatedSince is { } since)
            conditions.Add($" and d.updated_at >= {Put(since)}");
        if (filter.Deleted != DeletedPartners.With)
            conditions.Add(filter.Deleted == DeletedPartners.Only ? " and d.deleted" : " and not d.deleted");
        return string.Concat(conditions);
    }

    public PostgresStatement Statement(string sql) => new(sql, [.. _parameters]);
}
