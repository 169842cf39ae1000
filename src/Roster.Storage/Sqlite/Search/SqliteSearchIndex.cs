using System.Diagnostics;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite.Search;

/// <summary>
/// One workspace's search index, in a file beside the database. It follows the log: a pass takes over all that was written since
/// the last one. If the file is lost, it is built again.
/// </summary>
internal sealed class SqliteSearchIndex : IDisposable
{
    internal const int Version = 8;

    /// <summary>A pass over more changes than this reads all partners instead of the log.</summary>
    private const int MaxFollowed = 200_000;

    private const string CountStates = "select count(*) from state";

    private const int FilledTogether = 50_000;

    private const int ReadTogether = 1_000;

    private static readonly string[] Order = [.. SqlText.Statements("sqlite/search/order.sql")];

    /// <summary>
    /// An open index has up to nine files open: two and their shared memory for the follower, two for each reader, and what flushes
    /// them.
    /// </summary>
    private const int MaxIdleReaders = 2;

    private const int FollowerCacheKibibytes = 16_384;

    private const string SelectState = "select reached, request_id from state";

    private const string UpdateState = "update state set reached = ?1, request_id = ?2";

    private const string SelectDoc = "select number, text, name, email, phone, tags, metadata, deleted from doc where id = ?1";

    private const string DeleteGrams = "delete from gram where rowid = ?1";

    private const string InsertGrams = "insert into gram (rowid, text) values (?1, ?2)";

    private const string UpdateDoc = "update doc set text = ?2, tags = ?3, metadata = ?4, updated_at = ?5 where number = ?1";

    private const string UpdateDocName = "update doc set sort_name = ?2, name = ?3 where number = ?1";

    private const string UpdateDocFilters = "update doc set email = ?2, phone = ?3, deleted = ?4 where number = ?1";

    private const string InsertDoc = """
        insert into doc (id, text, email, phone, sort_name, name, tags, metadata, updated_at, deleted)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) returning number
        """;

    private const string InsertTerm = "insert into term (kind, term, number) values (?1, ?2, ?3)";

    private const string DeleteTerm = "delete from term where kind = ?1 and term = ?2 and number = ?3";

    private const string AddCounts = """
        insert into term_count (kind, term, shown, live, total) values (?1, ?2, ?3, ?4, ?5)
        on conflict do update set live = live + excluded.live, total = total + excluded.total
        """;

    private const string DeleteCounts = "delete from term_count where kind = ?1 and term = ?2 and total = 0";

    private const string SelectCounted = "select counted, counted_request from state";

    private const string UpdateCounted = "update state set counted = ?1, counted_request = ?2";

    private const string SelectDayCounts = """
        select day, kind, key_id, change_sets, created, updated, deleted, restored from day_count
        where day >= ?1 order by day, kind, key_id
        """;

    private const string DeleteDayCounts = "delete from day_count";

    private const string SelectPairsOfDay = "select kind, key_id from day_count where day = ?1";

    private const string AddDayCount = """
        insert into day_count (day, kind, key_id, change_sets, created, updated, deleted, restored)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        on conflict do update set change_sets = change_sets + excluded.change_sets, created = created + excluded.created,
            updated = updated + excluded.updated, deleted = deleted + excluded.deleted, restored = restored + excluded.restored
        """;

    private static readonly string SelectPartnersAfter =
        $"select {PartnerColumns.All} from partner where workspace_id = ?1 and id > ?2 and id <= ?3 order by id limit ?4";

    private const string SelectLastPartner = "select id from partner where workspace_id = ?1 and id <= ?2 order by id desc limit 1";

    private readonly long _workspaceId;
    private readonly Func<long, Guid?> _requestOf;
    private readonly Action _failed;
    private readonly SqliteOpenIndexes _openIndexes;
    private readonly Lock _opening = new();

    /// <summary>Null while they are closed.</summary>
    private Files? _files;

    private long _reached;

    /// <summary>Whether nothing was ever put into it.</summary>
    private bool _isNew;

    /// <summary>Not null while it is being filled, over several passes.</summary>
    private Filling? _filling;

    private bool _isToBeFilled;
    private volatile bool _isDamaged;

