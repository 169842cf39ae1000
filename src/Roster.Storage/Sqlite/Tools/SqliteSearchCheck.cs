using System.Text;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Checks;
using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Search;

namespace Roster.Storage.Sqlite.Tools;

/// <summary>
/// Compares a workspace's search index with its partners. The trigrams and terms are compared by a sum of hashes, so that
/// they need not be sorted.
/// </summary>
internal sealed class SqliteSearchCheck : IDisposable
{
    private const int CacheKibibytes = 16 << 10;

    /// <summary>A server makes an index anew when it starts and where it was damaged, so hardly ever twice in a row.</summary>
    private const int Attempts = 3;

    private const string SelectState = "select reached, request_id, counted, counted_request from state limit 1";

    private const string SelectDoc = """
        select number, text, email, phone, sort_name, name, tags, metadata, updated_at, deleted from doc where id = ?1
        """;

    private const string CountDocs = "select count(*) from doc";

    private const string SelectDocIds = "select id from doc order by number";

    internal const string CreateGrams = "create virtual table temp.grams using fts5vocab('main', 'gram', 'instance')";

    private const string SelectGrams = "select term, doc from temp.grams";

    private const string SelectTerms = "select kind, term, number from term";

    /// <summary>In the order of term's key. Kind 2 is not counted.</summary>
    private const string CountTerms = """
        select kind, term, count(*), sum(doc.deleted = 0) from term cross join doc on doc.number = term.number
        where kind < 2 group by kind, term
        """;

    private const string SelectCounts = "select live, total from term_count where kind = ?1 and term = ?2";

    private const string CountCounts = "select count(*) from term_count where kind < 2";

    private const string SelectDays = """
        select day, kind, sum(change_sets), sum(created), sum(updated), sum(deleted), sum(restored) from day_count
        group by day, kind
        """;

    private readonly SqliteDatabase _index;
    private readonly CheckPart _part;
    private readonly CheckPart _counts;
    private readonly HashSet<ulong> _grams = [];
    private ulong _gramSum;
    private ulong _termSum;
    private long _found;
    private (long Reached, Guid? Request, long Counted, Guid? CountedRequest) _state;

    private SqliteSearchCheck(SqliteDatabase index, CheckPart part, CheckPart counts) => (_index, _part, _counts) = (index, part, counts);

    /// <summary>The revision whose partners the index shows; 0 if it is of another log, and not compared.</summary>
    public long Reached { get; private set; }

    /// <summary>The revision up to which change sets are counted by day.</summary>
    public long Counted { get; private set; }

    /// <summary>Begins to read an index. What is written to it from now on is not seen.</summary>
    /// <returns>Null if there is none that can be compared; the part says why.</returns>
    public static SqliteSearchCheck? Open(string path, CheckPart part, CheckPart counts)
    {
        for (var attempt = 1; ; attempt++)
            try
            {
                return TryOpen(path, part, counts);
            }
            catch (StoreException making) when (making.Trouble == StoreTrouble.ReadOnly)
            {
                // Its file has a journal since it was looked at: a server makes it just now, or ended while it did.
                return null;
            }
            catch (StoreException) when (attempt < Attempts)
            {
                // A server may have thrown the file away between its opening and that of its log.
            }
            catch (StoreException failure) when (failure.Trouble == StoreTrouble.Damaged)
            {
                part.Add(Damage.SearchFile, "it cannot be opened");
                return null;
            }
    }

    private static SqliteSearchCheck? TryOpen(string path, CheckPart part, CheckPart counts)
    {
        part.Summary = "no index yet; the next search makes one";
        if (new FileInfo(path) is not { Exists: true, Length: > 0 } || SqliteDatabase.HasJournal(path))
            return null;
        var check = new SqliteSearchCheck(SqliteDatabase.OpenToRead(path, CacheKibibytes), part, counts);
        try
        {
            if (check._index.ReadInt64("pragma user_version") != SqliteSearchIndex.Version)
            {
                part.Summary = "the index is of another version; the next search makes it anew";
                check.Dispose();
                return null;
            }
            check._index.Execute("begin");
            check.ReadState();
            // Else its log may be another file's.
            return check._index.IsInPlace() ? check
                : throw new StoreException(StoreTrouble.Unavailable, $"{path} was made anew while it was opened. Check again.");
        }
        catch
        {
            check.Dispose();
            throw;
        }
    }

