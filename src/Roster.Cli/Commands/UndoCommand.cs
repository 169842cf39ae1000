using System.CommandLine;
using Roster.Cli.Connections;
using Roster.Cli.Terminal;
using Roster.Client;

namespace Roster.Cli.Commands;

/// <summary>undo: takes a change set or an import back, seen first.</summary>
internal static class UndoCommand
{
    public static Command Create(GlobalOptions options)
    {
        var revision = new Argument<long?>("revision") { Description = "The change set", Arity = ArgumentArity.ZeroOrOne };
        var import = new Option<Guid?>("--import") { Description = "All change sets of this import", HelpName = "ID" };
        var skip = new Option<bool>("--skip-conflicts") { Description = "Leave partners that were changed since as they are" };
        var yes = GlobalOptions.Yes("Undo without asking");
        var command = new ExampleCommand("undo",
            "Take a change set back: what it would do is shown first. If partners were changed since, nothing is undone, and they are "
            + "named.",
            "roster undo 1 --yes")
        {
            revision, import, skip, yes,
        };
        Invocation.Set(command, options, (run, cancel) =>
        {
            var isYes = run.Parsed.GetValue(yes);
            var skips = run.Parsed.GetValue(skip);
            return (run.Parsed.GetValue(revision), run.Parsed.GetValue(import)) switch
            {
                ({ } one, null) => UndoAsync(run, one, skips, isYes, cancel),
                (null, { } id) => UndoImportAsync(run, id, skips, isYes, cancel),
                _ => throw CommandException.Usage("Give a revision, or --import ID. \"roster changes\" lists the revisions."),
            };
        });
        return command;
    }

    private static async Task<int> UndoAsync(Invocation run, long revision, bool skips, bool isYes, CancellationToken cancel)
    {
        // Each workspace has a revision of this number, and a key is of one workspace.
        var runFile = new RunFile(run.Connection.Url, "undo", run.Connection.Key, revision.ToString(), skips.ToString());
        if (runFile.Read() is null)
        {
            var plan = await TryAsync(run, () => run.Client.UndoAsync(
                revision, new UndoOptions { DryRun = true, SkipConflicts = skips }, cancel));
            if (plan is null)
                return ExitCodes.Guarded;
            Say(run.Screen, "It would: ", plan);
            if (!isYes && await run.Screen.AskAsync("Undo? [y]es, [n]o", "yn", "--yes", cancel) == 'n')
                return ExitCodes.Done;
        }
        var done = await TryAsync(run, () => runFile.WriteAsync(key => run.Client.UndoAsync(
            revision, new UndoOptions { SkipConflicts = skips, IdempotencyKey = key }, cancel)));
        if (done is null)
            return ExitCodes.Guarded;
        Say(run.Screen, $"Done, revision {done.Revision}: ", done);
        if (!run.Results.IsForPeople)
            await run.Results.WriteAsync(done.Changes, ChangesCommand.ChangeColumns, "It changed nothing.", cancel);
        return ExitCodes.Done;
    }

    /// <returns>Null if partners were changed since; they have been named.</returns>
    private static async Task<UndoResult?> TryAsync(Invocation run, Func<Task<UndoResult>> undo)
    {
        try
        {
            return await undo();
        }
        catch (RosterException conflicts) when (conflicts.Faults.Count > 0)
        {
            run.Screen.Fail("Nothing was undone: partners were changed since.");
            run.SayFaults(conflicts);
            run.Screen.Note("Undo the others with --skip-conflicts.");
            return null;
        }
    }

    private static async Task<int> UndoImportAsync(Invocation run, Guid id, bool skips, bool isYes, CancellationToken cancel)
    {
        var import = await run.Client.Imports.GetAsync(id, cancel);
        if (import.State == "undone" || import.Revisions.Count == 0)
        {
            run.Screen.Note(import.State == "undone" ? "It is undone already." : "It has written nothing.");
            return ExitCodes.Done;
        }
        run.Screen.Note($"It would undo revisions {string.Join(", ", import.Revisions)} of {import.File.Name}.");
        if (!isYes && await run.Screen.AskAsync("Undo? [y]es, [n]o", "yn", "--yes", cancel) == 'n')
            return ExitCodes.Done;
        await run.Client.Imports.UndoAsync(id, skipConflicts: skips, cancel: cancel);
        import = await run.WaitAsync("Undoing", "parts", id, cancel);
        if (import.State == "undone")
        {
            run.Screen.Note("Done: it is undone.");
            return ExitCodes.Done;
        }
        run.Screen.Fail(import.UndoRefused ? "Nothing was undone: partners were changed since."
            : $"It was not undone as a whole: {import.Reason?.Message}");
        foreach (var conflict in import.UndoConflicts.Take(20))
            run.Screen.Warn($"  {conflict.Id}: {conflict.Message}");
        run.Screen.Note("Undo the others with --skip-conflicts.");
        return import.UndoRefused || import.Reason?.Code == "changed_since" ? ExitCodes.Guarded : ExitCodes.Partly;
    }

    private static void Say(Screen screen, string before, UndoResult result)
    {
        var parts = new (int Count, string What)[]
        {
            (result.Created, "created"), (result.Updated, "updated"), (result.Deleted, "deleted"), (result.Restored, "restored"),
            (result.Kept.Count, "left as they are"),
        };
        screen.Note(before + string.Join(", ", parts.Where(part => part.Count > 0).Select(part => $"{part.Count:N0} {part.What}")
            .DefaultIfEmpty("nothing")) + ".");
    }
}
