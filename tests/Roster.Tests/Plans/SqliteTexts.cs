using System.Reflection;
using System.Text.RegularExpressions;
using Roster.Partners;
using Roster.Storage.Sqlite;
using Roster.Storage.Sqlite.Search;

namespace Roster.Tests.Plans;

/// <summary>Every SQL statement of the SQLite store and of its search index.</summary>
internal static partial class SqliteTexts
{
    /// <summary>Named by the constant, or by the query that is built.</summary>
    public static IReadOnlyList<(string Name, string Sql)> All { get; } = [.. Constants(), .. Queries().DistinctBy(query => query.Sql)];

    /// <summary>Neither a query nor a write: settings, transactions and maintenance.</summary>
    [GeneratedRegex(@"^\s*(pragma|begin|commit|rollback|savepoint|release|vacuum)\b")]
    public static partial Regex Housekeeping();

    [GeneratedRegex(@"^\s*(with|select|insert|update|delete)\b")]
    private static partial Regex Statement();

    private static List<(string Name, string Sql)> Constants()
    {
        var texts = new List<(string Name, string Sql)>();
        var types = typeof(SqliteStore).Assembly.GetTypes()
            .Where(type => type.Namespace?.StartsWith("Roster.Storage.Sqlite", StringComparison.Ordinal) == true);
        foreach (var field in types.SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)))
            if (field.FieldType == typeof(string) && field.GetValue(null) is string text && Statement().IsMatch(text))
                texts.Add(($"{field.DeclaringType!.Name}.{field.Name}", text));
        // A text that another one begins with is only a part of it and is not run by itself.
        return texts.FindAll(one => !one.Sql.StartsWith("select", StringComparison.Ordinal)
            || !texts.Exists(other => other.Sql.Length > one.Sql.Length && other.Sql.StartsWith(one.Sql, StringComparison.Ordinal)));
    }

    private static IEnumerable<(string Name, string Sql)> Queries()
    {
        PartnerFilter[] filters =
        [
            new(), new(Q: "ab"), new(Q: "abcdef"), new(Email: "a@b.example"), new(Phone: "1"), new(UpdatedSince: new Timestamp(1)),
        ];
        foreach (var deleted in Enum.GetValues<DeletedPartners>())
            foreach (var filter in filters.Select(one => one with { Deleted = deleted }))
            {
                var name = filter.Q is not null ? $"Q{filter.Q.Length}"
                    : filter.Email is not null ? "Email"
                    : filter.Phone is not null ? "Phone"
                    : filter.UpdatedSince is not null ? "Since" : "All";
                if (deleted == DeletedPartners.Only)
                    name += "Deleted";
                yield return ($"Count.{name}", SqliteSearchQuery.CountText(filter));
                foreach (var sort in Enum.GetValues<PartnerSort>())
                    foreach (var isDescending in new[] { false, true })
                        foreach (var after in new[] { null, new PartnerCursor(Guid.NewGuid(), "n", new Timestamp(1)) })
                        {
                            var query = new PartnerQuery(filter, sort, isDescending, 50, 0, after);
                            if (sort == PartnerSort.CreatedAt)
                                yield return ($"InCreationOrder.{name}", SqliteSearchQuery.CreationOrderText(query));
                            else
                                yield return ($"InOrder.{sort}.{name}", SqliteSearchQuery.OrderText(query, leadsByGrams: false));
                            if (sort != PartnerSort.CreatedAt && filter.Q is { Length: >= 3 })
                                yield return ($"Sorted.{name}", SqliteSearchQuery.OrderText(query, leadsByGrams: true));
                        }
            }
    }
}
