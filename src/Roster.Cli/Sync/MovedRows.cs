using Roster.Cli.Commands;
using Roster.Client;

namespace Roster.Cli.Sync;

/// <summary>Which rows of a plan are about partners that others changed since, and who.</summary>
internal static class MovedRows
{
    private const int MostShown = 20;

    /// <param name="planRevision">The newest revision when it was planned.</param>
    public static async Task ShowAsync(Invocation run, Import import, long planRevision, CancellationToken cancel)
    {
        var shown = 0;
        await foreach (var row in run.Client.Imports.ListRowsAsync(
            import.Id, new ImportRowQuery { FaultyOnly = true, Take = 1_000 }, cancel))
        {
            var moved = row.Faults.FirstOrDefault(fault => fault.Code is "changed_since" or "external_id_taken" or "ambiguous_match");
            if (moved is null)
                continue;
            if (shown++ == MostShown)
            {
                run.Screen.Warn($"and more: roster import rows {import.Id} --faulty");
                break;
            }
            var where = row.Line is { } line ? $"line {line}" : $"partner {row.Id}";
            run.Screen.Warn($"  {where}: {moved.Message}{await ByAsync(run, row.Id, planRevision, cancel)}");
        }
    }

    /// <summary>Who changed the partner last, and when; nothing of one that was erased.</summary>
    private static async Task<string> ByAsync(Invocation run, Guid? id, long planRevision, CancellationToken cancel)
    {
        if (id is not { } partner)
            return "";
        try
        {
            var last = await run.Client.HistoryAsync(partner, cancel).FirstOrDefaultAsync(cancel);
            return last is null || last.Revision <= planRevision ? ""
                : $" {partner} was {last.Change} by {Who.Of(last.Actor)} at {Times.Of(last.At)}, revision {last.Revision}.";
        }
        catch (RosterException gone) when (gone.Status == 404)
        {
            return "";
        }
    }
}
