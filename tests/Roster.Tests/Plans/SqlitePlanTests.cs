using System.Text.RegularExpressions;
using Roster.Storage;
using Roster.Storage.Sqlite;

namespace Roster.Tests.Plans;

/// <summary>
/// How SQLite carries out each statement: by searching an index, never by reading a table or a whole workspace. Without statistics, as
/// operators have it, the plan does not depend on what is stored.
/// </summary>
public sealed partial class SqlitePlanTests : IAsyncLifetime, IDisposable
{
    /// <summary>Texts that read more than they find, and why that must be so.</summary>
    private static readonly (string Name, string Reason)[] Exceptions =
    [
        ("SqliteMigrations.SelectJournal", "the schema's own list of tables, once at the start"),
        ("SqliteMigrations.SelectApplied", "a row for each migration, once at the start"),
        ("SqliteStore.SelectWorkspaces", "lists all workspaces, for commands and for the retention's pass every ten minutes"),
        ("SqliteStore.SelectAllKeys", "lists all keys, for a command"),
        ("SqliteStore.SelectLive", "a mirror reads the partners that its file does not name"),
        ("SqliteStore.SelectKeysOfWorkspace", "lists the keys of a workspace"),
        ("SqliteStore.SelectAudit", "the newest events of a workspace, which the index has in order"),
        ("SqliteStore.InsertWorkspace", "whether API keys refer to the workspace that it would replace, which it never does"),
        ("SqliteSearchIndex.InsertNames", "fills an index that is made anew"),
        ("SqliteSearchIndex.InsertUpdates", "fills an index that is made anew"),
        ("SqliteStore.CountTables", "the schema's own list of tables, once at the start"),
        ("SqliteSearchIndex.CountStates", "a table of one row"),
        ("SqliteSearchIndex.SelectState", "a table of one row"),
        ("SqliteSearchIndex.UpdateState", "a table of one row"),
        ("SqliteSearchIndex.SetKept", "a table of one row"),
        ("SqliteSearchIndex.KeepFrom", "a table of one row"),
        ("SqliteSearchQuery.SelectReached", "a table of one row"),
        ("SqliteSearchQuery.SelectKept", "a table of one row"),
        ("Count.*", "counts what a filter finds, and nothing keeps that number"),
        ("InCreationOrder.Q6*", "SQLite calls reading the trigrams' index a scan of the virtual table; its plan names the index"),
        ("InSnapshot.*", "in the order of the table from the cursor to the end of the page; those that a filter leaves out are read, too"),
    ];

    private readonly TempFolder _folder = new();
    private SqliteDatabase _main = null!;
    private SqliteDatabase _search = null!;

    public async ValueTask InitializeAsync()
    {
        var file = _folder.File("roster.db");
        await Store.Parse("sqlite:" + file).MigrateAsync(CancellationToken.None);
        _main = SqliteDatabase.Open(file);
        _search = SqliteDatabase.Open(_folder.File("search.db"), creates: true);
        foreach (var statement in SqlText.Statements("sqlite/search/index.sql"))
            _search.Execute(statement);
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    public void Dispose()
    {
        _main.Dispose();
        _search.Dispose();
        _folder.Dispose();
    }

    [GeneratedRegex(@"^SCAN (?!\d+ CONSTANT ROW|CONSTANT ROW|\d+-ROW VALUES|sought$|named$|gram VIRTUAL TABLE INDEX 0:=$)")]
    private static partial Regex Scan();

    /// <summary>A search by nothing but the first part of the key.</summary>
    [GeneratedRegex(@"^SEARCH .*\(workspace_id=\?\)")]
    private static partial Regex WholeWorkspace();

    [Fact]
    public void No_statement_reads_a_table_or_a_workspace_where_it_names_what_it_wants() => Assert.All(
        SqliteTexts.All.Where(text => !Exceptions.Any(exception => IsOf(exception, text.Name))),
        text => Assert.DoesNotContain(PlanOf(text.Sql), step => Scan().IsMatch(step) || WholeWorkspace().IsMatch(step)));

    [Fact]
    public void Every_exception_is_needed() => Assert.All(
        Exceptions,
        exception => Assert.Contains(
            SqliteTexts.All.Where(text => IsOf(exception, text.Name)).SelectMany(text => PlanOf(text.Sql)),
            step => Scan().IsMatch(step) || WholeWorkspace().IsMatch(step)));

    [Fact]
    public void No_list_is_sorted_that_an_index_has_in_order() => Assert.All(
        SqliteTexts.All.Where(text => !text.Name.StartsWith("SqliteSearchIndex.Insert", StringComparison.Ordinal) && text.Sql.Contains("limit", StringComparison.Ordinal)),
        text => Assert.DoesNotContain(PlanOf(text.Sql), step => step.Contains("TEMP B-TREE", StringComparison.Ordinal)));

    [Fact]
    public void No_statement_is_overlooked() => Assert.InRange(SqliteTexts.All.Count, 100, int.MaxValue);

    private static bool IsOf((string Name, string Reason) exception, string name) => exception.Name.EndsWith('*')
        ? name.StartsWith(exception.Name[..^1], StringComparison.Ordinal) : name == exception.Name;

    private List<string> PlanOf(string sql)
    {
        // The index of a workspace has no table of the directory's.
        var database = Regex.IsMatch(sql, @"\b(doc|gram|pass|state|name_order|update_order)\b") ? _search : _main;
        var steps = new List<string>();
        using var rows = database.Prepare("explain query plan " + sql).Query();
        while (rows.Step())
            steps.Add(rows.Text(3));
        return steps;
    }
}
