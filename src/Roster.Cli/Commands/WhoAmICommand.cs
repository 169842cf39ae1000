using System.CommandLine;

namespace Roster.Cli.Commands;

/// <summary>whoami: the server, the key, and which settings gave them.</summary>
internal static class WhoAmICommand
{
    public static Command Create(GlobalOptions options)
    {
        var command = new ExampleCommand("whoami",
            "Show the server, the key, what it may do, and which setting gave each.", "roster whoami");
        Invocation.Set(command, options, async (run, cancel) =>
        {
            var who = await run.Client.WhoAmIAsync(cancel);
            run.Results.WriteOne(
                who,
                ("server", $"{run.Connection.Url} (from {run.Connection.UrlFrom}, version {who.Version})"),
                ("workspace", who.Workspace.Name),
                ("key", $"{who.Actor.Name} (from {run.Connection.KeyFrom})"),
                ("role", who.Role ?? "-"),
                ("scopes", string.Join(", ", who.Scopes)),
                ("expires", who.ExpiresAt is { } end ? $"{end:yyyy-MM-dd HH:mm} UTC" : "never"));
            KeyExpiry.Warn(run.Screen, who);
            return ExitCodes.Done;
        });
        return command;
    }
}
