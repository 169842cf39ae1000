namespace Roster.Cli;

/// <summary>A command that ends early. The message says why and what to do.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;

    public static CommandException Usage(string message) => new(ExitCodes.Usage, message);

    public static CommandException Failed(string message) => new(ExitCodes.Failed, message);
}