    /// <summary>
    /// Whether it was thrown away or lost. Whoever still has it must not open what is at its path now: a file that is being filled.
    /// </summary>
    private volatile bool _isGone;

    /// <summary>Changes of counts in this transaction that are not written yet.</summary>
    private TermChanges _termChanges = new();

    /// <param name="requestOf">The request that made a revision of the directory; null where there is no such revision.</param>
    /// <param name="failed">Called when a reader could not read, so that the follower looks at the file.</param>
    /// <param name="openIndexes">Which indexes have their files open. This one's are opened now, and whenever it is used.</param>
    public SqliteSearchIndex(string path, long workspaceId, Func<long, Guid?> requestOf, Action failed, SqliteOpenIndexes openIndexes)
    {
        (Path, _workspaceId, _requestOf, _failed, _openIndexes) = (path, workspaceId, requestOf, failed, openIndexes);
        Use(() => true);
    }

    public string Path { get; }

    /// <summary>
    /// How long a pass fills before it lets other workspaces go first. Small transactions take much longer in all: most of the time goes
    /// to FTS5's segments.
    /// </summary>
    internal TimeSpan FillTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether this file replaces one that was damaged.</summary>
    public bool WasDamaged { get; private set; }

    /// <summary>Whether the file was found damaged or missing. A closed file is checked when it is opened.</summary>
    public bool IsDamaged
    {
        get
        {
            lock (_opening)
                return _isDamaged || _isGone || (_files is { } open && (open.Database.HasBeenDamaged || !open.Database.IsInPlace()));
        }
    }

    /// <summary>The file's own log, while the files are open.</summary>
    internal SqliteSearchLog Log => _files!.Log;

    /// <summary>The revision whose partners the index shows.</summary>
    public long Reached => Interlocked.Read(ref _reached);

    /// <exception cref="StoreException">
    /// The index cannot be read: <see cref="StoreTrouble.SearchBehind"/>, whatever the trouble is.
    /// </exception>
    public T Read<T>(Func<SqliteDatabase, T> read)
    {
        try
        {
            return Use(() => _files!.Readers.Read(read));
        }
        catch (StoreException failure)
        {
            if (failure.Trouble == StoreTrouble.Damaged)
                _isDamaged = true;
            _failed();
            throw new StoreException(
                StoreTrouble.SearchBehind,
                _isDamaged ? "The search index is damaged, and is made anew." : $"The search index cannot be read. {failure.Message}",
                failure);
        }
    }

    /// <summary>Starts copying the write-ahead log into the file, if the log is long enough. Only for the follower's thread.</summary>
    public void Settle() => Use(() =>
    {
        Log.Settle();
        return true;
    });

    /// <summary>For <see cref="SqliteOpenIndexes"/>, which says when.</summary>
    /// <exception cref="StoreException">They cannot be opened, or show an older revision than when they were closed.</exception>
    internal void OpenFiles()
    {
        lock (_opening)
        {
            if (_isGone)
                throw new StoreException(StoreTrouble.SearchBehind, "The search index was thrown away, and is made anew.");
            if (_files is not null)
                return;
            var (database, isNew, wasDamaged) = OpenOrCreate(Path);
            try
            {
                var reached = ReachedOf(database);
                if (Interlocked.Exchange(ref _reached, reached) > reached || (isNew && _filling is not null))
                {
                    _isGone = true;
                    throw new StoreException(
                        StoreTrouble.SearchBehind, "The search index was lost while it was closed, and is made anew.");
                }
            }
            catch
            {
                _isDamaged |= database.HasBeenDamaged;
                database.Dispose();
                throw;
            }
            var readers = new SqliteReaders(() => SqliteDatabase.Open(Path), MaxIdleReaders);
            _files = new Files(database, readers, new SqliteSearchLog(Path, database, readers));
            WasDamaged |= wasDamaged;
            // A file that was closed before anything was put into it is still new.
            _isNew |= isNew;
        }
    }

    /// <returns>0 if the file is of another log.</returns>
    private long ReachedOf(SqliteDatabase database)
    {
        using var state = database.Prepare(SelectState).Query();
        state.Step();
        return !state.IsNull(1) && _requestOf(state.Int64(0)) == state.Guid(1) ? state.Int64(0) : 0;
    }

