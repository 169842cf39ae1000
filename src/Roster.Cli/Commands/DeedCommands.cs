using System.CommandLine;
using System.Runtime.CompilerServices;
using Roster.Cli.Connections;
using Roster.Cli.Terminal;
using Roster.Client;

namespace Roster.Cli.Commands;

/// <summary>delete, restore and erase: partners by their ids.</summary>
internal static class DeedCommands
{
    private delegate Task<WriteResult> Deed(RosterClient client, IReadOnlyList<Guid> ids, WriteOptions options, CancellationToken cancel);

    public static IEnumerable<Command> Create(GlobalOptions options) =>
    [
        Create(options, "delete", "Delete partners. They can be restored.", "deleted", "Delete {0} partners?",
            (client, ids, how, cancel) => client.DeleteAsync(ids, how, cancel)),
        Create(options, "restore", "Restore deleted partners, with all that they had.", "restored", null,
            (client, ids, how, cancel) => client.RestoreAsync(ids, how, cancel)),
        Create(options, "erase", "Remove partners for good, with all their values in the log. It cannot be undone.", "erased",
            "Erase {0} partners for good? It cannot be undone.", (client, ids, how, cancel) => client.EraseAsync(ids, how, cancel)),
    ];

    /// <param name="question">Null for what needs no question.</param>
    private static ExampleCommand Create(GlobalOptions options, string name, string description, string done, string? question, Deed deed)
    {
        var ids = new Argument<string[]>("id") { Description = "Ids of partners; - reads them from standard input, one a line" };
        ids.Arity = ArgumentArity.OneOrMore;
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would happen" };
        var yes = GlobalOptions.Yes("Do it without asking");
        var command = new ExampleCommand(name, description, $"roster {name} $ID{(question is null ? "" : " --yes")}") { ids, dryRun };
        if (question is not null)
            command.Options.Add(yes);
        Invocation.Set(command, options, async (run, cancel) =>
        {
            var chosen = await ReadIdsAsync(run.Parsed.GetRequiredValue(ids), cancel);
            var runFile = new RunFile(run.Connection.Url, [name, run.Connection.Key, .. chosen.Select(id => id.ToString())]);
            if (runFile.Read() is null || run.Parsed.GetValue(dryRun))
            {
                // All or none: what cannot be done is said before the question.
                var plan = await deed(run.Client, chosen, new WriteOptions { DryRun = true }, cancel);
                if (run.Parsed.GetValue(dryRun))
                {
                    run.Screen.Note($"{chosen.Count:N0} partners would be {done}.");
                    return ExitCodes.Done;
                }
                if (question is not null && !run.Parsed.GetValue(yes)
                    && await run.Screen.AskAsync(
                        string.Format(question, chosen.Count.ToString("N0")) + " [y]es, [n]o", "yn", "--yes", cancel) == 'n')
                    return ExitCodes.Done;
            }
            var result = await runFile.WriteAsync(key => deed(run.Client, chosen, new WriteOptions { IdempotencyKey = key }, cancel));
            var undo = name == "erase" ? "" : $" Undo: roster undo {result.Revision}";
            var when = result.IsReplay ? "Done before, by the same command" : "Done";
            run.Screen.Note($"{when}: {chosen.Count:N0} {done}, revision {result.Revision}.{undo}");
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task<List<Guid>> ReadIdsAsync(string[] texts, CancellationToken cancel)
    {
        IEnumerable<string> all = texts is ["-"]
            ? await ReadLinesAsync(cancel).Take(RosterClient.MaxItems + 1).ToListAsync(CancellationToken.None) : texts;
        var ids = all.Take(RosterClient.MaxItems + 1).Select(text => Guid.TryParse(text, out var id)
            ? id : throw CommandException.Usage($"'{text}' is not the id of a partner.")).ToList();
        return ids.Count is > 0 and <= RosterClient.MaxItems ? ids
            : throw CommandException.Usage($"Give 1 to {RosterClient.MaxItems:N0} ids.");
    }

    private static async IAsyncEnumerable<string> ReadLinesAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        while (await Screen.ReadLineAsync(cancel) is { } line)
            if (line.Trim() is { Length: > 0 } text)
                yield return text;
    }
}
