using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using NpgsqlTypes;
using Roster.Storage.Postgres.Connections;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Postgres.Tools;

/// <summary>
/// Copies everything in an SQLite file into an empty PostgreSQL database, in one transaction. It commits only if the
/// rows, read back, have the same count and the same checksums. The search index is not copied but rebuilt.
/// </summary>
internal static class PostgresCopy
{
    private const int RowsPerReport = 10_000;

    /// <summary>The tables in the order of their references, with their columns and the order of their rows.</summary>
    private static readonly Table[] Tables =
    [
        new("workspace", "workspace", "id",
            [new("id", NpgsqlDbType.Bigint), new("name", NpgsqlDbType.Text), new("created_at", NpgsqlDbType.Bigint)]),
        new("log_end", "(select id as workspace_id, revision, changed_at, live, forgotten from workspace)", "workspace_id",
            [
                new("workspace_id", NpgsqlDbType.Bigint), new("revision", NpgsqlDbType.Bigint),
                new("changed_at", NpgsqlDbType.Bigint), new("live", NpgsqlDbType.Bigint),
                new("forgotten", NpgsqlDbType.Bigint),
            ]),
        new("api_key", "api_key", "id",
            [
                new("id", NpgsqlDbType.Uuid), new("workspace_id", NpgsqlDbType.Bigint),
                new("name", NpgsqlDbType.Text), new("prefix", NpgsqlDbType.Text),
                new("hash", NpgsqlDbType.Bytea), new("scopes", NpgsqlDbType.Text),
                new("created_at", NpgsqlDbType.Bigint), new("expires_at", NpgsqlDbType.Bigint),
                new("revoked_at", NpgsqlDbType.Bigint), new("last_used_at", NpgsqlDbType.Bigint),
                new("allowed_hostnames", NpgsqlDbType.Text), new("kind", NpgsqlDbType.Text),
                new("identity", NpgsqlDbType.Bytea),
            ]),
        new("session", "session", "id",
            [
                new("id", NpgsqlDbType.Uuid), new("workspace_id", NpgsqlDbType.Bigint),
                new("key_id", NpgsqlDbType.Uuid), new("hash", NpgsqlDbType.Bytea),
                new("created_at", NpgsqlDbType.Bigint), new("last_used_at", NpgsqlDbType.Bigint),
                new("expires_at", NpgsqlDbType.Bigint), new("address", NpgsqlDbType.Text),
                new("user_agent", NpgsqlDbType.Text),
            ]),
        new("console_link", "console_link", "id",
            [
                new("id", NpgsqlDbType.Uuid), new("workspace_id", NpgsqlDbType.Bigint),
                new("hash", NpgsqlDbType.Bytea), new("made_by", NpgsqlDbType.Uuid),
                new("name", NpgsqlDbType.Text), new("scopes", NpgsqlDbType.Text),
                new("allowed_hostnames", NpgsqlDbType.Text), new("key_expires_at", NpgsqlDbType.Bigint),
                new("created_at", NpgsqlDbType.Bigint), new("expires_at", NpgsqlDbType.Bigint),
            ]),
        new("audit_event", "audit_event", "workspace_id, number",
            [
                new("workspace_id", NpgsqlDbType.Bigint), new("number", NpgsqlDbType.Bigint),
                new("id", NpgsqlDbType.Uuid), new("at", NpgsqlDbType.Bigint),
                new("action", NpgsqlDbType.Text), new("actor_key_id", NpgsqlDbType.Uuid),
                new("address", NpgsqlDbType.Text), new("subject", NpgsqlDbType.Text),
            ]),
        new("partner", "partner", "workspace_id, id",
            [
                new("workspace_id", NpgsqlDbType.Bigint), new("id", NpgsqlDbType.Uuid),
                .. PartnerColumns.Values.Select(column => new Column(column, NpgsqlDbType.Text)), new("created_at", NpgsqlDbType.Bigint),
                new("updated_at", NpgsqlDbType.Bigint), new("deleted_at", NpgsqlDbType.Bigint), new("revision", NpgsqlDbType.Bigint),
                new("checksum", NpgsqlDbType.Bigint),
            ]),
        new("change_set", "change_set", "workspace_id, revision",
            [
                new("workspace_id", NpgsqlDbType.Bigint), new("revision", NpgsqlDbType.Bigint),
                new("kind", NpgsqlDbType.Text), new("key_id", NpgsqlDbType.Uuid),
                new("request_id", NpgsqlDbType.Uuid), new("created", NpgsqlDbType.Integer),
                new("updated", NpgsqlDbType.Integer), new("unchanged", NpgsqlDbType.Integer),
                new("deleted", NpgsqlDbType.Integer), new("restored", NpgsqlDbType.Integer),
                new("at", NpgsqlDbType.Bigint), new("undoes", NpgsqlDbType.Bigint),
                new("changes", NpgsqlDbType.Bytea), new("checksum", NpgsqlDbType.Bigint),
            ]),
        new("idempotency", "(select *, zeroblob(16) as claim from idempotency)", "workspace_id, key",
            [
                new("workspace_id", NpgsqlDbType.Bigint), new("key", NpgsqlDbType.Bytea),
                new("claim", NpgsqlDbType.Uuid), new("fingerprint", NpgsqlDbType.Bytea),
                new("at", NpgsqlDbType.Bigint), new("key_id", NpgsqlDbType.Uuid),
                new("request_id", NpgsqlDbType.Uuid), new("revision", NpgsqlDbType.Bigint),
                new("answer", NpgsqlDbType.Bytea),
            ]),
        new("import", "import", "workspace_id, id",
            [
                new("workspace_id", NpgsqlDbType.Bigint), new("id", NpgsqlDbType.Uuid), new("step", NpgsqlDbType.Bigint),
                new("due_at", NpgsqlDbType.Bigint), new("document", NpgsqlDbType.Bytea),
            ]),
        new("import_part", "import_part", "workspace_id, import_id, part",
            [
                new("workspace_id", NpgsqlDbType.Bigint), new("import_id", NpgsqlDbType.Uuid), new("part", NpgsqlDbType.Integer),
                new("parts", NpgsqlDbType.Integer), new("revision", NpgsqlDbType.Bigint),
            ]),
        new("import_mapping", "import_mapping", "workspace_id, name",
            [
                new("workspace_id", NpgsqlDbType.Bigint), new("name", NpgsqlDbType.Text), new("at", NpgsqlDbType.Bigint),
                new("document", NpgsqlDbType.Bytea),
            ]),
    ];

