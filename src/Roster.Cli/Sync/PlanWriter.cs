using System.Diagnostics;
using Roster.Cli.Commands;
using Roster.Cli.Connections;
using Roster.Client;

namespace Roster.Cli.Sync;

/// <summary>Writes a plan, and says what was done.</summary>
internal static class PlanWriter
{
    /// <param name="planRevision">The newest revision when it was planned.</param>
    /// <param name="runFile">Null for a plan from a file, which itself says how to go on.</param>
    /// <param name="skipsConflicts">Whether rows whose partners others changed since the plan are left out.</param>
    public static async Task<int> RunAsync(
        Invocation run, Import import, long planRevision, RunFile? runFile, bool skipsConflicts, CancellationToken cancel)
    {
        runFile?.Write(new Run { ImportId = import.Id, IsApplying = true });
        var started = Stopwatch.GetTimestamp();
        try
        {
            if (import.State != "applied" && import.Work != "apply")
                await run.Client.Imports.ApplyAsync(import, skipsConflicts, cancel);
            import = await run.WaitAsync("Applying", "parts", import.Id, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await SayInterruptedAsync(run, import.Id);
            return ExitCodes.Interrupted;
        }
        if (import.State != "applied")
            return await SayStoppedAsync(run, import, planRevision, runFile, cancel);
        runFile?.Delete();
        SayDone(run, import, Stopwatch.GetElapsedTime(started));
        return ExitCodes.Done;
    }

    /// <summary>What a script reads: the import, with its counts and revisions.</summary>
    public static void WriteResult(Invocation run, Import import)
    {
        if (run.Results.IsForPeople)
            return;
        run.Results.WriteOne(
            import, ("import", import.Id.ToString()), ("state", import.State), ("created", import.Counts?.Created.ToString()),
            ("updated", import.Counts?.Updated.ToString()), ("unchanged", import.Counts?.Unchanged.ToString()),
            ("deleted", import.Counts?.Deleted.ToString()), ("faulty", import.Counts?.Faulty.ToString()),
            ("revisions", string.Join(' ', import.Revisions)));
    }

    private static void SayDone(Invocation run, Import import, TimeSpan time)
    {
        run.Screen.Note(import.Revisions switch
        {
            [] => "Done: nothing had to be changed.",
            [var one] => $"Done in {time.TotalSeconds:N1} s: revision {one}. Undo: roster undo {one}",
            [var first, .., var last] =>
                $"Done in {time.TotalSeconds:N1} s: revisions {first} to {last}. Undo: roster undo --import {import.Id}",
        });
        if (import.LeftOut > 0)
            run.Screen.Warn(
                $"{import.LeftOut:N0} rows were left out: others changed their partners. See: roster import rows {import.Id} --faulty");
        WriteResult(run, import);
    }

    private static async Task<int> SayStoppedAsync(
        Invocation run, Import import, long planRevision, RunFile? runFile, CancellationToken cancel)
    {
        run.Screen.Fail(import.State == "cancelled" ? "Somebody cancelled it."
            : import.Reason is { } reason ? $"{reason.Message} ({reason.Code})" : $"It is {import.State}.");
        var isMoved = import.Reason?.Code == "changed_since";
        // The directory has become smaller since the plan, which cannot go on then.
        var isTooMany = import.Reason?.Code == "too_many_deletes";
        if (isMoved)
            try
            {
                await MovedRows.ShowAsync(run, import, planRevision, cancel);
            }
            catch (RosterException untold)
            {
                // What was written is still to be said.
                run.Screen.Warn($"  Which rows these are was not told: {untold.Message} See: roster import rows {import.Id} --faulty");
            }
        if (import.Revisions is [])
        {
            runFile?.Delete();
            run.Screen.Fail("Nothing was written. Plan again to see what would change now"
                + (isMoved ? ", or leave these rows out with --skip-conflicts." : "."));
            return isMoved || isTooMany ? ExitCodes.Guarded : ExitCodes.Failed;
        }
        run.Screen.Fail(
            $"{import.Revisions.Count:N0} of {import.Parts:N0} parts were written: "
            + $"revisions {import.Revisions[0]} to {import.Revisions[^1]}.");
        if (isTooMany)
            runFile?.Delete();
        var next = isMoved ? "The same command with --skip-conflicts goes on without these rows."
            : isTooMany ? "The deletes were not. Plan again to see what would change now." : "The same command goes on.";
        run.Screen.Fail($"{next} To take it back: roster undo --import {import.Id}");
        return ExitCodes.Partly;
    }

    /// <summary>The server goes on when the command ends; says how far it is, and how to follow or stop it.</summary>
    private static async Task SayInterruptedAsync(Invocation run, Guid id)
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            var now = await run.Client.Imports.GetAsync(id, soon.Token);
            run.Screen.Warn(
                $"Interrupted here. The server goes on: it is {now.State}, {now.Revisions.Count:N0} of {now.Parts:N0} parts are written.");
        }
        catch (Exception silent) when (silent is RosterException or OperationCanceledException)
        {
            run.Screen.Warn("Interrupted here. The server may go on; it did not say how far it is.");
        }
        run.Screen.Warn($"Follow it with the same command. Stop it: roster import cancel {id}");
    }
}
