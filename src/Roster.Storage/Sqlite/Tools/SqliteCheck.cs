using System.Globalization;
using System.Text.RegularExpressions;
using Roster.Log;
using Roster.Storage.Checks;
using Roster.Storage.Sqlite.Connections;
using SQLitePCL;

namespace Roster.Storage.Sqlite.Tools;

/// <summary>
/// Checks an SQLite file without changing it, also while a server uses it: the file's structure, then each workspace's log,
/// partners, search index and counts, as of one moment.
/// </summary>
/// <param name="tell">Gets each part when it has been checked.</param>
internal sealed partial class SqliteCheck(string path, Action<CheckPart> tell, CancellationToken cancel)
{
    private const int CacheKibibytes = 16 << 10;

    /// <summary>One more than is listed.</summary>
    private const string CheckStructure = "pragma integrity_check(21)";

    private const string CheckReferences = "pragma foreign_key_check";

    private const string SelectWorkspace = "select revision, changed_at, live, forgotten from workspace where id = ?1";

    /// <summary>The checksum is behind the changes, so all of these are read for it; they are wanted anyway.</summary>
    private const string SelectLog = """
        select revision, at, kind, created, updated, unchanged, deleted, restored, rowid,
            case when length(changes) <= 65536 then changes end, checksum
        from change_set where workspace_id = ?1 order by revision
        """;

    private static readonly string SelectPartners =
        $"select {PartnerColumns.Checked} from partner where workspace_id = ?1 order by id";

    /// <param name="workspace">The only workspace to check; null for all.</param>
    public void Run(string? workspace)
    {
        using var database = SqliteDatabase.OpenToRead(path, CacheKibibytes);
        using var interrupt = cancel.Register(database.Interrupt);
        CheckFile(database);
        foreach (var (id, name) in WorkspaceChoice.Of(SqliteStore.ReadWorkspaceNames(database), workspace))
            Check(database, id, name);
    }

    private void CheckFile(SqliteDatabase database)
    {
        var part = new CheckPart("file", null) { Summary = path };
        Guard(part, () =>
        {
            AddFaults(database, part, Damage.File);
            using var rows = database.Prepare(CheckReferences).Query();
            while (rows.Step())
                part.Add(Damage.References, $"{rows.Text(0)} to {rows.Text(2)}");
        });
        var imports = path + SqliteStore.ImportsEnd;
        if (File.Exists(imports) && !SqliteDatabase.HasJournal(imports))
            Guard(part, Damage.Imports, () =>
            {
                try
                {
                    using var blocks = SqliteDatabase.OpenToRead(imports);
                    AddFaults(blocks, part, Damage.Imports);
                }
                catch (StoreException making) when (making.Trouble == StoreTrouble.ReadOnly)
                {
                    // A server makes the file just now, or ended while it did: it has nothing yet.
                }
            });
        tell(part);
    }

    /// <summary>Adds what SQLite finds wrong in a file's structure.</summary>
    /// <exception cref="StoreException">A page could not be read, or damage ended the check.</exception>
    internal static void AddFaults(SqliteDatabase database, CheckPart part, DamageKind kind)
    {
        foreach (var fault in FaultsOf(database, database.Path, CheckStructure))
            part.Add(kind, fault);
    }

    /// <summary>What SQLite finds wrong in a file's structure, each in one line. It names tables, indexes and pages, no values.</summary>
    /// <param name="name">What the file is called in the exception.</param>
    /// <param name="pragma">integrity_check, with how many faults it looks for.</param>
    /// <exception cref="StoreException">A page could not be read, which says nothing of what is in it.</exception>
    internal static List<string> FaultsOf(SqliteDatabase database, string name, string pragma)
    {
        var faults = new List<string>();
        using var rows = database.Prepare(pragma).Query();
        while (rows.Step())
            // Above them is a heading: *** in database main ***
            if (rows.Text(0) is not "ok" and var some)
                faults.AddRange(some.Split('\n').Where(line => !line.StartsWith('*')));
        return faults.Find(IsUnread) is { } unread
            ? throw new StoreException(StoreTrouble.Unavailable, $"{name} cannot be read: SQLite: {unread}") : faults;

        static bool IsUnread(string fault) => ErrorCode().Match(fault) is { Success: true } error
            && (int.Parse(error.Groups[1].Value, CultureInfo.InvariantCulture) & 0xFF) != raw.SQLITE_CORRUPT;
    }

    [GeneratedRegex(@"error code=(\d{1,9})")]
    private static partial Regex ErrorCode();