    /// <summary>For <see cref="SqliteOpenIndexes"/>, when nobody uses it.</summary>
    internal void CloseFiles()
    {
        lock (_opening)
        {
            _files?.Log.Dispose();
            _files = null;
        }
    }

    /// <summary>
    /// Whether the file must be thrown away and filled anew: it may have values that were erased since; or its filling
    /// was broken off by a stop; or it is of another log; or filling is quicker than following. It is not filled in place,
    /// because searches would see it half full.
    /// </summary>
    public bool IsSpoiled(SqliteDatabase main) => _isToBeFilled
        || (Reached == 0 && _filling is null ? !_isNew : SqliteStore.HasErased(main, _workspaceId, _filling?.Revision ?? Reached));

    /// <summary>
    /// Takes over what was written since the last pass. Only for the follower's thread. Partners are read as they are now. One that is
    /// already newer than the pass's revision is looked at again in the next pass.
    /// </summary>
    /// <param name="main">A connection to the directory.</param>
    /// <param name="stopping">Breaks the pass off. The next one begins where this one did.</param>
    /// <returns>
    /// False if there is more to do, after other workspaces; or if the file <see cref="IsSpoiled"/> and must be thrown away first.
    /// </returns>
    public bool Follow(SqliteDatabase main, CancellationToken stopping) => Use(() => FollowOpen(main, stopping));

    private bool FollowOpen(SqliteDatabase main, CancellationToken stopping)
    {
        var newest = SqliteStore.ReadRevision(main, _workspaceId);
        if (newest == Reached)
            return true;
        if (IsSpoiled(main))
            return false;
        stopping.ThrowIfCancellationRequested();
        var revision = newest;
        HashSet<Guid> changed = [];
        if (Reached == 0)
        {
            _isNew = false;
            _filling ??= new Filling(newest, LastPartner(main));
            if (!FillSome(main, _filling, stopping))
                return false;
            revision = _filling.Revision;
        }
        else if (ReadChanged(main, revision) is { } followed)
            changed = followed;
        else
        {
            _isToBeFilled = true;
            return false;
        }
        for (var counted = Counted();
            SqliteStore.ReadRevisionAfter(main, _workspaceId, counted, DayCounts.Together) is { } upTo && upTo < revision; counted = upTo)
        {
            stopping.ThrowIfCancellationRequested();
            InTransaction(() => CountDays(main, counted, upTo));
        }
        InTransaction(() =>
        {
            CountDays(main, Counted(), revision);
            foreach (var id in changed.Order())
            {
                stopping.ThrowIfCancellationRequested();
                // A partner that was erased meanwhile is for the next pass.
                if (SqliteStore.ReadUnchecked(main, _workspaceId, id) is { } partner)
                    Put(partner);
            }
            Database.Prepare(UpdateState)
                .Bind(1, revision).Bind(2, SqliteStore.ReadRequestOf(main, _workspaceId, revision)!.Value).Run();
        });
        Interlocked.Exchange(ref _reached, revision);
        _filling = null;
        // Each workspace has a cache, which may be full now, and the next pass may be long away.
        Database.Execute("pragma shrink_memory");
        return revision == newest;
    }

    /// <summary>The counts of change sets from a day on.</summary>
    internal static List<DayCount> ReadDayCounts(SqliteDatabase search, int from)
    {
        var counts = new List<DayCount>();
        using var rows = search.Prepare(SelectDayCounts).Bind(1, from).Query();
        while (rows.Step())
            counts.Add(new DayCount(
                (int)rows.Int64(0), rows.Text(1), rows.Guid(2) is var key && key == DayCounts.Shared ? null : key, rows.Int64(3),
                rows.Int64(4), rows.Int64(5), rows.Int64(6), rows.Int64(7)));
        return counts;
    }

    /// <summary>The counts of change sets, for the file that replaces this one.</summary>
    public CountedDays TakeCountedDays() => Use(() => new CountedDays(Counted(), ReadDayCounts(Database, 0)));

    /// <summary>Takes over the counts of a file that this one replaces.</summary>
    /// <param name="main">A connection to the directory.</param>
    public void Put(CountedDays days, SqliteDatabase main) => Use(() =>
    {
        InTransaction(() =>
        {
            foreach (var count in days.Counts)
                Write(count);
            WriteCounted(main, days.UpTo);
        });
        return true;
    });

