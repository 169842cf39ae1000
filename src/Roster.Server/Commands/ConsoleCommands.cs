using System.CommandLine;
using Roster.Access;
using Roster.Server.Sessions;

namespace Roster.Server.Commands;

/// <summary>console link.</summary>
internal static class ConsoleCommands
{
    public static Command Create(Func<StoreCommand, Func<ParseResult, CancellationToken, Task<int>>> withStore)
    {
        var workspace = new Option<string>("--workspace") { Description = "The workspace that it opens.", Required = true };
        var name = new Option<string>("--name") { Description = "The person's name.", Required = true };
        var role = new Option<string>("--role") { Description = $"What the person may do: {Roles.AllNames}.", Required = true };
        var url = new Option<string>("--url")
        {
            Description = "The server's address, as the person's browser reaches it.",
            DefaultValueFactory = _ => "http://localhost:5080",
        };
        var link = new Command("link", "Invite a person: make a link to the console that works once, for 30 minutes, and print it.")
        {
            workspace, name, role, url,
        };
        link.SetAction(withStore(async (parsed, store, cancel) =>
        {
            var person = parsed.GetRequiredValue(name);
            KeyCommands.CheckName(person);
            var scopes = Roles.Parse(parsed.GetRequiredValue(role))
                ?? throw new SettingException($"--role is one of: {Roles.AllNames}; not '{parsed.GetRequiredValue(role)}'.");
            if (!Uri.TryCreate(parsed.GetRequiredValue(url), UriKind.Absolute, out var address)
                || address is not { Scheme: "http" or "https", PathAndQuery: "/", Fragment: "", UserInfo: "" })
                throw new SettingException(
                    $"--url is an address such as https://roster.example, not '{parsed.GetRequiredValue(url)}'.");
            var target = await KeyCommands.FindWorkspaceAsync(store, parsed.GetRequiredValue(workspace), cancel);
            var made = await AddLinkAsync(
                store, target, person, scopes, address.GetLeftPart(UriPartial.Authority), Timestamp.Now(TimeProvider.System), cancel);
            await Console.Error.WriteLineAsync(
                $"For {person}, {Roles.NameOf(scopes)} in {target.Name}. It works once, for 30 minutes; whoever opens it is signed in:");
            await Console.Out.WriteLineAsync(made);
            return 0;
        }));
        return new Command("console", "Invite people to the console.") { link };
    }

    /// <returns>The link, whose secret is stored nowhere.</returns>
    public static async Task<string> AddLinkAsync(
        IRosterStore store, Workspace workspace, string name, Scopes scopes, string origin, Timestamp now, CancellationToken cancel)
    {
        var (link, secret) = LinkEndpoints.New(workspace.Id, null, name, new Grant(scopes, HostnameList.Any, null), now);
        await store.AddLinkAsync(link, LinkEndpoints.Event(link, Actor.Command), cancel);
        return LinkEndpoints.UrlOf(origin, secret);
    }
}
