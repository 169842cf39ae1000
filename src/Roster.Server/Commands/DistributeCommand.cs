using System.CommandLine;
using Roster.Storage;

namespace Roster.Server.Commands;

/// <summary>distribute: distributes the workspaces over the nodes of a Citus cluster.</summary>
internal static class DistributeCommand
{
    public static Command Create(Func<ParseResult, Store> parseStore, Func<Func<Task<int>>, Task<int>> report)
    {
        var distribute = new Command(
            "distribute",
            "On Citus: spread what workspaces own over the nodes by workspace, and keep the small tables on all of them.");
        distribute.SetAction((parsed, cancel) => report(async () =>
        {
            var tables = await parseStore(parsed).DistributeAsync(cancel);
            await Console.Error.WriteLineAsync(
                tables.Count == 0 ? "All tables were distributed already." : $"Distributed {string.Join(", ", tables)}.");
            return 0;
        }));
        return distribute;
    }
}