    /// <summary>Whether the index follows this log: a restored backup may have other writes with the same revisions.</summary>
    /// <param name="requestOf">The request that made a revision.</param>
    public void Begin(Func<long, Guid?> requestOf)
    {
        Reached = _state.Request is { } request && requestOf(_state.Reached) == request ? _state.Reached : 0;
        Counted = Reached > 0 && _state.CountedRequest is { } counted && requestOf(_state.Counted) == counted ? _state.Counted : 0;
    }

    /// <summary>Compares a partner.</summary>
    public void Take(Partner partner)
    {
        using var row = _index.Prepare(SelectDoc).Bind(1, partner.Id).Query();
        if (!row.Step())
        {
            if (partner.Revision <= Reached)
                _part.Add(Damage.SearchMissing, $"{partner.Id}");
            return;
        }
        _found++;
        var (number, text) = (row.Int64(0), row.Text(1));
        var (tags, metadata) = (row.TextOrNull(6), row.TextOrNull(7));
        AddGrams(number, text);
        if (CheckedTerms.Of(tags, metadata) is not { } terms)
        {
            _part.Add(Damage.SearchWrong, $"{partner.Id}");
            return;
        }
        foreach (var term in terms)
            _termSum += TermHash(term.Kind, Encoding.UTF8.GetBytes(term.Text), number);
        // The partner was changed after the index was read.
        if (partner.Revision > Reached && row.Timestamp(8) < partner.UpdatedAt)
            return;
        var isSame = text == SearchText.Of(partner)
            && row.TextOrNull(2) == (partner.Email is null ? null : Upsert.FoldEmail(partner.Email))
            && row.TextOrNull(3) == (partner.Phone is null ? null : SearchText.Digits(partner.Phone))
            && row.Text(4) == SearchText.SortName(partner.Name) && row.Text(5) == partner.Name
            && tags == partner.Tags && metadata == partner.Metadata
            && row.Timestamp(8) == partner.UpdatedAt && row.Int64(9) != 0 == partner.DeletedAt is not null;
        if (!isSame)
            _part.Add(Damage.SearchWrong, $"{partner.Id}");
    }

    /// <summary>Checks the file's structure.</summary>
    public void CheckFile() => SqliteCheck.AddFaults(_index, _part, Damage.SearchFile);

    /// <summary>All partners have been taken.</summary>
    /// <param name="isThere">Whether the directory has a partner.</param>
    /// <param name="hasErased">Whether partners were erased after the index was read.</param>
    public void End(Func<Guid, bool> isThere, bool hasErased)
    {
        if (_index.ReadInt64(CountDocs) is var docs && docs > _found && !hasErased)
            using (var rows = _index.Prepare(SelectDocIds).Query())
                while (rows.Step())
                    if (rows.Guid(0) is var id && !isThere(id))
                        _part.Add(Damage.SearchExtra, $"{id}");
        // Entries of erased partners are not in the sums.
        if (docs == _found)
            CompareSums();
        _part.Summary = $"{docs} partners, up to revision {Reached}";
    }

    /// <summary>Compares the index's counts of terms, partners and days.</summary>
    /// <param name="days">From the log, up to <see cref="Counted"/>; null if the log is not whole.</param>
    /// <param name="partners">The partners that were taken; only compared if the index shows them all.</param>
    public void CompareCounts(PartnerCheck partners, bool isNewest, IReadOnlyDictionary<(int Day, string Kind), DayCount>? days)
    {
        CompareTerms();
        if (isNewest)
        {
            ComparePresence(SearchTerm.Partner, partners.Live, partners.Partners);
            ComparePresence(SearchTerm.Email, partners.LiveWithEmail, partners.WithEmail);
            ComparePresence(SearchTerm.Phone, partners.LiveWithPhone, partners.WithPhone);
        }
        if (days is null || Counted == 0)
            return;
        var known = new Dictionary<(int, string), DayCount>();
        using (var rows = _index.Prepare(SelectDays).Query())
            while (rows.Step())
                known[((int)rows.Int64(0), rows.Text(1))] = new DayCount(
                    (int)rows.Int64(0), rows.Text(1), null, rows.Int64(2), rows.Int64(3), rows.Int64(4), rows.Int64(5), rows.Int64(6));
        DayCheck.Compare(days, known, _counts);
    }

