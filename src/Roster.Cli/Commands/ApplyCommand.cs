using System.CommandLine;
using Roster.Cli.Connections;
using Roster.Cli.Sync;
using Roster.Client;

namespace Roster.Cli.Commands;

/// <summary>apply: exactly what was planned, or which rows moved and by whom.</summary>
internal static class ApplyCommand
{
    public static Command Create(GlobalOptions options)
    {
        var file = new Argument<string>("plan") { Description = "The file of roster plan -o" }.NotEmpty();
        var skipConflicts = GlobalOptions.SkipConflicts();
        var command = new ExampleCommand("apply",
            "Write a plan, exactly as it was seen. If others have changed its partners since, nothing is written, and it says which "
            + "rows and who. If it stopped in the middle, the same command goes on.",
            "roster apply plan.json")
        {
            file, skipConflicts,
        };
        Invocation.Set(command, options, async (run, cancel) =>
        {
            var plan = PlanFile.Read(run.Parsed.GetRequiredValue(file));
            if (Connection.ParseUrl(plan.Server) != run.Connection.Url)
                throw CommandException.Usage(
                    $"The plan is for {plan.Server}, and this would go to {run.Connection.Url} ({run.Connection.UrlFrom}).");
            var import = await FindAsync(run, plan, cancel);
            if (import.State == "applied")
            {
                run.Screen.Note($"It was applied before: revisions {string.Join(", ", import.Revisions)}.");
                PlanWriter.WriteResult(run, import);
                return ExitCodes.Done;
            }
            var isBegun = import.Work == "apply" || import.Revisions.Count > 0;
            // One that was refused when it was to be applied is still the same plan.
            var canBeApplied = import.State == "planned" || (import.State is "stopped" or "cancelled" && import.Parts > 0);
            if (!isBegun && (!canBeApplied || import.Times.GetValueOrDefault("planned") != plan.PlannedAt))
                throw new CommandException(
                    ExitCodes.Guarded,
                    $"Nothing was written. The plan was changed since: it is {import.State}. Plan again: roster plan {plan.File}");
            return await PlanWriter.RunAsync(run, import, plan.Revision, null, run.Parsed.GetValue(skipConflicts), cancel);
        });
        return command;
    }

    private static async Task<Import> FindAsync(Invocation run, PlanFile plan, CancellationToken cancel)
    {
        try
        {
            return await run.Client.Imports.GetAsync(plan.ImportId, cancel);
        }
        catch (RosterException gone) when (gone.Status == 404)
        {
            throw CommandException.Failed(
                $"The plan is not on the server, or not in this key's workspace. Plan again: roster plan {plan.File}");
        }
    }
}
