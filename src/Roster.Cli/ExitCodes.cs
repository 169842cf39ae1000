namespace Roster.Cli;

/// <summary>How a command ended. Scripts rely on these numbers. The server's commands use this file too.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>It could not be done: no answer, no permission, nothing found, a file that cannot be read.</summary>
    public const int Failed = 1;

    /// <summary>The command is not well-formed, or it needs an answer and nobody is there.</summary>
    public const int Usage = 2;

    /// <summary>The data has faults. Nothing was written.</summary>
    public const int Faults = 3;

    /// <summary>A guard refused it: too many deletes, or the directory changed since the plan. Nothing was written.</summary>
    public const int Guarded = 4;

    /// <summary>Some parts were written, and then it stopped.</summary>
    public const int Partly = 5;

    /// <summary>Only of <c>plan --exit-code</c>: there is something to apply.</summary>
    public const int Pending = 10;

    /// <summary>Ctrl-C: 128 and the signal's number, as shells have it.</summary>
    public const int Interrupted = 130;

    /// <summary>Nobody reads what it writes any more: as Interrupted, for the signal of a closed pipe.</summary>
    public const int ReaderGone = 141;
}