    /// <summary>The copied tables and columns, for the test that compares them with the schema.</summary>
    internal static IEnumerable<string> Moved => Tables.SelectMany(table => table.Columns.Select(column => $"{table.Name}.{column.Name}"));

    /// <exception cref="StoreRefusedException">
    /// The target is not empty, or the copy differs; nothing was changed.
    /// </exception>
    /// <returns>Why the planner has no statistics of the new rows; null if it has.</returns>
    public static string? Run(SqliteDatabase from, NpgsqlDataSource to, IProgress<CopyProgress> progress)
    {
        using var connection = to.OpenConnection();
        using var transaction = connection.BeginTransaction();
        if (Scalar(connection, "select count(*) from workspace") > 0)
            throw new StoreRefusedException(
                "--to has workspaces already; copy wants an empty database, on which no server has been started yet.");
        foreach (var table in Tables)
        {
            var (count, sum) = Send(table, from, connection, progress);
            if (ReadBack(table, connection) is var (arrived, arrivedSum) && (arrived != count || !arrivedSum.SequenceEqual(sum)))
                throw new StoreRefusedException(
                    $"The table {table.Name} has not arrived as it was sent ({count} rows, {arrived} arrived). Nothing was changed.");
            progress.Report(new CopyProgress(table.Name, count, count, IsVerified: true));
        }
        Execute(connection, "insert into search_state (workspace_id, reached) select id, 0 from workspace");
        transaction.Commit();
        try
        {
            Execute(connection, "analyze");
            return null;
        }
        catch (Exception failure) when (PostgresFailure.IsOutage(failure))
        {
            return PostgresFailure.Of(failure).Message;
        }
    }

    private static (long Count, byte[] Sum) Send(Table table, SqliteDatabase from, NpgsqlConnection to, IProgress<CopyProgress> progress)
    {
        var total = from.ReadInt64($"select count(*) from {table.Source}");
        using var sum = new RowSum();
        using var rows = from.Prepare($"select {table.ColumnNames} from {table.Source} order by {table.Order}").Query();
        using var copy = to.BeginBinaryImport($"copy {table.Name} ({table.ColumnNames}) from stdin (format binary)");
        var count = 0L;
        while (rows.Step())
        {
            copy.StartRow();
            for (var i = 0; i < table.Columns.Length; i++)
            {
                var value = rows.IsNull(i) ? null : table.Columns[i].Type switch
                {
                    NpgsqlDbType.Bigint => (object)rows.Int64(i),
                    NpgsqlDbType.Integer => (int)rows.Int64(i),
                    NpgsqlDbType.Uuid => rows.Guid(i),
                    NpgsqlDbType.Bytea => rows.Blob(i).ToArray(),
                    _ => rows.Text(i),
                };
                sum.Add(value);
                if (value is null)
                    copy.WriteNull();
                else
                    copy.Write(value, table.Columns[i].Type);
            }
            if (++count % RowsPerReport == 0)
                progress.Report(new CopyProgress(table.Name, count, total, IsVerified: false));
        }
        copy.Complete();
        return (count, sum.End());
    }

    private static (long Count, byte[] Sum) ReadBack(Table table, NpgsqlConnection connection)
    {
        using var sum = new RowSum();
        var sql = $"select {table.ColumnNames} from {table.Name} order by {table.Order}";
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        using var rows = command.ExecuteReader();
        var count = 0L;
        for (; rows.Read(); count++)
            for (var i = 0; i < table.Columns.Length; i++)
                sum.Add(rows.IsDBNull(i) ? null : rows.GetValue(i));
        return (count, sum.End());
    }

    private static long Scalar(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        return (long)command.ExecuteScalar()!;
    }

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        command.ExecuteNonQuery();
    }

    private sealed record Column(string Name, NpgsqlDbType Type);

    /// <param name="Source">The table or query in SQLite.</param>
    private sealed record Table(string Name, string Source, string Order, Column[] Columns)
    {
        public string ColumnNames => string.Join(", ", Columns.Select(column => column.Name));
    }

    /// <summary>SHA-256 over values, each with its length, so that different tables have different bytes.</summary>
    private sealed class RowSum : IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public void Add(object? value)
        {
            byte[] bytes = value switch
            {
                null => [],
                long number => BitConverter.GetBytes(number),
                int number => BitConverter.GetBytes(number),
                Guid id => id.ToByteArray(bigEndian: true),
                byte[] blob => blob,
                _ => Encoding.UTF8.GetBytes((string)value),
            };
            Span<byte> length = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(length, value is null ? -1 : bytes.Length);
            _hash.AppendData(length);
            _hash.AppendData(bytes);
        }

        public byte[] End() => _hash.GetHashAndReset();

        public void Dispose() => _hash.Dispose();
    }
}
