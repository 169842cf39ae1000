using System.CommandLine;

namespace Roster.Server.Commands;

/// <summary>workspaces create and list.</summary>
internal static class WorkspaceCommands
{
    public static Command Create(Func<StoreCommand, Func<ParseResult, CancellationToken, Task<int>>> withStore)
    {
        var name = new Argument<string>("name") { Description = "Unique on this server." };
        var create = new Command("create", "Create a workspace: a directory with its own partners, log and keys.") { name };
        create.SetAction(withStore(async (parsed, store, cancel) =>
        {
            var wanted = parsed.GetRequiredValue(name);
            if (string.IsNullOrWhiteSpace(wanted) || wanted.Length > Workspace.MaxName || wanted.Any(char.IsControl))
                throw new SettingException($"A workspace's name has 1 to {Workspace.MaxName} characters, no control characters.");
            if (await store.AddWorkspaceAsync(wanted, Timestamp.Now(TimeProvider.System), cancel) is null)
                throw new SettingException($"There is already a workspace '{wanted}'.");
            await Console.Error.WriteLineAsync($"Created. Next: keys create --workspace '{wanted}' --name … --scopes …");
            return 0;
        }));
        var list = new Command("list", "List the workspaces: one a line, columns divided by tabs.");
        list.SetAction(withStore(async (_, store, cancel) =>
        {
            await Console.Error.WriteLineAsync("name\trevision\tcreated");
            foreach (var one in await store.ListWorkspacesAsync(cancel))
                await Console.Out.WriteLineAsync(string.Join('\t', one.Name, one.Revision, one.CreatedAt));
            return 0;
        }));
        return new Command("workspaces", "Create and list workspaces.") { create, list };
    }
}