    public void Dispose() => _index.Dispose();

    private void ReadState()
    {
        using var row = _index.Prepare(SelectState).Query();
        if (!row.Step())
            throw SqliteHealth.Damaged(_index.Path);
        _state = (row.Int64(0), row.IsNull(1) ? null : row.Guid(1), row.Int64(2), row.IsNull(3) ? null : row.Guid(3));
    }

    private void CompareSums()
    {
        _index.Execute(CreateGrams);
        var sum = 0UL;
        using (var rows = _index.Prepare(SelectGrams).Query())
            while (rows.Step())
                sum += Hash(KeyOf(rows.Blob(0)), rows.Int64(1));
        if (sum != _gramSum)
            _part.Add(Damage.SearchTexts, "gram");
        sum = 0;
        using (var rows = _index.Prepare(SelectTerms).Query())
            while (rows.Step())
                sum += TermHash((int)rows.Int64(0), rows.Blob(1), rows.Int64(2));
        if (sum != _termSum)
            _part.Add(Damage.SearchTerms, "term");
    }

    private void CompareTerms()
    {
        var (wrong, counted) = (0L, 0L);
        using (var rows = _index.Prepare(CountTerms).Query())
            while (rows.Step())
            {
                using var count = _index.Prepare(SelectCounts).Bind(1, rows.Int64(0)).Bind(2, rows.Text(1)).Query();
                if (!count.Step())
                {
                    wrong++;
                    continue;
                }
                counted++;
                wrong += (count.Int64(0), count.Int64(1)) == (rows.Int64(3), rows.Int64(2)) ? 0 : 1;
            }
        wrong += Math.Max(0, _index.ReadInt64(CountCounts) - counted);
        if (wrong > 0)
            // A tag is a value of partners, so it is not named.
            _counts.Add(Damage.Terms, "tags and keys of metadata", wrong);
    }

    private void ComparePresence(SearchTerm term, long live, long total)
    {
        using var row = _index.Prepare(SelectCounts).Bind(1, term.Kind).Bind(2, term.Text).Query();
        var counts = row.Step() ? (row.Int64(0), row.Int64(1)) : (0, 0);
        if (counts != (live, total))
            _counts.Add(Damage.Terms, term.Text);
    }

    /// <summary>Adds each three characters that the text has, once.</summary>
    private void AddGrams(long number, string text)
    {
        _grams.Clear();
        Span<byte> gram = stackalloc byte[12];
        Span<Rune> last = stackalloc Rune[3];
        var count = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            (last[0], last[1], last[2]) = (last[1], last[2], rune);
            if (++count < last.Length)
                continue;
            var length = 0;
            foreach (var one in last)
                length += one.EncodeToUtf8(gram[length..]);
            if (_grams.Add(KeyOf(gram[..length])))
                _gramSum += Hash(KeyOf(gram[..length]), number);
        }
    }

    private static ulong TermHash(int kind, ReadOnlySpan<byte> term, long number) =>
        Hash(KeyOf(term) ^ (ulong)kind, number);

    /// <summary>64 bits of a text (FNV-1a).</summary>
    private static ulong KeyOf(ReadOnlySpan<byte> text)
    {
        var hash = 14_695_981_039_346_656_037UL;
        foreach (var one in text)
            hash = (hash ^ one) * 1_099_511_628_211UL;
        return hash;
    }

    /// <summary>Mixes both, so that a sum of hashes tells a swap (the finalizer of SplitMix64).</summary>
    private static ulong Hash(ulong key, long number)
    {
        var mixed = key + ((ulong)number * 0x9E37_79B9_7F4A_7C15UL);
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9UL;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EBUL;
        return mixed ^ (mixed >> 31);
    }
}
