namespace Roster.Client;

/// <summary>
/// An upsert of more items than one request holds, as an import. The file's name has the idempotency key: so the same call,
/// made again after a crash or a lost line, finds its import and goes on with it.
/// </summary>
internal sealed class UpsertImport(ImportCalls imports, UpsertOptions options, IProgress<UpsertProgress>? progress)
{
    private const int MaxFaults = 1_000;
    private const int ReportEvery = 1_000;

    /// <summary>Half a second or more lies between two.</summary>
    private const int LooksForUpload = 600;

    private readonly string _key = options.KeyOrNew();

    /// <summary>Known once the file is at the server.</summary>
    private Guid? _importId;

    private string Mode => options.ModeText ?? "upsert";

    /// <summary>A dry run has a name of its own: it must neither go on with an import that writes, nor be gone on with by one.</summary>
    private string FileName => $"upsert-{_key}{(options.DryRun ? "-dry-run" : "")}.ndjson" is { Length: <= 255 } name ? name
        : options.DryRun ? "-dry-run" + _key[8..] : _key;

    /// <param name="first">The items that were read already.</param>
    /// <param name="rest">The others.</param>
    public async Task<WriteResult> RunAsync(
        IReadOnlyList<PartnerWrite> first, IAsyncEnumerator<PartnerWrite> rest, CancellationToken cancel)
    {
        if (options.IfRevision is not null || options.ReturnChanges)
            throw new ArgumentException(
                $"More than {RosterClient.MaxItems} items are an import, which has neither IfRevision nor ReturnChanges.");
        var items = new ItemFile();
        await using (items.ConfigureAwait(false))
        {
            foreach (var item in first)
                await items.AddAsync(item, cancel).ConfigureAwait(false);
            while (await rest.MoveNextAsync().ConfigureAwait(false))
            {
                await items.AddAsync(rest.Current, cancel).ConfigureAwait(false);
                if (items.Count % ReportEvery == 0)
                    progress?.Report(new(UpsertStage.Reading, items.Count, 0));
            }
            await items.EndAsync(cancel).ConfigureAwait(false);
            progress?.Report(new(UpsertStage.Reading, items.Count, items.Count));
            try
            {
                var result = await RunAsync(items, cancel).ConfigureAwait(false);
                progress?.Report(new(UpsertStage.Done, items.Count, items.Count));
                return result;
            }
            catch (RosterException failed) when (failed.ImportId is null)
            {
                // The server may go on. Only with the key does the same call go on, too, instead of writing all again.
                throw failed.Of(_key, _importId);
            }
        }
    }

    private async Task<WriteResult> RunAsync(ItemFile items, CancellationToken cancel)
    {
        var (import, _) = options.IdempotencyKey is null || options.DryRun ? default
            : await FindAsync(items, cancel).ConfigureAwait(false);
        var isReplay = import is { State: "applied" };
        import ??= await UploadAsync(items, cancel).ConfigureAwait(false);
        _importId = import.Id;
        import = await imports.WaitAsync(import.Id, Steps(), cancel).ConfigureAwait(false);
        if (import.State == "uploaded")
            import = await PlanAsync(import.Id, items, cancel).ConfigureAwait(false);
        if (import.State == "planned")
        {
            if (import.Counts!.Faulty > 0)
                throw await FaultyAsync(import, items, cancel).ConfigureAwait(false);
            if (options.DryRun)
                return await PreviewedAsync(import, cancel).ConfigureAwait(false);
        }
        if (import.State is "planned" or "stopped" or "cancelled")
        {
            import = await imports.ApplyAsync(import, cancel: cancel).ConfigureAwait(false);
            import = await imports.WaitAsync(import.Id, Steps(), cancel).ConfigureAwait(false);
        }
        return import.State == "applied" ? ResultOf(import, isReplay) : throw Stopped(import);
    }

    /// <summary>The import of the same call, if it was made before.</summary>
    /// <returns>The one that has come furthest, and whether an upload of its name has not come to its end.</returns>
    private async Task<(Import? Import, bool IsBeingRead)> FindAsync(ItemFile items, CancellationToken cancel)
    {
        var sha256 = Convert.ToHexString(items.Sha256);
        var best = default(Import);
        var isBeingRead = false;
        await foreach (var import in imports.ListAsync(cancel).ConfigureAwait(false))
        {
            if (import.File.Name != FileName || import.State is "failed" or "undone"
                || (import.State != "applied" && import.File.Gone is not null))
                continue;
            // An upload that has not come to its end.
            if (import.File.Sha256.Length == 0)
            {
                isBeingRead = true;
                continue;
            }
            if (!sha256.Equals(import.File.Sha256, StringComparison.OrdinalIgnoreCase))
                throw Mismatch("The idempotency key was used for other items.");
            // As it was uploaded it has no settings of ours yet.
            if ((import.State != "uploaded" || import.Work is not null) && !IsPlannedSo(import))
                throw Mismatch("The idempotency key was used with another MatchOn, Mode, MaxDeletes or CreateWithoutKey.");
            // An upload whose answer was lost may have been made twice. The one that has come furthest has written.
            if (best is null || Progress(import) > Progress(best))
                best = import;

            RosterException Mismatch(string message) => new("idempotency_mismatch", message)
            {
                IdempotencyKey = _key,
                ImportId = import.Id,
            };
        }
        return (best, isBeingRead);

        static int Progress(Import import) => import.State switch
        {
            "applied" => 3,
            "uploaded" when import.Work is null => 0,
            "uploaded" or "planned" => 1,
            _ => 2,
        };
    }

