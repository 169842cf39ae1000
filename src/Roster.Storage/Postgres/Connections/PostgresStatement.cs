using Npgsql;
using NpgsqlTypes;

namespace Roster.Storage.Postgres.Connections;

/// <summary>An SQL statement with its parameters, from <c>$1</c>.</summary>
internal readonly record struct PostgresStatement(string Sql, params Parameter[] Parameters);

/// <summary>A value with its type, because null has none.</summary>
internal readonly record struct Parameter(NpgsqlDbType Type, object? Value)
{
    public static implicit operator Parameter(long value) => new(NpgsqlDbType.Bigint, value);

    public static implicit operator Parameter(long? value) => new(NpgsqlDbType.Bigint, value);

    public static implicit operator Parameter(int value) => new(NpgsqlDbType.Integer, value);

    public static implicit operator Parameter(bool value) => new(NpgsqlDbType.Boolean, value);

    public static implicit operator Parameter(Timestamp value) => new(NpgsqlDbType.Bigint, value.Microseconds);

    public static implicit operator Parameter(Timestamp? value) => new(NpgsqlDbType.Bigint, value?.Microseconds);

    public static implicit operator Parameter(string? value) => new(NpgsqlDbType.Text, value);

    public static implicit operator Parameter(Guid value) => new(NpgsqlDbType.Uuid, value);

    public static implicit operator Parameter(Guid? value) => new(NpgsqlDbType.Uuid, value);

    public static implicit operator Parameter(byte[]? value) => new(NpgsqlDbType.Bytea, value);

    public static implicit operator Parameter(long[] values) => new(NpgsqlDbType.Array | NpgsqlDbType.Bigint, values);

    public static implicit operator Parameter(long?[] values) => new(NpgsqlDbType.Array | NpgsqlDbType.Bigint, values);

    public static implicit operator Parameter(int[] values) => new(NpgsqlDbType.Array | NpgsqlDbType.Integer, values);

    public static implicit operator Parameter(bool[] values) => new(NpgsqlDbType.Array | NpgsqlDbType.Boolean, values);

    public static implicit operator Parameter(string?[] values) => new(NpgsqlDbType.Array | NpgsqlDbType.Text, values);

    public static implicit operator Parameter(Guid[] values) => new(NpgsqlDbType.Array | NpgsqlDbType.Uuid, values);

    /// <summary>A value of the type jsonb.</summary>
    public static Parameter Json(string value) => new(NpgsqlDbType.Jsonb, value);

    public static implicit operator Parameter(byte[][] values) => new(NpgsqlDbType.Array | NpgsqlDbType.Bytea, values);
}

/// <summary>Runs statements, all of a call in one round trip, and reads their rows.</summary>
internal static class PostgresStatements
{
    /// <summary>
    /// The rows of each query; <see cref="NpgsqlDataReader.NextResultAsync(CancellationToken)"/> moves to the next one.
    /// </summary>
    public static async Task<NpgsqlDataReader> QueryAsync(
        this NpgsqlConnection connection, CancellationToken cancel, params IEnumerable<PostgresStatement> statements)
    {
        await using var batch = Batch(connection, statements);
        return await batch.ExecuteReaderAsync(cancel);
    }

    /// <summary>
    /// Rows whose columns are read in order while they arrive, so that a long value is never in memory as a whole.
    /// </summary>
    public static async Task<NpgsqlDataReader> QueryInPiecesAsync(
        this NpgsqlConnection connection, PostgresStatement statement, CancellationToken cancel)
    {
        await using var batch = Batch(connection, [statement]);
        return await batch.ExecuteReaderAsync(System.Data.CommandBehavior.SequentialAccess, cancel);
    }

    /// <returns>The number of rows that the statements changed together.</returns>
    public static async Task<int> RunAsync(
        this NpgsqlConnection connection, CancellationToken cancel, params IEnumerable<PostgresStatement> statements)
    {
        await using var batch = Batch(connection, statements);
        return await batch.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>Runs a statement with a time limit.</summary>
    public static async Task RunWithinAsync(this NpgsqlConnection connection, string sql, TimeSpan patience, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)patience.TotalSeconds };
        await command.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>All rows of the current result.</summary>
    public static async Task<List<T>> ReadAsync<T>(this NpgsqlDataReader rows, Func<NpgsqlDataReader, T> map, CancellationToken cancel)
    {
        var all = new List<T>();
        while (await rows.ReadAsync(cancel))
            all.Add(map(rows));
        return all;
    }

    public static async Task<List<T>> ListAsync<T>(
        this NpgsqlConnection connection, PostgresStatement statement, Func<NpgsqlDataReader, T> map, CancellationToken cancel)
    {
        await using var rows = await connection.QueryAsync(cancel, statement);
        return await rows.ReadAsync(map, cancel);
    }

    /// <summary>A row that every workspace has.</summary>
    /// <exception cref="StoreException">The row is missing.</exception>
    public static async Task<T> OneAsync<T>(
        this NpgsqlConnection connection, PostgresStatement statement, Func<NpgsqlDataReader, T> map, CancellationToken cancel) =>
        await connection.ListAsync(statement, map, cancel) is [var one] ? one : throw PostgresFailure.MissingRow(statement.Sql);

    public static string? TextOrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public static Guid? GuidOrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetGuid(column);

    public static long? Int64OrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    public static Timestamp Timestamp(this NpgsqlDataReader row, int column) => new(row.GetInt64(column));

    public static Timestamp? TimestampOrNull(this NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.Timestamp(column);

    private static NpgsqlBatch Batch(NpgsqlConnection connection, IEnumerable<PostgresStatement> statements)
    {
        var batch = new NpgsqlBatch(connection);
        foreach (var statement in statements)
        {
            var command = new NpgsqlBatchCommand(statement.Sql);
            foreach (var parameter in statement.Parameters ?? [])
                command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = parameter.Type, Value = parameter.Value ?? DBNull.Value });
            batch.BatchCommands.Add(command);
        }
        return batch;
    }
}
