using System.Text.RegularExpressions;
using Roster.Storage;
using Roster.Storage.Sqlite;
using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Tools;

namespace Roster.Tests.Plans;

/// <summary>
/// SQLite carries out each statement by searching an index, and never reads a whole table or workspace. Without
/// statistics, as for operators, the plan does not depend on what is stored.
/// </summary>
public sealed partial class SqlitePlanTests : IAsyncLifetime, IDisposable
{
    /// <summary>Statements that read more than they find, with the reason.</summary>
    private static readonly (string Name, string Reason)[] Exceptions =
    [
        ("SqliteMigrations.SelectJournal", "the schema's own list of tables, once at the start"),
        ("SqliteMigrations.SelectApplied", "a row for each migration, once at the start"),
        ("SqliteStore.SelectWorkspaces", "lists all workspaces, for commands and for the retention's pass every ten minutes"),
        ("SqliteStore.SelectAllKeys", "lists all keys, for a command"),
        ("SqliteRowReader.SelectLive", "a mirror reads the partners that its file does not name"),
        ("SqliteStore.SelectKeysOfWorkspace", "lists the keys of a workspace"),
        ("SqliteStore.SelectAudit", "the newest events of a workspace, which the index has in order"),
        ("SqliteStore.SelectSessionsOfWorkspace", "the newest sessions of a workspace, which the index has in order"),
        ("SqliteStore.CountOpenImports", "counts the imports of a workspace that have a file or rows, of which there are few"),
        ("SqliteStore.SelectOpenImports", "lists the imports of a workspace that have a file or rows, of which there are few"),
        ("SqliteStore.SelectMappings", "lists the mappings of a workspace, of which there are few"),
        ("SqliteStore.InsertMapping", "counts the mappings of a workspace, of which there are few"),
        ("SqliteStore.InsertWorkspace", "whether API keys refer to the workspace that it would replace, which it never does"),
        ("SqliteStore.CountTables", "the schema's own list of tables, once at the start"),
        ("SqliteBackup.BeginRead", "the schema's own list of tables, once for a backup"),
        ("SqliteRestore.CountWorkspaces", "all workspaces, once for a restore"),
        ("SqliteRestore.InsertRecovery", "all workspaces, once for a restore"),
        ("SqliteRestore.UpdateWorkspaces", "all workspaces, once for a restore"),
        ("SqliteSearchIndex.CountStates", "a table of one row"),
        ("SqliteSearchIndex.SelectState", "a table of one row"),
        ("SqliteSearchIndex.UpdateState", "a table of one row"),
        ("SqliteSearchIndex.SelectCounted", "a table of one row"),
        ("SqliteSearchIndex.UpdateCounted", "a table of one row"),
        ("SqliteSearchQuery.SelectReached", "a table of one row"),
        ("SqliteSearchQuery.CountGrams", "counts no further than a bound; SQLite calls reading the trigrams' index a scan"),
        ("SqliteSearchQuery.CountTerm", "counts no further than a bound; SQLite calls reading the counted rows a scan"),
        ("SqliteCheck.SelectLog", "a check reads all of a workspace's log"),
        ("SqliteCheck.SelectPartners", "a check reads all partners of a workspace"),
        ("SqliteSearchCheck.SelectState", "a table of one row"),
        ("SqliteSearchCheck.CountDocs", "a check reads all of an index"),
        ("SqliteSearchCheck.SelectDocIds", "a check reads all of an index"),
        ("SqliteSearchCheck.SelectGrams", "a check reads all of an index"),
        ("SqliteSearchCheck.SelectTerms", "a check reads all of an index"),
        ("SqliteSearchCheck.SelectDays", "a check reads all days"),
        ("Count.*", "counts what a filter finds, and nothing keeps that number"),
        ("Sorted.ByGrams.*", "SQLite calls reading the trigrams' index a scan of the virtual table; there are few that it finds"),
        ("InCreationOrder.ByGrams.*", "SQLite calls reading the trigrams' index a scan of the virtual table; its plan names the index"),
        ("Sorted.ByWith*", "reads an index that has only those that are asked for, where they are few"),
        ("InOrder.*", "a first page begins where its index does; those that a filter leaves out are read, too"),
    ];

    private readonly TempFolder _folder = new();
    private SqliteDatabase _main = null!;
    private SqliteDatabase _search = null!;
    private SqliteDatabase _blocks = null!;

