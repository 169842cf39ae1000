using System.Net.Sockets;
using Npgsql;

namespace Roster.Storage.Postgres;

/// <summary>What an exception of Npgsql means (postgresql.org/docs/current/errcodes-appendix.html).</summary>
internal static class PostgresFailure
{
    /// <summary>Whether the exception is the database's or the network's, and not a bug of ours.</summary>
    public static bool IsOutage(Exception failure) => failure switch
    {
        PostgresException postgres => postgres.SqlState[..2] is "08" or "25" or "28" or "40" or "53" or "55" or "57" or "58" or "XX" or "3D",
        NpgsqlException or SocketException or TimeoutException or IOException => true,
        _ => false,
    };

    /// <summary>
    /// Whether the same work may succeed on another connection or a moment later: conflicts, and servers that go, come, or have
    /// become a standby. Nothing was written, unless it happened at COMMIT.
    /// </summary>
    public static bool IsTransient(Exception failure) => failure switch
    {
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
                _ => StoreTrouble.Unavailable,
            }
            : StoreTrouble.Unavailable;
        return new StoreException(trouble, "PostgreSQL: " + Describe(failure), failure);
    }

    /// <summary>In one line. The server's detail is left out: it may show a row's values.</summary>
    private static string Describe(Exception failure) => failure switch
    {
        PostgresException postgres => $"{postgres.SqlState} {postgres.MessageText}",
        { InnerException: { } inner } => $"{failure.Message} {Describe(inner)}",
        _ => failure.Message,
    };
}
