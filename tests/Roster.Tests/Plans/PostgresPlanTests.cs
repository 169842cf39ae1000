using System.Text.Json;
using System.Text.RegularExpressions;
using Npgsql;
using Roster.Log;
using Roster.Storage;
using Roster.Storage.Postgres.Connections;
using Roster.Tests.Storage;

namespace Roster.Tests.Plans;

/// <summary>
/// PostgreSQL carries out each statement by an index, and never reads a whole table or workspace. This holds on a new
/// database that was never analyzed, and on a large one, analyzed or not; planned with the values and without.
/// </summary>
public sealed partial class PostgresPlanTests(PostgresPlanTests.Databases databases)
    : IClassFixture<PostgresPlanTests.Databases>, IAsyncDisposable
{
    /// <summary>
    /// Partners of a workspace: so many that an index is far cheaper than the table, as in a large workspace.
    /// </summary>
    private const int Many = 20_000;

    /// <summary>Statements that read more than they find, with the reason.</summary>
    private static readonly Dictionary<string, string> Exceptions = new()
    {
        ["PostgresStore.SelectWorkspaces"] = "lists all workspaces, for commands",
        ["PostgresStore.SelectWorkspaceNames"] = "lists all workspaces, for commands and for the retention's pass every ten minutes",
        ["PostgresCitus.SelectWorkspaces"] = "lists all workspaces, on Citus while a node is away",
        ["PostgresStore.SelectAllKeys"] = "lists all keys, for a command",
        ["PostgresStore.SelectAnyKey"] = "asks for any key, and takes the first",
        ["PostgresStore.SelectHostnames"] =
            "lists the host names of all keys that have some, once a second at most; reads the index of those keys alone",
        ["PostgresRowReader.SelectRest"] = "a mirror reads the partners that its file does not name",
        ["PostgresSearchStep.DeleteTerms"] = "a filling begins: all terms of the workspace are counted anew",
        ["PostgresStore.SelectSessionsOfWorkspace"] =
            "the newest sessions of a workspace, which an index has in order; passes over expired ones, which each sign-in deletes",
        ["PostgresSearchStep.DeleteDayCounts"] = "a log is counted for the first time",
        ["PostgresStore.CountOpenImports"] = "counts the imports of a workspace that have a file or rows, of which there are few",
        ["PostgresStore.SelectOpenImports"] = "lists the imports of a workspace that have a file or rows, of which there are few",
        ["PostgresStore.SelectMappings"] = "lists the mappings of a workspace, of which there are few",
        ["PostgresStore.InsertMapping"] = "counts the mappings of a workspace, of which there are few",
        ["PostgresCheck.SelectLog"] = "a check reads all of a workspace's log",
        ["PostgresCheck.SelectPartners"] = "a check reads all partners of a workspace, and what the index has of them",
        ["PostgresCheck.SelectExtra"] = "a check reads all of an index",
        ["PostgresCheck.CountWrongTerms"] = "a check reads all of an index",
        ["PostgresCheck.SelectDays"] = "a check reads all days",
        ["PostgresSearch.SelectBehind"] = "a server that starts asks which workspaces' indexes are behind",
    };

    /// <summary>
    /// Searches that read more than they find. A text of less than three characters has no trigrams: all partners are
    /// read until the page is full, and so are those that must not have a key. A count of all reads all. Deleted
    /// partners are few: the planner may read them all. Nearly all have an address and a phone: a list of those in its own
    /// order is full at once. Of all workspaces on a node of Citus, PostgreSQL 18 looks up each one, and earlier ones may not.
    /// </summary>
    private static bool IsException(string search) =>
        search.Contains(" short q ", StringComparison.Ordinal) || search.StartsWith("Count all ", StringComparison.Ordinal)
        || search == "PostgresSearch.SelectBehindOf" || search.Contains(" all with ", StringComparison.Ordinal)
        || search.Contains(" only a missing key ", StringComparison.Ordinal) || search.Contains(" Only", StringComparison.Ordinal);

    /// <summary>
    /// Statements that join the rows they change with arrays. They may read a whole workspace where it is small, at no
    /// extra cost.
    /// </summary>
    private static readonly string[] Changes =
    [
        "PostgresRowWriter.UpdatePartners", "PostgresStore.DeletePartners", "PostgresStore.UpdateChanges", "PostgresStore.UpdateClaims",
        "PostgresStore.NoteKeyUse", "PostgresStore.UpdateSessionUse", "PostgresSearchStep.UpdateTerms", "PostgresSearchStep.DeleteUnused",
        "PostgresSearchStep.UpdateDayCounts", "PostgresStore.UpdateChecksums",
    ];

    /// <summary>The length of an array parameter: the most that a batch has.</summary>
    private const int Values = 10_000;

    /// <summary>
    /// Indexes whose key is the workspace alone: of one row for each workspace, or read by statements that need them all.
    /// The last two have only partners that are asked for.
    /// </summary>
    private static readonly string[] OfWorkspaces =
        ["log_end_pkey", "search_state_pkey", "api_key_workspace", "partner_search_no_email", "partner_search_no_phone"];

    private NpgsqlConnection? _connection;
    private string[] _modes = ["force_generic_plan", "force_custom_plan"];

    /// <summary>The columns of each ordered index.</summary>
    private readonly Dictionary<string, string[]> _indexes = [];

    private const string Indexes = """
        select c.relname::text, array_agg(a.attname::text order by a.attnum)
        from pg_class as c join pg_am on pg_am.oid = c.relam join pg_attribute as a on a.attrelid = c.oid
        where c.relkind = 'i' and pg_am.amname = 'btree' and c.relnamespace = 'public'::regnamespace group by c.relname
        """;

    /// <summary>The search queries. They are planned with their values.</summary>
    private static Dictionary<string, PostgresStatement> Searches { get; } =
        PostgresSqlTests.Queries(1).DistinctBy(query => query.Name).ToDictionary(query => query.Name, query => query.Statement);

    /// <summary>The statements on tables, by name, without those that are a part of another one.</summary>
    private static IReadOnlyList<(string Name, string Sql)> Texts { get; } =
    [
        .. PostgresSqlTests.Texts.Where(text => Statement().IsMatch(text.Sql) && Tables().IsMatch(text.Sql)
            // These two are parts of others: the beginning of queries, and what the health check reads.
            && text.Name is not ("PostgresStore.SelectKeys" or "PostgresStore.SelectSessions" or "PostgresStore.Reads")),
    ];

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
    }

    /// <summary>
    /// Without changes of rows, and without searches: the planner expects two rows in an empty workspace and reads it
    /// whole. Nor the look-up of several keys at once, for which it expects a handful of keys in all.
    /// </summary>
    [Fact]
    public async Task A_new_database_is_searched_by_its_indexes()
    {
        await OpenAsync(await databases.NewAsync());
        await AllSearchAsync([.. Changes, "PostgresSearchStep.DeleteNamed", "PostgresStore.SelectKeysByHash", .. Searches.Keys]);
    }

    [Fact]
    public async Task A_large_database_that_was_never_analyzed_is_searched_by_its_indexes()
    {
        await OpenAsync(await databases.FilledAsync(Many));
        // Only the search index is analyzed: the server does that after filling it.
        await RunAsync("vacuum analyze partner_search, search_term");
        await AllSearchAsync();
    }

    [Fact]
    public async Task A_large_database_that_was_analyzed_is_searched_by_its_indexes_and_every_exception_is_needed()
    {
        await OpenAsync(await databases.FilledAsync(Many));
        await RunAsync("vacuum analyze");
        await AllSearchAsync();

        foreach (var name in Exceptions.Keys)
            Assert.True((await FaultsAsync(name, Texts.First(text => text.Name == name).Sql)).Count > 0, $"{name} is no exception");
    }

    /// <summary>
    /// The planner takes a workspace that came after the statistics for an empty one, in which every index is as good. So
    /// writes and the search index are planned without values. Searches are not: their table is analyzed as it grows.
    /// </summary>
    [Fact]
    public async Task A_large_workspace_that_came_after_the_last_analyze_is_written_by_its_indexes()
    {
        await OpenAsync(await databases.LateAsync(Many));
        _modes = ["force_generic_plan"];
        await AllSearchAsync([.. Searches.Keys, "PostgresStore.SelectChangeSets"]);
    }

    [Fact]
    public async Task The_planner_knows_a_workspace_that_has_grown_though_nothing_else_analyzes_its_table()
    {
        const long Another = PostgresSeed.Workspace + 1;
        var database = await databases.FilledAsync(Many);
        await PostgresCluster.RunAsync(database, "vacuum analyze");
        await using var store = await Store.Parse(database).OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None);

        var names = "[" + string.Join(',', Enumerable.Range(0, 4_000).Select(i => $$"""{"name":"n{{i}}"}""")) + "]";
        await store.WriteAsync(Another, Some.Upsert(names), new Origin(PostgresSeed.Key, Guid.NewGuid()), CancellationToken.None);

        await PostgresCluster.UntilAsync(database, $"""
            select exists (select from pg_stats where tablename = 'partner_search' and attname = 'workspace_id'
                and {Another} = any (most_common_vals::text::bigint[]))
            """);
    }

    [Fact]
    public void No_statement_is_overlooked() => Assert.InRange(Texts.Count, 50, int.MaxValue);

    [GeneratedRegex(@"^\s*(select|insert|update|delete)\b")]
    private static partial Regex Statement();

    [GeneratedRegex(@"\b(from|join|into|update)\s+"
        + @"(workspace|api_key|log_end|partner|change_set|idempotency|audit_event|search_state|partner_search|search_term|day_count"
        + @"|import|import_part|import_mapping|import_block|session|console_link)\b")]
    private static partial Regex Tables();

    [GeneratedRegex(@"^\(?\(?workspace_id = [^ ]+?\)*$")]
    private static partial Regex OnlyWorkspace();

    private async Task AllSearchAsync(params string[] but)
    {
        var faults = new List<string>();
        foreach (var (name, sql) in Texts)
            if (!Exceptions.ContainsKey(name) && !IsException(name) && !but.Contains(name))
                faults.AddRange((await FaultsAsync(name, sql)).Select(fault => $"{name}: {fault}"));
        Assert.True(faults.Count == 0, string.Join("\n\n", faults));
    }

    /// <summary>The nodes of a statement's plans that read more than the statement names.</summary>
    private async Task<IReadOnlyList<string>> FaultsAsync(string name, string sql)
    {
        var faults = new List<string>();
        await RunAsync($"prepare statement as {sql}");
        var types = (string[])(await RunAsync("select parameter_types::text[] from pg_prepared_statements where name = 'statement'"))!;
        var arguments = Searches.TryGetValue(name, out var search) ? search.Parameters.Select(Literal) : types.Select(Value);
        var values = types.Length == 0 ? "" : $"({string.Join(", ", arguments)})";
        foreach (var mode in Searches.ContainsKey(name) ? ["force_custom_plan"] : _modes)
        {
            await RunAsync($"set plan_cache_mode = {mode}");
            var plan = (string)(await RunAsync($"explain (format json, costs off) execute statement{values}"))!;
            Look(JsonDocument.Parse(plan).RootElement[0].GetProperty("Plan"), isLimited: false, _indexes,
                fault => faults.Add($"{mode}: {fault}\n{sql}"));
        }
        await RunAsync("deallocate statement");
        return faults;
    }

    /// <param name="isLimited">Whether the node is read only as far as rows are needed.</param>
    private static void Look(
        JsonElement node, bool isLimited, Dictionary<string, string[]> indexes, Action<string> report)
    {
        var type = node.GetProperty("Node Type").GetString()!;
        var condition = Text("Index Cond");
        var index = Text("Index Name");
        if (type == "Seq Scan")
            report($"reads all of {Text("Relation Name")}");
        else if (index.Length > 0 && condition.Length == 0 && !(isLimited && Text("Filter").Length == 0))
            report($"reads all of {index}");
        else if (OnlyWorkspace().IsMatch(condition)
            && !OfWorkspaces.Contains(index) && !(isLimited && Text("Filter") is "" or "(NOT deleted)"))
            report($"reads a workspace's part of {index}: {condition}, and then {Text("Filter")}");
        else if (condition.Length > 0 && indexes.TryGetValue(index, out var columns)
            && columns.SkipWhile(Compares).SkipWhile(column => !Compares(column)).FirstOrDefault() is { } behind)
            report($"reads {index}, where a column before {behind} can have any value: {condition}");
        if (node.TryGetProperty("Plans", out var below))
            foreach (var one in below.EnumerateArray())
                Look(one, type is "Limit" || (isLimited && type is "LockRows" or "Result"), indexes, report);

        bool Compares(string column) => Regex.IsMatch(condition, $@"\b{column}\b");

        string Text(string name) => node.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
    }

    /// <summary>A value of a type: of a row in the middle, or an array as long as a batch.</summary>
    private static string Value(string type, int at) => type switch
    {
        "smallint" => "0",
        "bigint" or "integer" => at == 0 ? "1" : $"{Many / 2}",
        "uuid" => $"'{PostgresSeed.Partner(Many / 2)}'",
        "text" => "'x5'",
        "boolean" => "false",
        "bytea" => "sha256('5'::bytea)",
        "bigint[]" or "integer[]" => $"'{{{string.Join(',', Enumerable.Range(1, Values))}}}'::{type}",
        "uuid[]" => "array['" + string.Join("', '", Enumerable.Range(1, Values).Select(PostgresSeed.Partner)) + "']::uuid[]",
        "text[]" => "array['" + string.Join("', '", Enumerable.Range(1, Values).Select(i => "x" + i)) + "']",
        "bytea[]" => "array[sha256('5'::bytea)]",
        "boolean[]" => "array[false]",
        _ => throw new InvalidOperationException($"There is no value of {type}."),
    };

    private static string Literal(Parameter value) => value.Value switch
    {
        long number => number.ToString(System.Globalization.CultureInfo.InvariantCulture),
        string[] texts => $"array['{string.Join("', '", texts)}']",
        var text => $"'{text}'",
    };

    private async Task OpenAsync(string database)
    {
        _connection = new NpgsqlConnection(PostgresAddress.Parse(database, null, false)!.ConnectionString + ";Pooling=false");
        await _connection.OpenAsync();
        await using var command = new NpgsqlCommand(Indexes, _connection);
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
            _indexes.Add(rows.GetString(0), rows.GetFieldValue<string[]>(1));
    }

    private async Task<object?> RunAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        return await command.ExecuteScalarAsync();
    }

    public sealed class Databases() : PostgresSeededDatabases("autovacuum=off");
}
