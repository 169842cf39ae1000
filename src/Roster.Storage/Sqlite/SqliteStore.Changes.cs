using System.Diagnostics;
using Roster.Batches;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Search;
using Roster.Storage.Sqlite.Writing;

namespace Roster.Storage.Sqlite;

/// <summary>Writing: one change set, from the rows that it must see to its commit.</summary>
internal sealed partial class SqliteStore
{
    private static readonly string SelectLive =
        $"select {PartnerColumns.All} from partner where workspace_id = ?1 and deleted_at is null order by id";

    /// <summary>How many partners one statement looks up, as long as there are so many: a tenth less time for 10,000.</summary>
    private const int ReadTogether = 20;

    /// <summary>How many partners one connection reads at once, where several share the work.</summary>
    private const int ReadByOne = 500;

    private static readonly string SelectNamed =
        "with named (id) as (values (?" + string.Join("), (?", Enumerable.Range(2, ReadTogether)) + ")) " +
        $"select {PartnerColumns.All} from named cross join partner using (id) where workspace_id = ?1";

    /// <summary>How many new partners one statement inserts, as long as there are so many: a seventh less time for 10,000.</summary>
    private const int InsertedTogether = 20;

    /// <summary>The parameters of a new row: workspace and id, its values, created_at, updated_at and revision. It is not deleted.</summary>
    private const int InsertParameters = FirstValue - 1 + FieldTexts.Length + 3;

    /// <summary>The parameter of the first value in what is written; workspace and id come before it.</summary>
    private const int FirstValue = 3;

    private static readonly string InsertPartner = InsertOf(1);

    private static readonly string InsertPartners = InsertOf(InsertedTogether);

    private static readonly string UpdatePartner = UpdateOf(PartnerColumns.Values);

    /// <summary>Where nothing changes that an index has: setting it would write the index's entry anew, to what it was.</summary>
    private static readonly string UpdateUnindexed = UpdateOf(PartnerColumns.Values.Except([PartnerField.ExternalId.Column!]));

    private const string UpdateWorkspace = """
        update workspace set revision = ?2, changed_at = ?3, live = live + ?4 where id = ?1
        """;

    private const string InsertChangeSet = """
        insert into change_set
            (workspace_id, revision, kind, key_id, request_id, created, updated, unchanged, deleted, restored, at, changes, undoes)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
        """;

    public async Task<WrittenPlan> WriteAsync(long workspaceId, WriteRequest request, CancellationToken cancel)
    {
        var change = request.Change;
        var start = Stopwatch.GetTimestamp();
        var index = change.MatchOn == MatchOn.Email ? await ReachNewestAsync(workspaceId, cancel) : null;
        var (plan, planned) = await WriteOrRememberAsync(workspaceId, request, database =>
        {
            var moment = Moment.At(ReadEnd(database, workspaceId), _clock);
            var byEmail = index is null ? null : new EmailMatches(database, workspaceId, index, moment.End.Number);
            var plan = request.PlanOn(ReadRows(database, workspaceId, change, byEmail), moment);
            var planned = Stopwatch.GetTimestamp();
            if (request.Writes(plan))
                Write(database, workspaceId, plan, request);
            if (request.Keeps(plan))
                Keep(database, workspaceId, plan, request);
            return (plan, planned);
        }, cancel);
        // From here on nothing can fail: it is written.
        if (request.Keeps(plan))
            Release(workspaceId, request.Idempotency!);
        if (request.Writes(plan) && plan.Kind == ChangeKind.Erase)
        {
            _cleaner?.Owe();
            _search?.Erased(workspaceId, plan.Revision.Number);
        }
        else if (request.Writes(plan))
            _search?.Changed(workspaceId);
        return new WrittenPlan(plan, Stopwatch.GetElapsedTime(start, planned), Stopwatch.GetElapsedTime(planned));
    }

    /// <summary>The rows that the change must see.</summary>
    private RowsNow ReadRows(SqliteDatabase database, long workspaceId, Change change, EmailMatches? byEmail)
    {
        var now = new RowsNow(change.Count);
        ReadById(database, workspaceId, change.Named.Select(one => (one.Id, one.Index)), change.Count, now);
        string[] known = [];
        if (byEmail is not null)
            foreach (var (at, value) in change.Sought)
                now.Match(at, byEmail.Find(value));
        else if (change.MatchOn == MatchOn.ExternalId)
            known = ReadMatches(database, workspaceId, change, now);
        ReadClaimed(database, workspaceId, change, known, now);
        foreach (var email in change.GivenEmails(now))
            now.HoldEmail(email, byEmail!.Find(email));
        if (change.Mirror is { } mirror)
            now.SetRest(ReadRest(database, workspaceId, now, now.CountRest(ReadLive(database, workspaceId), mirror)));
        return now;
    }

