using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Roster.Cli.Commands;
using Roster.Cli.Connections;
using Roster.Cli.Terminal;
using Roster.Client;

namespace Roster.Cli.Sync;

/// <summary>A file that is on the server and is planned, or is being applied since the same command before.</summary>
/// <param name="FilePath">The file here, as it was given; <c>input</c> for standard input.</param>
/// <param name="Revision">The newest revision before the plan was made; 0 for a new workspace.</param>
internal sealed record PlannedFile(string FilePath, Import Import, string Workspace, long Revision, RunFile RunFile, bool IsApplying)
{
    /// <summary>Uploads a file, has it read and planned. If the same command has begun before, it goes on from there.</summary>
    public static async Task<PlannedFile> MakeAsync(Invocation run, string path, ImportSettings settings, CancellationToken cancel)
    {
        await using var file = await InputFile.OpenAsync(path, cancel);
        path = InputFile.NameOf(path);
        var sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancel));
        var who = await run.Client.WhoAmIAsync(cancel);
        KeyExpiry.Warn(run.Screen, who);
        var runFile = new RunFile(
            run.Connection.Url, "sync", who.Workspace.Name, sha256,
            JsonSerializer.Serialize(settings, SettingsJson.Default.ImportSettings));

        var revision = await NewestRevisionAsync(run, cancel);
        var begun = await FindBegunAsync(run, runFile.Read(), revision, cancel);
        if (begun is { IsApplying: true })
        {
            run.Screen.Note("Going on with what the same command has begun.");
            return new(path, begun.Value.Import, who.Workspace.Name, revision, runFile, IsApplying: true);
        }
        try
        {
            var import = begun?.Import;
            if (import is null)
            {
                file.Position = 0;
                var size = file.Length;
                import = await Bar.RunAsync(run.Screen, "Uploading", "bytes", bar => run.Client.Imports.UploadAsync(
                    file, Path.GetFileName(path), progress: new Reports<long>(bytes => bar.Report(bytes, size)), cancel: cancel));
                runFile.Write(new Run { ImportId = import.Id });
            }
            else
                run.Screen.Note("The file is on the server since the same command before. It is planned anew.");
            var chosen = await EncodingChoice.AddAsync(run.Screen, import, settings, cancel);
            import = await run.Client.Imports.ChangeAsync(import.Id, chosen, cancel);
            return new(path, await PlanAsync(run, import.Id, cancel), who.Workspace.Name, revision, runFile, IsApplying: false);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            run.Screen.Note("Nothing was written. The same command goes on from here.");
            throw;
        }
    }

    /// <summary>
    /// Whether an import that was applied says nothing about the directory as it is now. One that would create its partners
    /// once more is done once.
    /// </summary>
    private static bool IsOutdated(Import import, long revision) =>
        import is { Work: null, State: "applied", MatchOn: not null, WithoutKey: "refuse", Mode: not "create" }
        && (import.Revisions.Count == 0 || import.Revisions[^1] != revision);

    /// <summary>
    /// Writes the plan into a file. It is for whoever reads that from then on: the same command again uploads the file anew, since
    /// a plan that is made anew is another one.
    /// </summary>
    public void Save(Uri server, string path)
    {
        PlanFile.Of(this, server).Write(path);
        RunFile.Delete();
    }

    private static async Task<long> NewestRevisionAsync(Invocation run, CancellationToken cancel)
    {
        var page = await run.Client.ListChangeSetsPageAsync(new ChangeSetQuery { Take = 1 }, cancel: cancel);
        return page.Items.Count > 0 ? page.Items[0].Revision : 0;
    }

    private static async Task<Import> PlanAsync(Invocation run, Guid id, CancellationToken cancel)
    {
        await run.Client.Imports.PlanAsync(id, cancel);
        var planned = await run.WaitAsync("Planning", "rows", id, cancel);
        return planned.State == "planned" ? planned : throw CommandException.Failed(planned.Reason is { } reason
            ? $"It cannot be planned: {reason.Message} ({reason.Code})" : $"It was not planned: it is {planned.State}.");
    }

    /// <summary>The import of the same command before, if it can go on.</summary>
    /// <param name="revision">The newest one.</param>
    private static async Task<(Import Import, bool IsApplying)?> FindBegunAsync(
        Invocation run, Run? before, long revision, CancellationToken cancel)
    {
        if (before?.ImportId is not { } id)
            return null;
        try
        {
            var import = await run.Client.Imports.GetAsync(id, cancel);
            if (before.IsApplying && import.State != "undone"
                && (import.Work == "apply" || import.State is "applying" or "applied" || import.Revisions.Count > 0))
            {
                var isGone = import is { Work: null, State: "stopped" or "cancelled", ExpiresAt: null };
                if (!isGone && !IsOutdated(import, revision))
                    return (import, true);
                if (import.Revisions is [.., var last])
                    run.Screen.Note(
                        $"The same command before has written {import.Revisions.Count:N0} of {import.Parts:N0} parts, the last one as "
                        + $"revision {last}. {(isGone ? "The others are not on the server any more" : "Others have written since")}: "
                        + "it begins anew.");
                return null;
            }
            var canBePlanned = import.State is "uploaded" or "planned" or "stopped" or "cancelled";
            return canBePlanned && import.File.Gone is null && import.Revisions.Count == 0 ? (import, false) : null;
        }
        catch (RosterException gone) when (gone.Status == 404)
        {
            return null;
        }
    }
}

/// <summary>What makes two syncs of a file the same command.</summary>
[JsonSerializable(typeof(ImportSettings))]
internal sealed partial class SettingsJson : JsonSerializerContext;
