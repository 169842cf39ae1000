using System.CommandLine;
using Roster.Cli.Terminal;
using Roster.Client;

namespace Roster.Cli.Commands;

/// <summary>changes: the change sets; what one of them did; and with --follow, the feed.</summary>
internal static class ChangesCommand
{
    public static readonly IReadOnlyList<Column<PartnerChange>> ChangeColumns =
    [
        new("change", change => change.Change), new("id", change => change.Id?.ToString()),
        new("fields", change => FieldTexts.Of(change.Fields, change.Gone)),
    ];

    private static readonly IReadOnlyList<Column<ChangeSet>> SetColumns =
    [
        new("revision", set => set.Revision.ToString(), IsNumber: true), new("at", set => Times.Of(set.At)),
        new("kind", set => set.Kind), new("by", set => Who.Of(set.Actor)),
        new("created", set => set.Created.ToString(), IsNumber: true), new("updated", set => set.Updated.ToString(), IsNumber: true),
        new("deleted", set => set.Deleted.ToString(), IsNumber: true), new("restored", set => set.Restored.ToString(), IsNumber: true),
        new("undone by", set => set.UndoneBy?.ToString(), IsNumber: true),
    ];

    public static Command Create(GlobalOptions options)
    {
        var revision = new Argument<long?>("revision") { Description = "Show what this change set did", Arity = ArgumentArity.ZeroOrOne };
        var take = new TakeOption(20);
        var kind = new Option<string?>("--kind")
        {
            Description = "Only of this kind",
            HelpName = "upsert|mirror|create|delete|restore|undo|erase|import|recover",
        };
        var follow = new Option<bool>("--follow")
        {
            Description = "Print each partner that changes as a line of JSON, until it is interrupted. After each page comes a line "
                + "{\"next\": PLACE}",
        };
        var after = new Option<string?>("--after")
        {
            Description = "With --follow: go on after this place; without it, all partners come first",
            HelpName = "PLACE",
        };
        var command = new ExampleCommand("changes",
            "List the change sets, the newest first; show one; or follow the directory.", "roster changes --take 5", "roster changes 1")
        {
            revision, take, kind, follow, after,
        };
        Invocation.Set(command, options, (run, cancel) =>
        {
            if (run.Parsed.GetValue(follow))
                return FollowAsync(run, run.Parsed.GetValue(after), cancel);
            return run.Parsed.GetValue(revision) is { } one
                ? ShowAsync(run, one, cancel) : ListAsync(run, run.Parsed.GetValue(kind), take, cancel);
        });
        return command;
    }

    private static async Task<int> ListAsync(Invocation run, string? kind, TakeOption take, CancellationToken cancel)
    {
        var query = new ChangeSetQuery { Kind = kind, Take = take.PageOf(run.Parsed) };
        var sets = take.Of(run.Parsed, run.Client.ListChangeSetsAsync(query, cancel));
        await run.Results.WriteAsync(sets, SetColumns, "There is no change set.", cancel);
        return ExitCodes.Done;
    }

    private static async Task<int> ShowAsync(Invocation run, long revision, CancellationToken cancel)
    {
        if (await run.Client.GetChangeSetAsync(revision, cancel) is null)
            throw CommandException.Failed($"There is no change set {revision}.");
        await run.Results.WriteAsync(run.Client.ListChangesAsync(revision, cancel), ChangeColumns, "It changed nothing.", cancel);
        return ExitCodes.Done;
    }

    /// <summary>The feed as NDJSON. Lines with <c>next</c> are what a script stores, to go on from there.</summary>
    private static async Task<int> FollowAsync(Invocation run, string? after, CancellationToken cancel)
    {
        var next = after;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel, Reader.WatchGone());
        try
        {
            await foreach (var page in run.Client.FollowChangesAsync(after, cancel: end.Token))
            {
                foreach (var partner in page.Partners)
                    Results.WriteLine(partner);
                if (page.Partners.Count > 0 || page.Next != next)
                    Console.Out.WriteLine($$"""{"next":"{{page.Next}}"}""");
                Console.Out.Flush();
                next = page.Next;
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            run.Screen.Note(next is null ? "Stopped." : $"Stopped. Go on: roster changes --follow --after {next}");
            return ExitCodes.Interrupted;
        }
        return ExitCodes.Done;
    }
}