    private static int PartsOf(int count) => count <= SqliteWriter.MaxRowsTogether || Environment.ProcessorCount == 1
        ? 1 : (count + ReadByOne - 1) / ReadByOne;

    /// <summary>
    /// Reads for a change, many rows by several connections at once: nothing was written before it in its transaction, and the write lock is
    /// held, so all of them see the same.
    /// </summary>
    /// <param name="read">Given the connection, the part's number, and where it begins and ends.</param>
    private void ReadInParts(SqliteDatabase database, int count, Action<SqliteDatabase, int, int, int> read)
    {
        if (PartsOf(count) == 1)
            read(database, 0, 0, count);
        else
            // Each connection reads the inner pages of the tree for itself, so not by more than there are cores.
            ReadByMany();

        void ReadByMany()
        {
            try
            {
                Parallel.For(
                    0, PartsOf(count), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
                    part => _readers.ReadTogether(reader =>
                    {
                        read(reader, part, part * ReadByOne, Math.Min((part + 1) * ReadByOne, count));
                        return true;
                    }));
            }
            catch (AggregateException failures) when (failures.InnerExceptions.OfType<StoreException>().FirstOrDefault() is { } failure)
            {
                throw new StoreException(failure.Trouble, failure.Message, failures);
            }
        }
    }

    /// <summary>Reads partners, each for the item with its index.</summary>
    private void ReadById(SqliteDatabase database, long workspaceId, IEnumerable<(Guid Id, int Index)> ids, int atMost, RowsNow now)
    {
        using var named = new IdOrder(ids, atMost);
        ReadInParts(database, named.Count, (reader, _, from, to) =>
        {
            var rest = (to - from) % ReadTogether;
            ReadBy(reader, SelectNamed, from, to - rest, ReadTogether);
            ReadBy(reader, SelectPartner, to - rest, to, 1);
        });

        void ReadBy(SqliteDatabase reader, string sql, int from, int to, int together)
        {
            if (from == to)
                return;
            var select = reader.Prepare(sql);
            for (var i = from; i < to; i += together)
            {
                select.Bind(1, workspaceId);
                for (var k = 0; k < together; k++)
                    select.Bind(k + 2, named[i + k].Id);
                using var rows = select.Query();
                // Those that are there, in the same order.
                for (var at = i; rows.Step(); at++)
                {
                    var partner = MapPartner(rows);
                    at = named.Find(partner.Id, at);
                    now[named.Places[at]] = partner;
                }
            }
        }
    }

    /// <summary>The first live partners that no item names.</summary>
    private static List<Partner> ReadRest(SqliteDatabase database, long workspaceId, RowsNow now, int count)
    {
        var found = now.Found.Select(partner => partner.Id).ToHashSet();
        var rest = new List<Partner>(count);
        using var rows = database.Prepare(SelectLive).Bind(1, workspaceId).Query();
        while (rest.Count < count && rows.Step())
            if (!found.Contains(rows.Guid(0)))
                rest.Add(MapPartner(rows));
        return rest;
    }

    private static void Write(SqliteDatabase database, long workspaceId, ChangePlan plan, WriteRequest request)
    {
        // The log's entry of a large change is encoded on another core while this one writes the rows.
        var changes = plan.Changes.Count > SqliteWriter.MaxRowsTogether
            ? Task.Run(() => ChangeEncoding.Encode(plan)) : Task.FromResult(ChangeEncoding.Encode(plan));
        if (plan.Kind == ChangeKind.Erase)
            Erase(database, workspaceId, plan);
        else
            WriteRows(database, workspaceId, plan);
        database.Prepare(UpdateWorkspace)
            .Bind(1, workspaceId).Bind(2, plan.Revision.Number).Bind(3, plan.Revision.At)
            .Bind(4, plan.Created + plan.Restored - plan.Deleted).Run();
        database.Prepare(InsertChangeSet)
            .Bind(1, workspaceId).Bind(2, plan.Revision.Number).Bind(3, plan.Kind)
            .Bind(4, request.Origin.KeyId).Bind(5, request.Origin.RequestId)
            .Bind(6, plan.Created).Bind(7, plan.Updated).Bind(8, plan.Unchanged).Bind(9, plan.Deleted).Bind(10, plan.Restored)
            .Bind(11, plan.Revision.At).Bind(12, changes.GetAwaiter().GetResult()).Bind(13, request.Change.Undoes).Run();
    }

    private static void WriteRows(SqliteDatabase database, long workspaceId, ChangePlan plan)
    {
        if (plan.Created < plan.Changes.Count)
        {
            var updated = plan.Changes.Index().Where(change => change.Item.Before is not null).Select(change => (change.Item.After.Id, change.Index));
            using var inFileOrder = new IdOrder(updated, plan.Changes.Count);
            var (update, updateUnindexed) = (database.Prepare(UpdatePartner), database.Prepare(UpdateUnindexed));
            foreach (var at in inFileOrder.Places)
            {
                var (before, after) = (plan.Changes[at].Before!, plan.Changes[at].After);
                var isIndexed = (before.ExternalId, before.DeletedAt) != (after.ExternalId, after.DeletedAt);
                Update(isIndexed ? update : updateUnindexed, workspaceId, after);
            }
        }
        // New partners have their ids in the order of the request.
        if (plan.Created > 0)
            Insert(database, workspaceId, [.. plan.Changes.Where(change => change.Before is null).Select(change => change.After)]);
    }