    private void Check(SqliteDatabase database, long id, string name)
    {
        var (logPart, partners, searchPart, counts) =
            (new CheckPart("log", name), new CheckPart("partners", name), new CheckPart("search", name), new CheckPart("counts", name));
        // The index is read as of an earlier moment than the directory: so it has nothing that the directory lacks.
        using var search = SqliteSearchCheck.Open(Path.Combine(path + SqliteStore.SearchEnd, $"{id}.db"), searchPart, counts);
        database.Execute("begin");
        try
        {
            Guard(logPart, () => CheckWorkspace(database, id, logPart, partners, searchPart, search, counts));
        }
        finally
        {
            database.Rollback();
        }
        foreach (var part in new[] { logPart, partners, searchPart, counts })
            tell(part);
    }

    private void CheckWorkspace(
        SqliteDatabase database, long id, CheckPart logPart, CheckPart partnersPart, CheckPart searchPart, SqliteSearchCheck? search,
        CheckPart counts)
    {
        Revision end;
        long live, forgotten;
        using (var row = database.Prepare(SelectWorkspace).Bind(1, id).Query())
        {
            row.Step();
            (end, live, forgotten) = (new Revision(row.Int64(0), row.Timestamp(1)), row.Int64(2), row.Int64(3));
        }
        search?.Begin(revision => SqliteStore.ReadRequestOf(database, id, revision));
        using var log = new LogCheck(logPart, end, search?.Counted ?? 0);
        Guard(logPart, () => ReadLog(database, id, log));
        log.EndAll();
        var partners = new PartnerCheck(log, logPart, partnersPart, forgotten);
        var compared = search?.Reached > 0 ? search : null;
        if (search is not null && compared is null)
            searchPart.Summary = "the index is empty or of another log; a server makes it anew";
        if (!Guard(partnersPart, () => ReadPartners(database, id, partners, compared, searchPart)))
            return;
        partners.End();
        if (partners.Live != live)
            counts.Add(Damage.Live, $"{live} instead of {partners.Live}");
        var hasErased = true;
        if (compared is not null && Guard(counts, () => hasErased = SqliteStore.HasErased(database, id, compared.Reached)))
            Guard(searchPart, Damage.SearchFile, () =>
            {
                compared.CheckFile();
                compared.End(one => SqliteStore.ReadUnchecked(database, id, one) is not null, hasErased);
                compared.CompareCounts(partners, compared.Reached == end.Number, log.HasGaps ? null : log.Days);
            });
        counts.Summary = $"{live} live partners";
    }

    private void ReadLog(SqliteDatabase database, long id, LogCheck log)
    {
        using var rows = database.Prepare(SelectLog).Bind(1, id).Query();
        while (rows.Step())
        {
            cancel.ThrowIfCancellationRequested();
            log.Begin(new LoggedHead(
                new Revision(rows.Int64(0), rows.Timestamp(1)), rows.Text(2),
                new ChangeCounts((int)rows.Int64(3), (int)rows.Int64(4), (int)rows.Int64(5), (int)rows.Int64(6), (int)rows.Int64(7)),
                rows.Int64OrNull(10)));
            if (rows.IsNull(9))
                database.ReadBlob("change_set", "changes", rows.Int64(8), piece =>
                {
                    log.Add(piece);
                    return true;
                });
            else
                log.Add(rows.Blob(9));
            log.End();
        }
    }

    private void ReadPartners(SqliteDatabase database, long id, PartnerCheck partners, SqliteSearchCheck? search, CheckPart searchPart)
    {
        var isReadable = true;
        using var rows = database.Prepare(SelectPartners).Bind(1, id).Query();
        while (rows.Step())
        {
            cancel.ThrowIfCancellationRequested();
            var partner = SqliteStore.MapPartner(rows);
            partners.Take(partner, rows.Int64OrNull(PartnerColumns.OfChecksum));
            if (search is not null && isReadable)
                isReadable = Guard(searchPart, Damage.SearchFile, () => search.Take(partner));
        }
    }

    private static bool Guard(CheckPart part, Action check) => Guard(part, Damage.Unreadable, check);

    /// <summary>Runs a check that ends where it meets damage.</summary>
    /// <returns>Whether it came to its end.</returns>
    private static bool Guard(CheckPart part, DamageKind kind, Action check)
    {
        try
        {
            check();
            return true;
        }
        catch (StoreException failure) when (failure.Trouble == StoreTrouble.Damaged)
        {
            part.Add(kind, "reading ended there");
            return false;
        }
        // A blob of the wrong length is no id.
        catch (ArgumentException)
        {
            part.Add(kind, "a value is not of its type");
            return false;
        }
    }
}