    /// <summary>Ends it for all who have it, when those that read it now are done.</summary>
    public void Dispose()
    {
        _isGone = true;
        _openIndexes.Close(this);
    }

    /// <summary>The revision up to which change sets are counted; 0 if those that are counted are of another log.</summary>
    private long Counted()
    {
        using var state = Database.Prepare(SelectCounted).Query();
        state.Step();
        return !state.IsNull(1) && _requestOf(state.Int64(0)) == state.Guid(1) ? state.Int64(0) : 0;
    }

    private void CountDays(SqliteDatabase main, long after, long upTo)
    {
        if (after >= upTo)
            return;
        if (after == 0)
            Database.Prepare(DeleteDayCounts).Run();
        var counts = SqliteStore.ReadDayCounts(main, _workspaceId, after, upTo);
        foreach (var count in counts.Rows(counts.Days.SelectMany(PairsOf)))
            Write(count);
        WriteCounted(main, upTo);
    }

    private List<(int Day, string Kind, Guid KeyId)> PairsOf(int day)
    {
        var pairs = new List<(int, string, Guid)>();
        using var rows = Database.Prepare(SelectPairsOfDay).Bind(1, day).Query();
        while (rows.Step())
            pairs.Add((day, rows.Text(0), rows.Guid(1)));
        return pairs;
    }

    private void Write(DayCount count) => Database.Prepare(AddDayCount)
        .Bind(1, count.Day).Bind(2, count.Kind).Bind(3, count.KeyId ?? DayCounts.Shared).Bind(4, count.ChangeSets)
        .Bind(5, count.Created).Bind(6, count.Updated).Bind(7, count.Deleted).Bind(8, count.Restored).Run();

    private void WriteCounted(SqliteDatabase main, long upTo) => Database.Prepare(UpdateCounted)
        .Bind(1, upTo).Bind(2, SqliteStore.ReadRequestOf(main, _workspaceId, upTo)).Run();

    /// <returns>Null if the log is damaged, or if reading all partners is quicker.</returns>
    private HashSet<Guid>? ReadChanged(SqliteDatabase main, long revision)
    {
        try
        {
            return SqliteStore.ReadChanged(main, _workspaceId, Reached, revision, MaxFollowed);
        }
        catch (DamagedLogException)
        {
            return null;
        }
    }

    private T Use<T>(Func<T> use) => _openIndexes.Use(this, use);

    private SqliteDatabase Database => _files!.Database;

    /// <summary>Deletes an index that nobody has open or is about to open.</summary>
    public static void Delete(string path)
    {
        foreach (var file in new[] { path, path + "-wal", path + "-shm" })
            File.Delete(file);
    }

    /// <summary>An index of another version, or a damaged one, is replaced by a new one.</summary>
    private static (SqliteDatabase Database, bool IsNew, bool WasDamaged) OpenOrCreate(string path)
    {
        var wasDamaged = false;
        try
        {
            if (File.Exists(path) && OpenFile(path) is { } there)
            {
                if (IsCurrent(there))
                    return (there, false, false);
                there.Dispose();
            }
        }
        catch (StoreException damage) when (damage.Trouble == StoreTrouble.Damaged)
        {
            wasDamaged = true;
        }
        Delete(path);
        var database = OpenFile(path, creates: true);
        try
        {
            database.Execute("begin");
            foreach (var statement in SqlText.Statements("sqlite/search/index.sql"))
                database.Execute(statement);
            database.Execute($"pragma user_version = {Version}");
            database.Execute("commit");
        }
        catch
        {
            database.Dispose();
            throw;
        }
        return (database, true, wasDamaged);
    }

    private static bool IsCurrent(SqliteDatabase database)
    {
        try
        {
            return database.ReadInt64("pragma user_version") == Version && database.ReadInt64(CountStates) == 1;
        }
        catch (StoreException)
        {
            database.Dispose();
            throw;
        }
    }