    private static void Insert(SqliteDatabase database, long workspaceId, Partner[] created)
    {
        var rest = created.Length % InsertedTogether;
        Run(InsertPartners, created.AsSpan(..^rest), InsertedTogether);
        Run(InsertPartner, created.AsSpan(^rest..), 1);

        void Run(string sql, ReadOnlySpan<Partner> partners, int together)
        {
            if (partners.IsEmpty)
                return;
            var insert = database.Prepare(sql);
            for (var i = 0; i < partners.Length; i++)
            {
                var partner = partners[i];
                var at = i % together * InsertParameters;
                insert.Bind(at + 1, workspaceId).Bind(at + 2, partner.Id);
                Bind(insert, at + FirstValue, partner.Values);
                var rest = at + FirstValue + FieldTexts.Length;
                insert.Bind(rest, partner.CreatedAt).Bind(rest + 1, partner.UpdatedAt).Bind(rest + 2, partner.Revision);
                if ((i + 1) % together == 0)
                    insert.Run();
            }
        }
    }

    private static void Update(SqliteStatement update, long workspaceId, Partner partner)
    {
        update.Bind(1, workspaceId).Bind(2, partner.Id);
        Bind(update, FirstValue, partner.Values);
        const int Rest = FirstValue + FieldTexts.Length;
        update.Bind(Rest, partner.UpdatedAt).Bind(Rest + 1, partner.DeletedAt).Bind(Rest + 2, partner.Revision).Run();
    }

    private static void Bind(SqliteStatement statement, int first, PartnerValues values)
    {
        foreach (var field in PartnerField.Values)
            statement.Bind(first + field.Slot, values[field]);
    }

    private static string InsertOf(int partners)
    {
        var row = $"({string.Join(", ", Enumerable.Repeat("?", InsertParameters))})";
        return $"insert into partner (workspace_id, id, {PartnerColumns.Each(column => column)}, created_at, updated_at, revision) values "
            + string.Join(", ", Enumerable.Repeat(row, partners));
    }

    /// <summary>The update that sets these columns of values, and deleted_at where it sets all.</summary>
    private static string UpdateOf(IEnumerable<string> columns)
    {
        var set = columns.Select(column => $"{column} = ?{FirstValue + PartnerColumns.Values.IndexOf(column)}").ToList();
        const int Rest = FirstValue + FieldTexts.Length;
        var deleted = set.Count == FieldTexts.Length ? $", deleted_at = ?{Rest + 1}" : "";
        return $"update partner set {string.Join(", ", set)}, updated_at = ?{Rest}{deleted}, revision = ?{Rest + 2} where workspace_id = ?1 and id = ?2";
    }

    /// <summary>
    /// The live partners with an address, in a transaction: those that the search index knows, and those that were changed since it
    /// last followed the log, which the log names. So a write never waits for the index while it holds up others.
    /// </summary>
    private sealed class EmailMatches
    {
        private readonly SqliteDatabase _database;
        private readonly long _workspaceId;
        private readonly SqliteSearchIndex _index;
        private readonly HashSet<Guid> _changed;
        private ILookup<string, Guid>? _byEmail;

        public EmailMatches(SqliteDatabase database, long workspaceId, SqliteSearchIndex index, long end)
        {
            (_database, _workspaceId, _index) = (database, workspaceId, index);
            _changed = [.. ReadChanged(database, workspaceId, index.Reached, end, int.MaxValue)!];
        }

        /// <param name="email">Folded.</param>
        /// <returns>In id order; where they are more than <see cref="RowsNow.MaxMatches"/>, so many of them.</returns>
        public List<Partner> Find(string email)
        {
            // Of those that were changed, the index does not count.
            var indexed = _index.Read(search => SqliteSearchQuery.IdsWithEmail(search, email, _changed, RowsNow.MaxMatches));
            return
            [
                .. indexed.Concat(Changed(email)).Order().Take(RowsNow.MaxMatches)
                    .Select(id => ReadPartner(_database, _workspaceId, id)).OfType<Partner>(),
            ];
        }

        private IEnumerable<Guid> Changed(string email)
        {
            _byEmail ??= _changed.Select(id => ReadPartner(_database, _workspaceId, id)).OfType<Partner>()
                .Where(partner => partner is { DeletedAt: null, Email: not null })
                .ToLookup(partner => Upsert.FoldEmail(partner.Email!), partner => partner.Id);
            return _byEmail[email];
        }
    }
}
