using Roster.Client;

namespace Roster.Cli.Commands;

/// <summary>Who did something, as results have it.</summary>
internal static class Who
{
    /// <param name="actor">Null for a command on the server's machine.</param>
    public static string Of(Actor? actor) => actor?.Name ?? "the operator";
}
