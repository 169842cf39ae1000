using System.CommandLine;
using Roster.Cli.Sync;

namespace Roster.Cli.Commands;

/// <summary>plan: what sync would do, and nothing else.</summary>
internal static class PlanCommand
{
    public static Command Create(GlobalOptions options)
    {
        var file = new Sync.FileOptions();
        var planFile = new Option<string?>("--plan-file", "-o")
        {
            Description = "Write the plan into this file, for apply",
            HelpName = "FILE",
        }.NotEmpty();
        var exitCode = new Option<bool>("--exit-code") { Description = "End with 10 if there is something to apply" };
        var faults = GlobalOptions.Faults();
        var skipFaulty = new Option<bool>("--skip-faulty") { Description = "Plan the other rows, where some have faults" };
        var command = new ExampleCommand("plan",
            "Show what sync would do with a file. Nothing is written.", "roster plan partners.csv --match externalId -o plan.json")
        {
            planFile, exitCode, faults, skipFaulty,
        };
        file.AddTo(command);
        Invocation.Set(command, options, async (run, cancel) =>
        {
            var plan = await PlannedFile.MakeAsync(
                run, run.Parsed.GetRequiredValue(file.File), file.SettingsOf(run.Parsed), cancel);
            if (plan.IsApplying)
                throw CommandException.Failed("The same file is being applied, by roster sync. Run that command again to see its end.");
            var refused = await SyncCommand.ShowAsync(
                run, plan, run.Parsed.GetValue(faults), run.Parsed.GetValue(skipFaulty), cancel);
            PlanWriter.WriteResult(run, plan.Import);
            if (refused != ExitCodes.Done)
                return refused;
            if (run.Parsed.GetValue(planFile) is { } path)
            {
                plan.Save(run.Connection.Url, path);
                run.Screen.Note($"Written to {path}. Apply it: roster apply {path}");
            }
            return run.Parsed.GetValue(exitCode) && SyncCommand.IsPending(plan.Import) ? ExitCodes.Pending : ExitCodes.Done;
        });
        return command;
    }
}
