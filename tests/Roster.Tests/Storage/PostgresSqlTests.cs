using System.Reflection;
using System.Text.RegularExpressions;
using Roster.Partners;
using Roster.Storage;
using Roster.Storage.Postgres;
using Roster.Storage.Postgres.Connections;
using Roster.Storage.Postgres.Search;
using Roster.Storage.Postgres.Tools;

namespace Roster.Tests.Storage;

/// <summary>
/// Every SQL statement of the PostgreSQL store is in the subset that also runs on Citus, and touches one shard:
/// docs/decisions/0007.
/// </summary>
public sealed partial class PostgresSqlTests
{
    private static readonly string[] WorkspaceTables =
    [
        "log_end", "partner", "change_set", "idempotency", "audit_event", "search_state", "partner_search", "search_term", "day_count",
        "import", "import_part", "import_mapping", "import_block",
    ];

    /// <summary>All SQL texts that are made once, and all queries that are put together, as <c>name, SQL</c>.</summary>
    internal static List<(string Name, string Sql)> Texts
    {
        get
        {
            var texts = new List<(string, string)>();
            var types = typeof(PostgresStore).Assembly.GetTypes()
                .Where(type => type.Namespace?.StartsWith("Roster.Storage.Postgres", StringComparison.Ordinal) == true);
            foreach (var one in types.SelectMany(
                type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)))
            {
                if (one.FieldType == typeof(string) && one.GetValue(null) is string text && Statement().IsMatch(text))
                    texts.Add(($"{one.DeclaringType!.Name}.{one.Name}", text));
                else if (one.FieldType == typeof(PostgresStatement[]))
                    foreach (var statement in (PostgresStatement[])one.GetValue(null)!)
                        texts.Add(($"{one.DeclaringType!.Name}.{one.Name}", statement.Sql));
            }
            foreach (var (name, statement) in Queries(1))
                texts.Add((name, statement.Sql));
            return texts;
        }
    }

    [GeneratedRegex(@"^\s*(select|insert|update|delete|begin|set)\b")]
    private static partial Regex Statement();

    [GeneratedRegex(
        @"\b(merge|copy|temp|temporary|pg_advisory\w*|listen|notify|xmin|ctid|citext|generated|sequence|nextval|serial"
        + @"|interval|now|current_timestamp|random|truncate|lock table)\b|do update",
        RegexOptions.IgnoreCase)]
    private static partial Regex Forbidden();

    [GeneratedRegex(@"\b(?:from|join|into|update)\s+(?<table>[a-z_]+)")]
    private static partial Regex Tables();

    /// <summary>Inserts of rows from arrays alone, or whose workspace is a value and no column.</summary>
    [GeneratedRegex(@"^\s*insert\b.*(\bfrom\s+unnest\b|\)\s*select \$1(?!\d))", RegexOptions.Singleline)]
    private static partial Regex InsertsOfArrays();

    /// <summary>Updates and deletes whose arrays, with thousands of values, are visible to the planner.</summary>
    [GeneratedRegex(@"^\s*(update|delete)\b.*(unnest\(|, )\$\d+::\w+\[\]", RegexOptions.Singleline)]
    private static partial Regex ChangesOfArraysThatAreSeen();

    [Fact]
    public void Statements_keep_to_the_subset() => Assert.All(
        Texts, one => Assert.False(Forbidden().IsMatch(one.Sql), $"{one.Name} uses {Forbidden().Match(one.Sql).Value}: {one.Sql}"));

    /// <summary>Citus would collect such rows on its coordinator and commit them in two phases.</summary>
    [Fact]
    public void What_is_inserted_is_selected_from_the_workspaces_log_and_not_from_arrays_alone() => Assert.All(
        Texts, one => Assert.False(InsertsOfArrays().IsMatch(one.Sql), $"{one.Name}: {one.Sql}"));

    [Fact]
    public void The_planner_does_not_see_the_arrays_of_changes() => Assert.All(
        Texts, one => Assert.False(ChangesOfArraysThatAreSeen().IsMatch(one.Sql), $"{one.Name}: {one.Sql}"));

    /// <summary>
    /// Planner settings reach the Citus nodes that do the work only where a transaction begins. There is one, which is not
    /// needed where tables are analyzed often enough.
    /// </summary>
    [Fact]
    public void No_statement_but_the_beginning_of_a_transaction_tells_the_planner_what_to_do() => Assert.All(
        Texts.Where(one => one.Sql is not ("set local plan_cache_mode = force_generic_plan" or "set local plan_cache_mode to default")),
        one => Assert.False(PlannerSettings().IsMatch(one.Sql), $"{one.Name}: {one.Sql}"));

    [GeneratedRegex(@"plan_cache_mode|\benable_\w+|join_collapse_limit|from_collapse_limit|\w+_cost\b")]
    private static partial Regex PlannerSettings();

    [Fact]
    public void Statements_on_a_workspaces_data_name_the_workspace_for_each_table() => Assert.All(Texts, one =>
    {
        var tables = Tables().Matches(one.Sql).Count(match => WorkspaceTables.Contains(match.Groups["table"].Value));
        // An insert names the workspace by its first value.
        var named = Regex.Count(one.Sql, @"\bworkspace_id = \$1(?!\d)|values \(\$1,|select \$1,|select [es]\.workspace_id,");
        var joined = Regex.Count(one.Sql, @"workspace_id = \w+\.workspace_id");

        // These ask for all workspaces.
        Assert.True(
            one.Sql is PostgresStore.SelectWorkspaces or PostgresSearch.SelectBehind or PostgresSearch.SelectBehindOf
                or PostgresStore.SelectDueImports or PostgresStore.SelectDueImportsOf
            || tables == 0 || (named > 0 && named + joined >= tables),
            $"{one.Name} has {tables} tables of a workspace and names it {named} times: {one.Sql}");
    });

    [Fact]
    public void No_statement_is_overlooked() => Assert.True(Texts.Select(one => one.Sql).Distinct().Count() > 100);

    /// <summary>The other SQL is the schema: keys and indexes of a workspace's data begin with the workspace.</summary>
    [Fact]
    public void Keys_and_indexes_of_a_workspaces_data_begin_with_the_workspace()
    {
        foreach (var migration in PostgresMigrations.All.Known)
        {
            var sql = SqlText.Read("postgres/migrations/" + migration);
            foreach (Match table in Regex.Matches(sql, @"create table (?<name>\w+) \((?<body>.*?)\n\);", RegexOptions.Singleline))
                if (WorkspaceTables.Contains(table.Groups["name"].Value))
                    Assert.Matches(@"primary key \(workspace_id\b|workspace_id bigint not null primary key", table.Groups["body"].Value);
            foreach (Match index in Regex.Matches(sql, @"create index \w+ on (?<table>\w+) (using gin )?\((?<first>\w+)"))
                // Servers look for what is due in all workspaces.
                if (WorkspaceTables.Contains(index.Groups["table"].Value) && !index.Value.Contains("import_due", StringComparison.Ordinal))
                    Assert.Equal("workspace_id", index.Groups["first"].Value);
            Assert.DoesNotMatch(Forbidden(), sql);
        }
    }

    /// <summary>The search queries, each named by its filter and its order.</summary>
    internal static IEnumerable<(string Name, PostgresStatement Statement)> Queries(long workspace)
    {
        var filters = new Dictionary<string, PartnerFilter>
        {
            ["all"] = new(),
            ["short q"] = new(Q: "ab"),
            ["q"] = new(Q: "n1234"),
            ["email"] = new(Email: "a5@b.example"),
            ["phone"] = new(Phone: "05"),
            ["tag"] = new(Tags: ["t50"]),
            ["tags"] = new(Tags: ["t50", "all"]),
            ["metadata"] = new(Metadata: [new("number", "123")]),
            ["key"] = new(Metadata: [new("k50", null)]),
            ["tag and missing key"] = new(Tags: ["t50"], Metadata: [new("k50", null, IsThere: false)]),
            ["tag and metadata"] = new(Tags: ["all"], Metadata: [new("number", "123"), new("all", "1")]),
            ["only a missing key"] = new(Metadata: [new("k50", null, IsThere: false)]),
            ["all with email"] = new(HasEmail: true),
            ["all without email"] = new(HasEmail: false),
            ["all with phone"] = new(HasPhone: true),
            ["all without phone"] = new(HasPhone: false),
            ["tag and no email"] = new(Tags: ["t50"], HasEmail: false),
            ["q and phone"] = new(Q: "n1234", HasPhone: true),
            ["updatedSince"] = new(UpdatedSince: new Timestamp(long.MaxValue / 2)),
        };
        foreach (var (name, filter) in filters)
            foreach (var deleted in Enum.GetValues<DeletedPartners>())
            {
                yield return ($"Count {name} {deleted}", PostgresSearchQuery.Count(workspace, filter with { Deleted = deleted }));
                foreach (var sort in Enum.GetValues<PartnerSort>())
                    foreach (var after in new[] { null, new PartnerCursor(Guid.NewGuid(), "n", new Timestamp(1)) })
                        yield return ($"{sort} {name} {deleted}{(after is null ? "" : " after")}", PostgresSearchQuery.Page(
                            workspace, new PartnerQuery(filter with { Deleted = deleted }, sort, after is null, 50, 0, after)));
            }
    }
}
