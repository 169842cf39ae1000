using Roster.Changes;
using Roster.Imports;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite.Writing;

/// <summary>Writes a plan in the writer's transaction: the rows, the log's end, and the change set.</summary>
internal static class SqliteRowWriter
{
    /// <summary>New partners per insert statement; saves a seventh of the time for 10,000.</summary>
    private const int RowsPerInsert = 20;

    /// <summary>
    /// Parameters per new row: workspace, id, values, created_at, updated_at, revision and checksum. New rows are not deleted.
    /// </summary>
    private const int InsertParameters = FirstValue - 1 + FieldTexts.Length + 4;

    /// <summary>The parameter of the first value, after workspace and id.</summary>
    private const int FirstValue = 3;

    private static readonly string InsertPartner = InsertOf(1);

    private static readonly string InsertPartners = InsertOf(RowsPerInsert);

    private static readonly string UpdatePartner = UpdateOf(PartnerColumns.Values);

    /// <summary>For updates that change no indexed column: setting one would rewrite its index entry.</summary>
    private static readonly string UpdateUnindexed = UpdateOf(PartnerColumns.Values.Except([PartnerField.ExternalId.Column!]));

    private const string UpdateWorkspace = """
        update workspace set revision = ?2, changed_at = ?3, live = live + ?4 where id = ?1
        """;

    private const string InsertChangeSet = """
        insert into change_set
            (workspace_id, revision, kind, key_id, request_id, created, updated, unchanged, deleted, restored, at, changes, undoes,
            checksum)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
        """;

    /// <summary>Writes nothing if the part is written already.</summary>
    private const string InsertImportPart = """
        insert into import_part (workspace_id, import_id, part, parts, revision) values (?1, ?2, ?3, ?4, ?5)
        on conflict do nothing returning part
        """;

    /// <summary>Writes a plan's rows and its change set, visible after the writer's commit.</summary>
    public static void Send(SqliteDatabase database, long workspaceId, ChangePlan plan, WriteRequest request)
    {
        // A large change set is encoded on another core while this one writes the rows.
        var changes = plan.Changes.Count > SqliteWriter.MaxRowsTogether
            ? Task.Run(() => ChangeEncoding.Encode(plan)) : Task.FromResult(ChangeEncoding.Encode(plan));
        if (plan.Kind == ChangeKind.Erase)
            SqliteStore.Erase(database, workspaceId, plan);
        else
            SendRows(database, workspaceId, plan);
        SendLog(database, workspaceId, plan, request, changes.GetAwaiter().GetResult());
    }

    private static void SendLog(SqliteDatabase database, long workspaceId, ChangePlan plan, WriteRequest request, byte[] changes)
    {
        database.Prepare(UpdateWorkspace)
            .Bind(1, workspaceId).Bind(2, plan.Revision.Number).Bind(3, plan.Revision.At)
            .Bind(4, plan.Created + plan.Restored - plan.Deleted).Run();
        database.Prepare(InsertChangeSet)
            .Bind(1, workspaceId).Bind(2, plan.Revision.Number).Bind(3, plan.Kind)
            .Bind(4, request.Origin.KeyId).Bind(5, request.Origin.RequestId)
            .Bind(6, plan.Created).Bind(7, plan.Updated).Bind(8, plan.Unchanged).Bind(9, plan.Deleted).Bind(10, plan.Restored)
            .Bind(11, plan.Revision.At).Bind(12, changes).Bind(13, request.Change.Undoes).Bind(14, Checksum.Of(changes)).Run();
        if (request.Import is not { } import)
            return;
        using var row = database.Prepare(InsertImportPart)
            .Bind(1, workspaceId).Bind(2, import.ImportId).Bind(3, import.Part).Bind(4, import.Parts).Bind(5, plan.Revision.Number)
            .Query();
        if (!row.Step())
            throw new ImportPartWrittenException();
        row.Step();
    }