    /// <summary>Whether an import has the settings of this call.</summary>
    private bool IsPlannedSo(Import import) => import.Mode == Mode && import.MatchOn == options.MatchOnText
        && import.MaxDeletes == options.MaxDeletes && import.WithoutKey == (options.CreateWithoutKey ? "create" : "refuse");

    /// <summary>Uploads the file. If the answer is lost, the import is looked for first.</summary>
    private async Task<Import> UploadAsync(ItemFile items, CancellationToken cancel)
    {
        var sent = progress is null ? null : new Sent<long>(bytes => progress.Report(new(UpsertStage.Uploading, bytes, items.Length)));
        for (var attempt = 1; ; attempt++)
            try
            {
                return await imports.SendFileAsync(
                    items.Open, items.Length, items.Sha256, FileName, "application/x-ndjson", sent, Resend.IfRefused, cancel)
                    .ConfigureAwait(false);
            }
            catch (RosterException lost) when (lost.IsOutcomeUnknown && attempt < imports.MaxAttempts)
            {
                // The server may still be reading the file for as long as it took before: then it is not sent to it once more.
                for (var look = 0; look < LooksForUpload; look++)
                {
                    await imports.PauseAsync(cancel).ConfigureAwait(false);
                    var (import, isBeingRead) = await FindAsync(items, cancel).ConfigureAwait(false);
                    if (import is not null)
                        return import;
                    if (!isBeingRead)
                        break;
                }
            }
    }

    private async Task<Import> PlanAsync(Guid id, ItemFile items, CancellationToken cancel)
    {
        var settings = new ImportSettings
        {
            Mapping = new([.. items.Columns.Select(column => new MappedColumn(column, column, Trim: false))]),
            MatchOn = options.MatchOn switch
            {
                MatchOn.ExternalId => ImportMatch.ExternalId,
                MatchOn.Email => ImportMatch.Email,
                _ => ImportMatch.Nothing,
            },
            Mode = Mode,
            MaxDeletes = options.MaxDeletes,
            CreateWithoutKey = options.CreateWithoutKey,
        };
        await imports.ChangeAsync(id, settings, cancel).ConfigureAwait(false);
        await imports.PlanAsync(id, cancel).ConfigureAwait(false);
        return await imports.WaitAsync(id, Steps(), cancel).ConfigureAwait(false);
    }

    private async Task<RosterException> FaultyAsync(Import import, ItemFile items, CancellationToken cancel)
    {
        var rows = new List<ImportRow>();
        await foreach (var row in imports.ListRowsAsync(import.Id, new() { FaultyOnly = true }, cancel).ConfigureAwait(false))
        {
            rows.Add(row);
            if (rows.Count == MaxFaults)
                break;
        }
        var notes = rows.SelectMany(row => row.Faults.Select(fault => (row.Line, fault))).Take(MaxFaults).ToList();
        var inputs = await items.ItemsAsync(
            [.. notes.SelectMany(note => new[] { note.Line, note.fault.OtherLine }).OfType<int>()], cancel).ConfigureAwait(false);
        await imports.DeleteAsync(import.Id, cancel).ConfigureAwait(false);
        return new RosterException(
            "validation_failed", $"{import.Counts!.Faulty} of {items.Count} partners are not valid; nothing was changed.")
        {
            Faults =
            [
                .. notes.Select(note => new RosterFault
                {
                    Code = note.fault.Code,
                    Message = note.fault.Message,
                    Field = note.fault.Field,
                    Index = note.Line - 1,
                    Line = note.Line,
                    Input = note.Line is { } line ? inputs.GetValueOrDefault(line) : null,
                    OtherIndex = note.fault.OtherLine - 1,
                    OtherInput = note.fault.OtherLine is { } other ? inputs.GetValueOrDefault(other) : null,
                }),
            ],
            FaultCount = import.Counts.Faulty,
            IdempotencyKey = _key,
            ImportId = import.Id,
        };
    }

    private async Task<WriteResult> PreviewedAsync(Import import, CancellationToken cancel)
    {
        await imports.DeleteAsync(import.Id, cancel).ConfigureAwait(false);
        return ResultOf(import, isReplay: false) with { ImportId = null };
    }

    private static WriteResult ResultOf(Import import, bool isReplay) => new()
    {
        Revision = import.Revisions.Count == 0 ? null : import.Revisions[^1],
        Created = (int)import.Counts!.Created,
        Updated = (int)import.Counts.Updated,
        Unchanged = (int)import.Counts.Unchanged,
        Deleted = (int)import.Counts.Deleted,
        ImportId = import.Id,
        IsReplay = isReplay,
    };

    private RosterException Stopped(Import import) => new(
        import.Reason?.Code ?? RosterErrors.ImportCancelled,
        import.Reason?.Message ?? "The import was cancelled.")
    {
        IdempotencyKey = _key,
        ImportId = import.Id,
    };

    private Sent<Import>? Steps() => progress is null ? null : new(import =>
    {
        if (import.Work is "plan" or "apply")
            progress.Report(new(
                import.Work == "plan" ? UpsertStage.Planning : UpsertStage.Applying, import.Progress.Done, import.Progress.Of));
    });

    /// <summary>Reports at once, on the thread where it happens, and so in order.</summary>
    private sealed class Sent<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
