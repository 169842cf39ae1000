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

    /// <summary>The database was lost while it committed, and none can tell yet whether it did.</summary>
    OutcomeUnknown,

    /// <summary>The search index has not reached the newest writes in time.</summary>
    SearchBehind,

    /// <summary>It is damaged, or not where it was any more: waiting cures nothing, an operator does.</summary>
    Damaged,

    /// <summary>More writes wait than it takes.</summary>
    Overloaded,

    /// <summary>The partners that the request is about have more text than one request may read (<see cref="TextBudget"/>).</summary>
    TooMuchText,
}

/// <summary>The database cannot serve now. It is an outage, never the caller's fault, and nothing was written, but where the outcome is unknown.</summary>
public class StoreException(StoreTrouble trouble, string message, Exception? inner = null) : Exception(message, inner)
{
    public StoreTrouble Trouble { get; } = trouble;
}

/// <summary>A change set is damaged, or not in the log any more. What does not need it goes on.</summary>
public sealed class DamagedLogException(string message, Exception? inner = null)
    : StoreException(StoreTrouble.Damaged, message + " Restore it from a backup; what does not read it goes on.", inner)
{
    public static DamagedLogException OfAnotherVersion() =>
        new("The change set is in an encoding that this version of Roster does not know.");
}