    private static SqliteDatabase OpenFile(string path, bool creates = false)
    {
        var database = SqliteDatabase.Open(path, FollowerCacheKibibytes, creates);
        try
        {
            database.ReadText("pragma journal_mode = wal");
            // After a power cut the index may be behind, never torn: the directory's log brings it up to date.
            database.Execute("pragma synchronous = normal");
            database.ReadInt64("pragma wal_autocheckpoint = 0");
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private void InTransaction(Action work)
    {
        Database.Execute("begin immediate");
        _termChanges = new TermChanges();
        try
        {
            work();
            WriteTermChanges();
            Database.Execute("commit");
        }
        catch
        {
            Database.Rollback();
            throw;
        }
    }

    /// <summary>
    /// Takes over partners that existed when the filling began, in transactions of <see cref="FilledTogether"/> at most, then makes the
    /// indexes. Until all is done, <see cref="Reached"/> stays 0, also after a crash. Partners that are created meanwhile are for the
    /// passes after it. Otherwise they would be taken over twice, and filling during a first import would never end.
    /// </summary>
    /// <returns>Whether it is done.</returns>
    private bool FillSome(SqliteDatabase main, Filling filling, CancellationToken stopping)
    {
        var begun = Stopwatch.GetTimestamp();
        do
        {
            stopping.ThrowIfCancellationRequested();
            if (filling.Last is { } from)
            {
                Guid? last = from;
                InTransaction(() => last = FillAfter(main, from, filling.End, begun, stopping));
                filling.Last = last;
                Log.Settle();
            }
            else
            {
                InTransaction(() => Database.Prepare(Order[filling.Indexes]).Run());
                filling.Indexes++;
            }
            if (filling is { Last: null } && filling.Indexes == Order.Length)
                return true;
        }
        while (Stopwatch.GetElapsedTime(begun) < FillTime);
        // Others may be filled between this pass and the next.
        Database.Execute("pragma shrink_memory");
        return false;
    }

    private Guid LastPartner(SqliteDatabase main)
    {
        using var row = main.Prepare(SelectLastPartner).Bind(1, _workspaceId).Bind(2, Guid.AllBitsSet).Query();
        return row.Step() ? row.Guid(0) : Guid.Empty;
    }

    /// <param name="begun">When the pass began.</param>
    /// <returns>The last partner's id; null where there are no more.</returns>
    private Guid? FillAfter(SqliteDatabase main, Guid from, Guid end, long begun, CancellationToken stopping)
    {
        Guid? last = from;
        var filled = 0;
        do
        {
            stopping.ThrowIfCancellationRequested();
            var partners = ReadAfter(main, last.Value, end);
            foreach (var partner in partners)
                Add(partner);
            last = partners.Count > 0 ? partners[^1].Id : null;
            filled += ReadTogether;
        }
        while (last is not null && filled < FilledTogether && Stopwatch.GetElapsedTime(begun) < FillTime);
        return last;
    }

    /// <summary>The next partners, few at a time: while a read of the directory is open, its write-ahead log cannot start over.</summary>
    private List<Partner> ReadAfter(SqliteDatabase main, Guid from, Guid end)
    {
        var partners = new List<Partner>(ReadTogether);
        using var rows = main.Prepare(SelectPartnersAfter).Bind(1, _workspaceId).Bind(2, from).Bind(3, end).Bind(4, ReadTogether).Query();
        while (rows.Step())
            partners.Add(SqliteStore.MapPartner(rows));
        return partners;
    }

    private void Put(Partner partner)
    {
        long number;
        string text, name;
        string? email, phone, tags, metadata;
        bool isDeleted;
        using (var row = Database.Prepare(SelectDoc).Bind(1, partner.Id).Query())
        {
            if (!row.Step())
            {
                Add(partner);
                return;
            }
            (number, text, name, email, phone) = (row.Int64(0), row.Text(1), row.Text(2), row.TextOrNull(3), row.TextOrNull(4));
            (tags, metadata, isDeleted) = (row.TextOrNull(5), row.TextOrNull(6), row.Int64(7) != 0);
        }
        var (newText, newEmail, newPhone) = (SearchText.Of(partner), FoldedEmail(partner), Digits(partner));
        var isNowDeleted = partner.DeletedAt is not null;
        if (newText != text)
        {
            Database.Prepare(DeleteGrams).Bind(1, number).Run();
            AddGrams(number, newText);
        }
        // An update writes the indexes of all columns that it sets, also where a value stays the same. So each group has a statement.
        Database.Prepare(UpdateDoc)
            .Bind(1, number).Bind(2, newText).Bind(3, partner.Tags).Bind(4, partner.Metadata).Bind(5, partner.UpdatedAt).Run();
        if (name != partner.Name)
            Database.Prepare(UpdateDocName).Bind(1, number).Bind(2, SearchText.SortName(partner.Name)).Bind(3, partner.Name).Run();
        if ((newEmail, newPhone, isNowDeleted) != (email, phone, isDeleted))
            Database.Prepare(UpdateDocFilters).Bind(1, number).Bind(2, newEmail).Bind(3, newPhone).Bind(4, isNowDeleted ? 1 : 0).Run();
        if ((partner.Tags, partner.Metadata, isNowDeleted, newEmail is null, newPhone is null)
            != (tags, metadata, isDeleted, email is null, phone is null))
        {
            var (had, has) = (SearchTerm.Of(tags, metadata), SearchTerm.Of(partner.Tags, partner.Metadata));
            WriteTerms(DeleteTerm, number, had.Except(has));
            WriteTerms(InsertTerm, number, has.Except(had));
            _termChanges.Remove(had, email is not null, phone is not null, isDeleted);
            Count(partner, has);
        }
    }

    private void Add(Partner partner)
    {
        var text = SearchText.Of(partner);
        long number;
        using (var row = Database.Prepare(InsertDoc)
            .Bind(1, partner.Id).Bind(2, text).Bind(3, FoldedEmail(partner)).Bind(4, Digits(partner))
            .Bind(5, SearchText.SortName(partner.Name)).Bind(6, partner.Name).Bind(7, partner.Tags).Bind(8, partner.Metadata)
            .Bind(9, partner.UpdatedAt).Bind(10, partner.DeletedAt is null ? 0 : 1).Query())
        {
            row.Step();
            number = row.Int64(0);
        }
        AddGrams(number, text);
        var terms = SearchTerm.Of(partner.Tags, partner.Metadata);
        WriteTerms(InsertTerm, number, terms);
        Count(partner, terms);
    }

    private void WriteTerms(string statement, long number, IEnumerable<SearchTerm> terms)
    {
        foreach (var term in terms)
            Database.Prepare(statement).Bind(1, term.Kind).Bind(2, term.Text).Bind(3, number).Run();
    }

    private void Count(Partner partner, List<SearchTerm> terms)
    {
        _termChanges.Add(partner, terms);
        if (_termChanges.AreMany)
            WriteTermChanges();
    }

    private void WriteTermChanges()
    {
        foreach (var change in _termChanges.Take())
        {
            Database.Prepare(AddCounts).Bind(1, change.Kind).Bind(2, change.Term).Bind(3, change.Shown ?? change.Term)
                .Bind(4, change.Live).Bind(5, change.Total).Run();
            if (change.Total < 0)
                Database.Prepare(DeleteCounts).Bind(1, change.Kind).Bind(2, change.Term).Run();
        }
    }

    private void AddGrams(long number, string text) =>
        Database.Prepare(InsertGrams).Bind(1, number).Bind(2, text).Run();

    private static string? FoldedEmail(Partner partner) => partner.Email is null ? null : Upsert.FoldEmail(partner.Email);

    private static string? Digits(Partner partner) => partner.Phone is null ? null : SearchText.Digits(partner.Phone);

    /// <summary>How far a filling is that this process has begun.</summary>
    /// <param name="revision">The newest one when it began: what the index shows at its end.</param>
    /// <param name="end">The last partner that there was then.</param>
    private sealed class Filling(long revision, Guid end)
    {
        public long Revision => revision;

        public Guid End => end;

        /// <summary>The last partner that was taken over; null when there are no more.</summary>
        public Guid? Last { get; set; } = Guid.Empty;

        /// <summary>How many statements of <see cref="Order"/> are run.</summary>
        public int Indexes { get; set; }
    }

    private sealed record Files(SqliteDatabase Database, SqliteReaders Readers, SqliteSearchLog Log);

    /// <summary>The counts of the change sets up to one.</summary>
    /// <param name="UpTo">The revision of the newest one.</param>
    internal sealed record CountedDays(long UpTo, List<DayCount> Counts);
}
