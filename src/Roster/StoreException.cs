using Roster.Partners;

namespace Roster;

/// <summary>Why a database cannot serve.</summary>
public enum StoreTrouble
{
    /// <summary>Not reachable, locked by another process, or failing to read or write.</summary>
    Unavailable,

    /// <summary>It can be read but not written.</summary>
    ReadOnly,

    /// <summary>Its disk is full.</summary>
    Full,

    /// <summary>The connection or disk failed during a commit; whether it committed is not known yet.</summary>
    OutcomeUnknown,

    /// <summary>The search index has not reached the newest writes in time.</summary>
    SearchBehind,

    /// <summary>The database is damaged or missing. Waiting does not help; an operator must act.</summary>
    Damaged,

    /// <summary>Too many writes are waiting.</summary>
    Overloaded,

    /// <summary>The partners that the request is about have more text than one request may read (<see cref="TextBudget"/>).</summary>
    TooMuchText,
}

/// <summary>
/// The database cannot serve now: an outage, never the caller's fault. Nothing was written, unless the outcome is
/// unknown.
/// </summary>
public class StoreException(StoreTrouble trouble, string message, Exception? inner = null) : Exception(message, inner)
{
    public StoreTrouble Trouble { get; } = trouble;

    /// <summary>A read had no room for what it sorts. Its caller wrote nothing, so for it this is an outage.</summary>
    public static StoreException NoRoomToRead(StoreException full) => new(StoreTrouble.Unavailable, full.Message, full);
}

/// <summary>A part of the database is damaged, such as one record. Calls that do not need it still work.</summary>
public abstract class DamagedRecordException(string message, Exception? inner = null)
    : StoreException(StoreTrouble.Damaged, message, inner);

/// <summary>A partner's row is not as it was written. Calls that do not need it still work.</summary>
public sealed class DamagedPartnerException(Guid id) : DamagedRecordException(
    $"Partner {id} is not as it was written (checksum). What does not read it goes on. See what roster-server check finds, and "
    + "restore a backup, or take the row as it is with roster-server accept (docs/how-to/check-and-repair.md).")
{
    public Guid PartnerId { get; } = id;
}

/// <summary>A change set is damaged or missing in the log. Calls that do not need it still work.</summary>
public sealed class DamagedLogException(string message, Exception? inner = null)
    : DamagedRecordException(message + " Restore it from a backup; what does not read it goes on.", inner)
{
    public static DamagedLogException OfAnotherVersion() =>
        new("The change set is in an encoding that this version of Roster does not know.");
}

/// <summary>
/// The file with the files and rows of imports is damaged, which is beside the directory's. Calls that do not need it still work.
/// </summary>
public sealed class DamagedImportsException(string path, Exception inner) : DamagedRecordException(
    $"{path} is damaged; it has only files and rows of imports. What does not read it goes on. Stop the server, delete it with its -wal "
    + "and -shm, and send imports again that were not applied (docs/how-to/check-and-repair.md).", inner);
