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
    [GeneratedRegex(@"^\s*(pragma|begin|commit|rollback|savepoint|release|vacuum|create table if not exists)\b")]
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
            new(Tags: ["a"]), new(Tags: ["a"], UpdatedSince: new Timestamp(1)), new(Q: "abcdef", Tags: ["a"]),
            new(HasEmail: true), new(HasEmail: false), new(HasPhone: true), new(HasPhone: false),
            new(HasEmail: false, HasPhone: true, Tags: ["a"]), new(Q: "abcdef", HasEmail: true), new(Email: "a@b.example", HasPhone: false),
            new(Email: "a@b.example", Tags: ["a"]), new(Tags: ["a"], Metadata: [new("b", "c"), new("d", null, IsThere: false)]),
        ];
        foreach (var deleted in Enum.GetValues<DeletedPartners>())
            foreach (var filter in filters.Select(one => one with { Deleted = deleted }))
            {
                var name = filter.Q is not null ? $"Q{filter.Q.Length}"
                    : filter.Email is not null ? "Email"
                    : filter.Phone is not null ? "Phone"
                    : filter is { Tags: null } and ({ HasEmail: not null } or { HasPhone: not null }) ? "Presence"
                    : filter.UpdatedSince is not null ? "Since"
                    : filter.Tags is not null ? "Terms" : "All";
                if (deleted == DeletedPartners.Only)
                    name += "Deleted";
                foreach (var lead in Leads(filter))
                {
                    var leader = lead == SqliteSearchQuery.Lead.Partners ? "" : $"By{lead}.";
                    yield return ($"Count.{leader}{name}", SqliteSearchQuery.CountText(filter, lead));
                    foreach (var sort in Enum.GetValues<PartnerSort>())
                        foreach (var isDescending in new[] { false, true })
                            foreach (var after in new[] { null, new PartnerCursor(Guid.NewGuid(), "n", new Timestamp(1)) })
                            {
                                var query = new PartnerQuery(filter, sort, isDescending, 50, 0, after);
                                if (sort == PartnerSort.CreatedAt)
                                    yield return ($"InCreationOrder.{leader}{name}", SqliteSearchQuery.CreationOrderText(query, lead));
                                else
                                    yield return (
                                        leader == "" ? $"InOrder.{sort}.{name}" : $"Sorted.{leader}{name}",
                                        SqliteSearchQuery.OrderText(query, lead));
                            }
                }
            }
    }

    /// <summary>The tables that can lead a query.</summary>
    private static IEnumerable<SqliteSearchQuery.Lead> Leads(PartnerFilter filter)
    {
        yield return SqliteSearchQuery.Lead.Partners;
        if (filter.Q is { Length: >= 3 })
            yield return SqliteSearchQuery.Lead.Grams;
        if (filter is { Tags: not null, Email: null })
            yield return SqliteSearchQuery.Lead.Term;
        foreach (var lead in SqliteSearchQuery.PresencesOf(filter))
            yield return lead;
    }
}
