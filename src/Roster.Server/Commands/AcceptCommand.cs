using System.CommandLine;
using Roster.Cli;

namespace Roster.Server.Commands;

/// <summary>accept: takes damaged partners' rows as they are, so that they can be read and corrected.</summary>
internal static class AcceptCommand
{
    private const int MaxPartners = 100;

    public static Command Create(Func<StoreCommand, Func<ParseResult, CancellationToken, Task<int>>> withStore)
    {
        var workspace = new Option<string>("--workspace") { Description = "The workspace of the partners.", Required = true };
        var ids = new Argument<Guid[]>("id")
        {
            Description = $"Partners' ids, as check and the log name them; at most {MaxPartners}.",
            Arity = new ArgumentArity(1, MaxPartners),
        };
        var accept = new Command(
            "accept", "Take damaged partners as they are stored now, so that they can be read and corrected. The server may run.")
        {
            workspace, ids,
        };
        accept.SetAction(withStore(async (parsed, store, cancel) =>
        {
            var target = await KeyCommands.FindWorkspaceAsync(store, parsed.GetRequiredValue(workspace), cancel);
            var wanted = parsed.GetRequiredValue(ids).Distinct().ToList();
            var found = await store.AcceptAsync(target.Id, wanted, cancel);
            foreach (var id in found)
                await Console.Out.WriteLineAsync($"{id}");
            foreach (var id in wanted.Except(found))
                await Console.Error.WriteLineAsync($"There is no partner {id} in workspace '{target.Name}'.");
            if (found.Count > 0)
                await Console.Error.WriteLineAsync(
                    "Taken as they are. Compare all of their fields with a backup or the system they come from, and write the right ones.");
            return found.Count == wanted.Count ? ExitCodes.Done : ExitCodes.Failed;
        }));
        return accept;
    }
}