    public async ValueTask InitializeAsync()
    {
        var file = _folder.File("roster.db");
        await Store.Parse("sqlite:" + file).MigrateAsync(CancellationToken.None);
        _main = SqliteDatabase.Open(file);
        _search = SqliteDatabase.Open(_folder.File("search.db"), creates: true);
        foreach (var statement in new[] { "index", "order" }.SelectMany(file => SqlText.Statements($"sqlite/search/{file}.sql")))
            _search.Execute(statement);
        _search.Execute(SqliteSearchCheck.CreateGrams);
        _blocks = SqliteDatabase.Open(_folder.File("imports.db"), creates: true);
        _blocks.Execute(SqliteImportBlocks.CreateTable);
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
        _blocks.Dispose();
        _folder.Dispose();
    }

    [GeneratedRegex(@"^SCAN (?!\d+ CONSTANT ROW|CONSTANT ROW|\d+-ROW VALUES|sought$|named$|gram VIRTUAL TABLE INDEX 0:=$)")]
    private static partial Regex Scan();

    /// <summary>A search by the first column of the key only.</summary>
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
        // The mappings for headers are few, and sorted by their age.
        SqliteTexts.All.Where(text => !IsSorted(text.Name) && text.Name != "SqliteStore.DeleteOldMapping"
            && text.Sql.Contains("limit", StringComparison.Ordinal)),
        text => Assert.DoesNotContain(PlanOf(text.Sql), step => step.Contains("TEMP B-TREE", StringComparison.Ordinal)));

    [Fact]
    public void What_an_address_a_phone_or_rare_trigrams_find_is_sorted() => Assert.All(
        SqliteTexts.All.Where(text => IsSorted(text.Name)),
        text =>
        {
            var plan = PlanOf(text.Sql);
            Assert.Matches(
                @"^SEARCH doc USING INDEX doc_(email|phone) |^SCAN doc USING INDEX doc_with(out)?_(email|phone)$"
                + @"|^SCAN gram VIRTUAL TABLE INDEX 0:M|^SEARCH term USING PRIMARY KEY ", plan[0]);
            Assert.Contains(plan, step => step.Contains("TEMP B-TREE", StringComparison.Ordinal));
        });

    [Fact]
    public void A_page_after_a_cursor_is_found_by_its_whole_key() => Assert.All(
        SqliteTexts.All.Where(text => Regex.IsMatch(text.Name, @"^InOrder\.\w+\.(All|Q|Since)")
            && text.Sql.Contains("?7", StringComparison.Ordinal)),
        text =>
        {
            var deleted = text.Name.EndsWith("Deleted", StringComparison.Ordinal) ? "deleted_" : "";
            var plan = PlanOf(text.Sql);
            Assert.Matches($@"^SEARCH doc USING .*INDEX doc_{deleted}(name|updated_at) .*,id\)[<>]", plan[0]);
            // Each term is looked up for the partner.
            Assert.All(plan.Skip(1), step => Assert.Matches(
                @"^CORRELATED SCALAR SUBQUERY|^SEARCH other USING PRIMARY KEY \(kind=\? AND term=\? AND number=\?\)", step));
        });

    [Fact]
    public void No_statement_is_overlooked() => Assert.InRange(SqliteTexts.All.Count, 100, int.MaxValue);

    private static bool IsSorted(string name) =>
        name.StartsWith("Sorted.", StringComparison.Ordinal) || Regex.IsMatch(name, @"^InOrder\.\w+\.(Email|Phone)");

    private static bool IsOf((string Name, string Reason) exception, string name) => exception.Name.EndsWith('*')
        ? name.StartsWith(exception.Name[..^1], StringComparison.Ordinal) : name == exception.Name;

    private List<string> PlanOf(string sql)
    {
        // A workspace's search index has tables of its own, and so have the blocks of imports.
        var database = Regex.IsMatch(sql, @"\b(doc|gram|grams|state|term|term_count|day_count)\b") ? _search
            : Regex.IsMatch(sql, @"\bblock\b") ? _blocks : _main;
        var steps = new List<string>();
        using var rows = database.Prepare("explain query plan " + sql).Query();
        while (rows.Step())
            steps.Add(rows.Text(3));
        return steps;
    }
}
