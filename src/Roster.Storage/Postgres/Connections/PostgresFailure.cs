using System.Net.Sockets;
using Npgsql;

namespace Roster.Storage.Postgres.Connections;

/// <summary>The meaning of Npgsql's exceptions (postgresql.org/docs/current/errcodes-appendix.html).</summary>
internal static class PostgresFailure
{
    /// <summary>
    /// Whether the exception comes from the database or the network, and is not a bug of ours. Of class 42, only the
    /// states count that mean that part of Roster's schema is missing; the others mean that a statement is wrong.
    /// Classes 22 (data) and 23 (constraints) are bugs too: writes are planned on rows that nobody else can change.
    /// </summary>
    public static bool IsOutage(Exception failure) => failure switch
    {
        PostgresException postgres => IsSchemaChanged(postgres) || postgres.SqlState == PostgresErrorCodes.InsufficientPrivilege
            || postgres.SqlState[..2] is "08" or "0A" or "25" or "26" or "28" or "3D" or "40"
                or "53" or "54" or "55" or "57" or "58" or "F0" or "XX",
        NpgsqlException or SocketException or TimeoutException or IOException => true,
        // A column has an unexpected type.
        InvalidCastException => true,
        // The connections were closed because the server stops.
        ObjectDisposedException => true,
        _ => false,
    };

    /// <summary>Whether a schema, table, column, type, function or index is missing or different.</summary>
    private static bool IsSchemaChanged(PostgresException failure) => failure.SqlState
        is PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn
        or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.UndefinedObject or PostgresErrorCodes.DatatypeMismatch
        or PostgresErrorCodes.WrongObjectType or PostgresErrorCodes.InvalidColumnReference;

    /// <summary>
    /// Whether the same work may succeed on another connection or later: conflicts, and servers that stop, start or
    /// have become a standby. Nothing was written, unless it happened at COMMIT.
    /// </summary>
    /// <param name="isCitus">
    /// Whether the server is a Citus coordinator: it reports a missing worker as an internal error. A row lock is left behind
    /// when its shard moves, so two writes can take the same revision, of which the key lets one in.
    /// </param>
    public static bool IsTransient(Exception failure, bool isCitus) => failure switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InternalError } => isCitus,
        // What a worker reports, the coordinator hands on without the constraint's name, which its message has.
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } taken =>
            isCitus && (taken.ConstraintName ?? taken.MessageText).Contains("change_set_pkey", StringComparison.Ordinal),
        PostgresException
        {
            SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected
            or PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.TooManyConnections
            or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
        } => true,
        PostgresException postgres => postgres.SqlState.StartsWith("08", StringComparison.Ordinal) || postgres.SqlState == "25P03",
        // A command that timed out would time out again.
        NpgsqlException { InnerException: TimeoutException } => false,
        NpgsqlException or SocketException or IOException => true,
        _ => false,
    };

    /// <summary>Whether a failed COMMIT has certainly not committed: the server reports a rollback.</summary>
    public static bool IsRolledBack(Exception failure) =>
        failure is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <summary>The failure as an exception of the store.</summary>
    public static StoreException Of(Exception failure)
    {
        var trouble = failure is PostgresException postgres
            ? postgres.SqlState switch
            {
                PostgresErrorCodes.DiskFull => StoreTrouble.Full,
                PostgresErrorCodes.ReadOnlySqlTransaction => StoreTrouble.ReadOnly,
                PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted or PostgresErrorCodes.UndefinedFile =>
                    StoreTrouble.Damaged,
                _ when IsSchemaChanged(postgres) => StoreTrouble.Damaged,
                _ => StoreTrouble.Unavailable,
            }
            : failure is InvalidCastException ? StoreTrouble.Damaged : StoreTrouble.Unavailable;
        var cure = trouble == StoreTrouble.Damaged
            ? " What Roster made in this database is not there any more, or damaged: restore it from a backup." : "";
        return new StoreException(trouble, "PostgreSQL: " + Describe(failure) + cure, failure);
    }

    /// <param name="sql">The statement for a row that every workspace has.</param>
    public static StoreException MissingRow(string sql) => new(
        StoreTrouble.Damaged, $"PostgreSQL: a row that each workspace has is not there ({sql}). Restore the database from a backup.");

    /// <summary>One line, without the server's detail, which may contain a row's values.</summary>
    private static string Describe(Exception failure) => failure switch
    {
        PostgresException postgres => $"{postgres.SqlState} {postgres.MessageText}",
        // Npgsql's own words are "Exception while reading from stream".
        NpgsqlException { InnerException: IOException lost } => $"The connection was lost. {Describe(lost)}",
        { InnerException: { } inner } => $"{failure.Message} {Describe(inner)}",
        _ => failure.Message,
    };
}
