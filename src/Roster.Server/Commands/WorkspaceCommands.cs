using System.CommandLine;
using Roster.Cli.Terminal;

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
                throw new CommandFailedException($"There is already a workspace '{wanted}'.");
            await Console.Error.WriteLineAsync($"Created. Next: keys create --workspace '{wanted}' --name … --scopes …");
            return 0;
        }));
        var list = new Command("list", "List the workspaces: a table on a terminal, else columns divided by tabs.");
        list.SetAction(withStore(async (_, store, cancel) =>
        {
            Tables.Write(await store.ListWorkspacesAsync(cancel),
                new Column<Workspace>("Name", one => one.Name),
                new("Revision", one => $"{one.Revision}", IsNumber: true),
                new("Created", one => $"{one.CreatedAt}"));
            return 0;
        }));
        return new Command("workspaces", "Create and list workspaces.") { create, list };
    }
}
