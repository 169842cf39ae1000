using System.CommandLine;
using Roster.Cli.Connections;

namespace Roster.Cli.Commands;

/// <summary>login: checks a key and stores it under a profile.</summary>
internal static class LoginCommand
{
    public static Command Create(GlobalOptions options)
    {
        var url = new Argument<string>("url") { Description = "The server, such as https://roster.example" };
        var command = new ExampleCommand("login",
            "Store a server and a key, once the server has accepted the key. The key is typed unseen, or read from standard input "
            + "or --key-file; never an argument, which other users of the machine could see.",
            "roster login http://localhost:5080 < key.txt")
        {
            url,
        };
        Invocation.Set(command, options, async (run, cancel) =>
        {
            var server = Connection.ParseUrl(run.Parsed.GetRequiredValue(url));
            if (server.Scheme == "http" && !server.IsLoopback)
                run.Screen.Warn("This address is not https: the key and all data can be read on the way.");
            var key = run.KeyFile is { } file ? Connection.ReadKey(file)
                : await run.Screen.ReadSecretAsync($"API key for {server}:", cancel);
            if (key == "")
                throw CommandException.Usage("There is no key on standard input.");
            var who = await new Connection(server, "the argument", key, "what was given").Open().WhoAmIAsync(cancel);
            var name = run.ProfileName ?? Profiles.Default;
            Profiles.Read().Write(name, new Profile(server.ToString(), key));
            run.Screen.Note($"Logged in as {who.Actor.Name}, workspace {who.Workspace.Name}, with {string.Join(", ", who.Scopes)}.");
            run.Screen.Note(name == Profiles.Default
                ? "Stored as the default profile." : $"Stored as profile {name}. Use it with --profile {name}.");
            KeyExpiry.Warn(run.Screen, who);
            return ExitCodes.Done;
        });
        return command;
    }
}
