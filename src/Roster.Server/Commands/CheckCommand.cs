using System.CommandLine;
using Roster.Cli;
using Roster.Storage;
using Roster.Storage.Checks;

namespace Roster.Server.Commands;

/// <summary>check: whether what is stored is whole. reindex: throws search indexes away.</summary>
internal static class CheckCommand
{
    public static Command Create(Func<ParseResult, Store> parseStore, Func<Func<Task<int>>, Task<int>> report)
    {
        var workspace = Workspace("Only this workspace; without it, all.");
        var check = new Command(
            "check", "Compare the log, the partners, the search index and the counts, and say what is damaged. Changes nothing.")
        {
            workspace,
        };
        check.SetAction((parsed, cancel) => report(() => RefusedAsWrongUsageAsync(async () =>
        {
            var isWhole = true;
            await parseStore(parsed).CheckAsync(parsed.GetValue(workspace), part =>
            {
                isWhole &= part.Damages.Count == 0;
                Write(part, Console.Out);
            }, cancel);
            return isWhole ? ExitCodes.Done : ExitCodes.Failed;
        })));
        return check;
    }

    public static Command CreateReindex(Func<ParseResult, Store> parseStore, Func<Func<Task<int>>, Task<int>> report)
    {
        var workspace = Workspace("Only this workspace's index; without it, all.");
        var reindex = new Command(
            "reindex", "Throw search indexes away; the server makes them anew. On SQLite, stop the server first.") { workspace };
        reindex.SetAction((parsed, cancel) => report(async () =>
        {
            var store = parseStore(parsed);
            foreach (var name in await store.ReindexAsync(parsed.GetValue(workspace), cancel))
                await Console.Out.WriteLineAsync(name);
            await Console.Error.WriteLineAsync("Thrown away. " + (!store.IsFile
                ? "Servers make an index anew with its next search or write; until then searches answer search_behind."
                : "The server makes them anew when it starts; until then searches answer search_behind."));
            return 0;
        }));
        return reindex;
    }

    private static Option<string?> Workspace(string description) => new("--workspace") { Description = description };

    /// <summary>A line for the part; where it is damaged, what, where and what to do.</summary>
    private static void Write(CheckPart part, TextWriter output)
    {
        var isWhole = part.Damages.Count == 0;
        output.WriteLine(string.Join('\t', part.Name, part.Workspace ?? "-", isWhole ? "ok" : "damaged", part.Summary));
        foreach (var damage in part.Damages)
        {
            output.WriteLine($"  {damage.Kind.What}: {damage.Count}");
            foreach (var item in damage.Items)
                output.WriteLine($"    {item}");
            if (damage.Count > damage.Items.Count && damage.Items.Count == FoundDamage.MaxItems)
                output.WriteLine("    and others");
            output.WriteLine($"  What to do: {damage.Kind.Cure}.");
        }
        output.Flush();
    }

    /// <summary>A database or workspace that cannot be checked is no damage, so it must not end as damage does.</summary>
    private static async Task<int> RefusedAsWrongUsageAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (StoreRefusedException failure)
        {
            throw new SettingException(failure.Message);
        }
    }
}
