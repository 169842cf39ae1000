using System.CommandLine;
using Roster.Client;

namespace Roster.Cli.Commands;

/// <summary>import list, show, rows, cancel and delete: the imports that sync, plan and the console have made.</summary>
internal static class ImportCommands
{
    public static Command Create(GlobalOptions options) =>
        new("import", "Look at imports: files that sync, plan or the console have brought in.")
        {
            List(options), Show(options), Rows(options),
            Deed(options, "cancel", "Stop an import: after the part that is being written, or at once. Written parts stay.",
                async (imports, id, cancel) => $"It is {(await imports.CancelAsync(id, cancel)).State}."),
            Deed(options, "delete", "Delete an import's file and rows from the server. Its receipt and its change sets stay.",
                async (imports, id, cancel) =>
                {
                    await imports.DeleteAsync(id, cancel);
                    return "Its file and rows are deleted.";
                }),
        };

    private static ExampleCommand List(GlobalOptions options)
    {
        var take = new TakeOption(20);
        var command = new ExampleCommand("list", "List imports, the newest first.", "roster import list") { take };
        Invocation.Set(command, options, async (run, cancel) =>
        {
            await run.Results.WriteAsync(
                take.Of(run.Parsed, run.Client.Imports.ListAsync(cancel)),
                [
                    new("id", import => import.Id.ToString()), new("file", import => import.File.Name),
                    new("state", import => import.Work is { } work ? $"{import.State} ({work})" : import.State),
                    new("by", import => import.Actor?.Name),
                    new("at", import => import.Times.Count > 0 ? Times.Of(import.Times.Values.Max()) : null),
                    new("created", import => import.Counts?.Created.ToString(), IsNumber: true),
                    new("updated", import => import.Counts?.Updated.ToString(), IsNumber: true),
                    new("deleted", import => import.Counts?.Deleted.ToString(), IsNumber: true),
                    new("faulty", import => import.Counts?.Faulty.ToString(), IsNumber: true),
                ],
                "There is no import.", cancel);
            return ExitCodes.Done;
        });
        return command;
    }

    private static ExampleCommand Show(GlobalOptions options)
    {
        var id = new Argument<Guid>("id") { Description = "The import" };
        var command = new ExampleCommand("show",
            "Show an import: its file, state, counts and revisions.", "roster import show $IMPORT_ID") { id };
        Invocation.Set(command, options, async (run, cancel) =>
        {
            var import = await run.Client.Imports.GetAsync(run.Parsed.GetRequiredValue(id), cancel);
            run.Results.WriteOne(
                import, ("id", import.Id.ToString()), ("file", import.File.Name), ("state", import.State), ("work", import.Work),
                ("why", import.Reason?.Message), ("rows", import.Rows?.ToString()), ("match on", import.MatchOn ?? "nothing"),
                ("mode", import.Mode), ("created", import.Counts?.Created.ToString()), ("updated", import.Counts?.Updated.ToString()),
                ("unchanged", import.Counts?.Unchanged.ToString()), ("deleted", import.Counts?.Deleted.ToString()),
                ("faulty", import.Counts?.Faulty.ToString()), ("parts", $"{import.Revisions.Count} of {import.Parts}"),
                ("revisions", string.Join(' ', import.Revisions)),
                ("file kept until", import.ExpiresAt is { } end ? Times.Of(end) : "it is deleted"));
            return ExitCodes.Done;
        });
        return command;
    }

    private static ExampleCommand Rows(GlobalOptions options)
    {
        var id = new Argument<Guid>("id") { Description = "The import" };
        var change = new Option<string?>("--change")
        {
            Description = "Only such rows",
            HelpName = "created|updated|unchanged|deleted|faulty|skipped",
        };
        var faulty = new Option<bool>("--faulty")
        {
            Description = "Only rows with faults, also those that were found while it was applied",
        };
        var search = new Option<string?>("--q") { Description = "Only rows with this text in a cell", HelpName = "TEXT" };
        var command = new ExampleCommand("rows",
            "Show the rows of a plan: what each would do, with old and new values, and its faults.", "roster import rows $IMPORT_ID")
        {
            id, change, faulty, search,
        };
        Invocation.Set(command, options, async (run, cancel) =>
        {
            var query = new ImportRowQuery
            {
                Change = run.Parsed.GetValue(change),
                FaultyOnly = run.Parsed.GetValue(faulty),
                Search = run.Parsed.GetValue(search),
            };
            await run.Results.WriteAsync(
                run.Client.Imports.ListRowsAsync(run.Parsed.GetRequiredValue(id), query, cancel),
                [
                    new("line", row => row.Line?.ToString(), IsNumber: true), new("change", row => row.Change),
                    new("id", row => row.Id?.ToString()),
                    new("fields", row => FieldTexts.Of(row.Fields)),
                    new("notes", row => string.Join(' ', row.Faults.Concat(row.Warnings).Select(note => note.Message))),
                ],
                "No row matches.", cancel);
            return ExitCodes.Done;
        });
        return command;
    }

    private static ExampleCommand Deed(
        GlobalOptions options, string name, string description, Func<ImportCalls, Guid, CancellationToken, Task<string>> deed)
    {
        var id = new Argument<Guid>("id") { Description = "The import" };
        var command = new ExampleCommand(name, description, $"roster import {name} $IMPORT_ID") { id };
        Invocation.Set(command, options, async (run, cancel) =>
        {
            run.Screen.Note(await deed(run.Client.Imports, run.Parsed.GetRequiredValue(id), cancel));
            return ExitCodes.Done;
        });
        return command;
    }
}
