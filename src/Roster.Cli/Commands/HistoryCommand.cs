using System.CommandLine;

namespace Roster.Cli.Commands;

/// <summary>history: what became of one partner.</summary>
internal static class HistoryCommand
{
    public static Command Create(GlobalOptions options)
    {
        var id = new Argument<Guid>("id") { Description = "The partner's id" };
        var command = new ExampleCommand("history",
            "Show what became of a partner, the newest first: who changed which field, from what to what.", "roster history $ID")
        {
            id,
        };
        Invocation.Set(command, options, async (run, cancel) =>
        {
            await run.Results.WriteAsync(
                run.Client.HistoryAsync(run.Parsed.GetRequiredValue(id), cancel),
                [
                    new("revision", step => step.Revision.ToString(), IsNumber: true),
                    new("at", step => Times.Of(step.At)),
                    new("by", step => Who.Of(step.Actor)),
                    new("change", step => step.Change),
                    new("fields", step => FieldTexts.Of(step.Fields, step.Gone)),
                ],
                "Nothing is known of it.", cancel);
            return ExitCodes.Done;
        });
        return command;
    }
}