    private static void SendRows(SqliteDatabase database, long workspaceId, ChangePlan plan)
    {
        if (plan.Created < plan.Changes.Count)
        {
            var updated = plan.Changes.Index().Where(change => change.Item.Before is not null)
                .Select(change => (change.Item.After.Id, change.Index));
            using var inFileOrder = new IdOrder(updated, plan.Changes.Count);
            var (update, updateUnindexed) = (database.Prepare(UpdatePartner), database.Prepare(UpdateUnindexed));
            foreach (var at in inFileOrder.Places)
            {
                var (before, after) = (plan.Changes[at].Before!, plan.Changes[at].After);
                var isIndexed = (before.ExternalId, before.DeletedAt) != (after.ExternalId, after.DeletedAt);
                Update(isIndexed ? update : updateUnindexed, workspaceId, after);
            }
        }
        // New partners are in id order already.
        if (plan.Created > 0)
            Insert(database, workspaceId, [.. plan.Changes.Where(change => change.Before is null).Select(change => change.After)]);
    }

    private static void Insert(SqliteDatabase database, long workspaceId, Partner[] created)
    {
        var remainder = created.Length % RowsPerInsert;
        Run(InsertPartners, created.AsSpan(..^remainder), RowsPerInsert);
        Run(InsertPartner, created.AsSpan(^remainder..), 1);

        void Run(string sql, ReadOnlySpan<Partner> partners, int rows)
        {
            if (partners.IsEmpty)
                return;
            var insert = database.Prepare(sql);
            for (var i = 0; i < partners.Length; i++)
            {
                var partner = partners[i];
                var at = i % rows * InsertParameters;
                insert.Bind(at + 1, workspaceId).Bind(at + 2, partner.Id);
                Bind(insert, at + FirstValue, partner.Values);
                var times = at + FirstValue + FieldTexts.Length;
                insert.Bind(times, partner.CreatedAt).Bind(times + 1, partner.UpdatedAt).Bind(times + 2, partner.Revision)
                    .Bind(times + 3, Checksum.Of(partner));
                if ((i + 1) % rows == 0)
                    insert.Run();
            }
        }
    }

    private static void Update(SqliteStatement update, long workspaceId, Partner partner)
    {
        update.Bind(1, workspaceId).Bind(2, partner.Id);
        Bind(update, FirstValue, partner.Values);
        const int AfterValues = FirstValue + FieldTexts.Length;
        update.Bind(AfterValues, partner.UpdatedAt).Bind(AfterValues + 1, partner.DeletedAt).Bind(AfterValues + 2, partner.Revision)
            .Bind(AfterValues + 3, Checksum.Of(partner)).Run();
    }

    private static void Bind(SqliteStatement statement, int first, PartnerValues values)
    {
        foreach (var field in PartnerField.Values)
            statement.Bind(first + field.Slot, values[field]);
    }

    private static string InsertOf(int partners)
    {
        var row = $"({string.Join(", ", Enumerable.Repeat("?", InsertParameters))})";
        return $"insert into partner (workspace_id, id, {PartnerColumns.Each(column => column)}, created_at, updated_at, revision, "
            + "checksum) values " + string.Join(", ", Enumerable.Repeat(row, partners));
    }

    /// <summary>An update of these value columns; also of deleted_at if it sets all of them.</summary>
    private static string UpdateOf(IEnumerable<string> columns)
    {
        var set = columns.Select(column => $"{column} = ?{FirstValue + PartnerColumns.Values.IndexOf(column)}").ToList();
        const int AfterValues = FirstValue + FieldTexts.Length;
        var deleted = set.Count == FieldTexts.Length ? $", deleted_at = ?{AfterValues + 1}" : "";
        return $"update partner set {string.Join(", ", set)}, updated_at = ?{AfterValues}{deleted}, revision = ?{AfterValues + 2}, "
            + $"checksum = ?{AfterValues + 3}"
            + " where workspace_id = ?1 and id = ?2";
    }
}
