using System.CommandLine;
using Roster.Cli.Sync;
using Roster.Client;

namespace Roster.Cli.Commands;

/// <summary>sync: a file in, seen before it is applied.</summary>
internal static class SyncCommand
{
    public static Command Create(GlobalOptions options)
    {
        var file = new Sync.FileOptions();
        var yes = GlobalOptions.Yes("Apply without asking; never more deletes than --max-deletes, and no faulty rows");
        var skipFaulty = new Option<bool>("--skip-faulty") { Description = "Apply the other rows, where some have faults" };
        var skipConflicts = GlobalOptions.SkipConflicts();
        var faults = GlobalOptions.Faults();
        var command = new ExampleCommand("sync",
            "Bring a file into the directory: it is uploaded, planned and shown, and applied when you say so. The same command, with the "
            + "same file, goes on after a crash or a cut line.",
            "roster sync partners.csv --match externalId --yes")
        {
            yes, skipFaulty, skipConflicts, faults,
        };
        file.AddTo(command);
        Invocation.Set(command, options, async (run, cancel) =>
        {
            var settings = file.SettingsOf(run.Parsed);
            var skips = run.Parsed.GetValue(skipConflicts);
            var plan = await PlannedFile.MakeAsync(run, run.Parsed.GetRequiredValue(file.File), settings, cancel);
            if (plan.IsApplying)
                return await PlanWriter.RunAsync(run, plan.Import, plan.Revision, plan.RunFile, skips, cancel);
            var isRefused = await ShowAsync(run, plan, run.Parsed.GetValue(faults), run.Parsed.GetValue(skipFaulty), cancel);
            if (isRefused != ExitCodes.Done)
                return isRefused;
            if (!IsPending(plan.Import))
            {
                plan.RunFile.Delete();
                run.Screen.Note("Nothing to change.");
                PlanWriter.WriteResult(run, plan.Import);
                return ExitCodes.Done;
            }
            return run.Parsed.GetValue(yes) || await AskAsync(run, plan, cancel)
                ? await PlanWriter.RunAsync(run, plan.Import, plan.Revision, plan.RunFile, skips, cancel) : ExitCodes.Done;
        });
        return command;
    }

    public static bool IsPending(Import import) => import.Counts is { } counts && counts.Created + counts.Updated + counts.Deleted > 0;

    /// <summary>Shows the plan and its faults.</summary>
    /// <returns>Not <see cref="ExitCodes.Done"/> if it cannot be applied as it is.</returns>
    public static async Task<int> ShowAsync(
        Invocation run, PlannedFile plan, string? faultsFile, bool skipsFaulty, CancellationToken cancel)
    {
        await PlanView.ShowAsync(run, plan, cancel);
        var counts = plan.Import.Counts!;
        if (counts.Faulty > 0)
        {
            await FaultReport.ShowAsync(run, plan.FilePath, plan.Import, cancel);
            if (faultsFile is not null)
                await FaultReport.WriteAsync(run, faultsFile, plan.Import, cancel);
            if (plan.Import.Mode == "mirror")
            {
                run.Screen.Fail("Nothing was written. A mirror is not applied with faulty rows: their partners would be deleted.");
                return ExitCodes.Faults;
            }
            if (!skipsFaulty)
            {
                run.Screen.Fail("Nothing was written. Correct the rows, or apply the others with --skip-faulty.");
                return ExitCodes.Faults;
            }
        }
        if (counts.AllowedDeletes is { } allowed && counts.Deleted > allowed)
        {
            run.Screen.Fail(
                $"Nothing was written. It would delete {counts.Deleted:N0} partners, and --max-deletes allows {allowed:N0}. "
                + "If that is right, say so with --max-deletes.");
            return ExitCodes.Guarded;
        }
        return ExitCodes.Done;
    }

    private static async Task<bool> AskAsync(Invocation run, PlannedFile plan, CancellationToken cancel)
    {
        while (true)
            switch (await run.Screen.AskAsync("Apply? [y]es, [n]o, show [c]hanges, [s]ave plan", "yncs", "--yes", cancel))
            {
                case 'y':
                    return true;
                case 'c':
                    await PlanView.ShowChangesAsync(run, plan.Import, cancel);
                    break;
                case 's':
                    var path = $"{Path.GetFileNameWithoutExtension(plan.FilePath)}.plan.json";
                    plan.Save(run.Connection.Url, path);
                    run.Screen.Note($"Saved. Apply it: roster apply {path}");
                    return false;
                default:
                    run.Screen.Note("Nothing was written.");
                    return false;
            }
    }
}
