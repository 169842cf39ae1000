using System.Net.Sockets;
using Npgsql;

namespace Roster.Storage.Postgres.Connections;

/// <summary>What an exception of Npgsql means (postgresql.org/docs/current/errcodes-appendix.html).</summary>
internal static class PostgresFailure
{
    /// <summary>
    /// Whether the exception is the database's or the network's, and not a bug of ours. Of class 42, those states are the database's that a
    /// statement only meets where somebody has taken away what Roster made; the others say that its text is wrong wherever it runs. 22 (data) and
    /// 23 (constraints) are bugs too: what is written was planned on rows that nobody else can change.
    /// </summary>
    public static bool IsOutage(Exception failure) => failure switch
    {
        PostgresException postgres => IsSchemaChanged(postgres) || postgres.SqlState == PostgresErrorCodes.InsufficientPrivilege || postgres.SqlState[..2]
            is "08" or "0A" or "25" or "26" or "28" or "3D" or "40" or "53" or "54" or "55" or "57" or "58" or "F0" or "XX",
        NpgsqlException or SocketException or TimeoutException or IOException => true,
        // A column has another type than it was given.
        InvalidCastException => true,
        // Its connections were closed for good, since the server stops.
        ObjectDisposedException => true,
        _ => false,
    };

    /// <summary>Whether a schema, table, column, type, function or index is not there, or is another one.</summary>
    private static bool IsSchemaChanged(PostgresException failure) => failure.SqlState
        is PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn
        or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.UndefinedObject or PostgresErrorCodes.DatatypeMismatch
        or PostgresErrorCodes.WrongObjectType or PostgresErrorCodes.InvalidColumnReference;

    /// <summary>
    /// Whether the same work may succeed on another connection or a moment later: conflicts, and servers that go, come, or have
    /// become a standby. Nothing was written, unless it happened at COMMIT.
    /// </summary>
    /// <param name="isCitus">Whether the server is a coordinator of Citus, which calls a worker that has gone an internal error, too.</param>
    public static bool IsTransient(Exception failure, bool isCitus) => failure switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InternalError } => isCitus,
        PostgresException
        {
            SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected
            or PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.TooManyConnections
            or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
        } => true,
        PostgresException postgres => postgres.SqlState.StartsWith("08", StringComparison.Ordinal) || postgres.SqlState == "25P03",
        // A command that took too long would do so again.
        NpgsqlException { InnerException: TimeoutException } => false,
        NpgsqlException or SocketException or IOException => true,
        _ => false,
    };

    /// <summary>Whether a failed COMMIT has surely not committed: the server says that it rolled back.</summary>
    public static bool IsRolledBack(Exception failure) =>
        failure is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <summary>The outage as callers of the store know it.</summary>
    public static StoreException Of(Exception failure)
    {
        var trouble = failure is PostgresException postgres
            ? postgres.SqlState switch
            {
                PostgresErrorCodes.DiskFull => StoreTrouble.Full,
                PostgresErrorCodes.ReadOnlySqlTransaction => StoreTrouble.ReadOnly,
                PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted or PostgresErrorCodes.UndefinedFile => StoreTrouble.Damaged,
                _ when IsSchemaChanged(postgres) => StoreTrouble.Damaged,
                _ => StoreTrouble.Unavailable,
            }
            : failure is InvalidCastException ? StoreTrouble.Damaged : StoreTrouble.Unavailable;
        var cure = trouble == StoreTrouble.Damaged ? " What Roster made in this database is not there any more, or damaged: restore it from a backup." : "";
        return new StoreException(trouble, "PostgreSQL: " + Describe(failure) + cure, failure);
    }

    /// <param name="sql">The statement that finds a row which each workspace has.</param>
    public static StoreException MissingRow(string sql) => new(
        StoreTrouble.Damaged, $"PostgreSQL: a row that each workspace has is not there ({sql}). Restore the database from a backup.");

    /// <summary>In one line. The server's detail is left out: it may show a row's values.</summary>
    private static string Describe(Exception failure) => failure switch
    {
        PostgresException postgres => $"{postgres.SqlState} {postgres.MessageText}",
        { InnerException: { } inner } => $"{failure.Message} {Describe(inner)}",
        _ => failure.Message,
    };
}
