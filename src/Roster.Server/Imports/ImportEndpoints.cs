using Roster.Imports;
using Roster.Server.Formats;
using Roster.Server.Guard;
using Roster.Server.Hosting;
using Roster.Server.Http;

namespace Roster.Server.Imports;

/// <summary>Endpoints of imports: upload, look, change, plan, apply, cancel, undo, forget.</summary>
internal static class ImportEndpoints
{
    private const int DefaultTake = 20;
    private const int MaxTake = 100;

    /// <summary>How often a request reads an import that others change at the same time.</summary>
    private const int MaxTries = 5;

    /// <summary>POST /api/imports: stores a file and looks at it.</summary>
    public static async Task UploadAsync(
        HttpContext http, IRosterStore store, StoredImports imports, RequestLimits limits, ServerSettings settings, TimeProvider clock)
    {
        var parameters = new Parameters(http.Request);
        var name = parameters.NonBlank("filename", 255);
        var digest = ContentDigest.Read(http.Request, parameters);
        if ((parameters.Finish() ?? RequestBody.RefuseEncoding(http.Request)) is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }
        var workspace = http.Caller().WorkspaceId;
        if (await store.CountOpenImportsAsync(workspace, http.RequestAborted) >= ImportLimits.MaxOpen)
        {
            await ImportProblems.TooMany.WriteAsync(http);
            return;
        }
        using var upload = await limits.TakeUploadAsync(workspace, http.RequestAborted);
        if (upload is null)
        {
            await Problem.Overloaded.WriteAsync(http);
            return;
        }
        var now = Timestamp.Now(clock);
        var import = await imports.AddAsync(
            new Import
            {
                WorkspaceId = workspace,
                Id = Guid.CreateVersion7(clock.GetUtcNow()),
                KeyId = http.Caller().Id,
                FileName = name,
                MediaType = http.Request.ContentType is { Length: <= 255 } type ? type : null,
                // An upload that breaks off is forgotten soon.
                ForgetAt = now.AddMilliseconds((long)ImportLimits.UploadTime.TotalMilliseconds),
            }.In(ImportState.Uploaded, now),
            http.RequestAborted);
        Import? stored;
        Problem? refusal;
        try
        {
            (stored, refusal) = await StoreAsync();
        }
        catch
        {
            await FailAsync(new ImportReason("upload_broken_off", "The upload broke off; send the file again."));
            throw;
        }
        if (refusal is not null)
        {
            await FailAsync(new ImportReason(refusal.Reason ?? refusal.Code, refusal.English));
            await refusal.WriteAsync(http);
            return;
        }
        // The import is stored now, so nothing is read for the answer that could fail.
        http.Response.StatusCode = StatusCodes.Status201Created;
        http.Response.Headers.Location = $"/api/imports/{import.Id}";
        await SendDoneAsync(http, stored!, Actors.OnlyCaller(http), []);

        Task FailAsync(ImportReason reason) => imports.ForgetAsync(
            import, one => one.In(ImportState.Failed, Timestamp.Now(clock)) with { Reason = reason, FileGone = reason.Message },
            CancellationToken.None);

        async Task<(Import? Stored, Problem? Refusal)> StoreAsync()
        {
            var (copy, size, hash) = await ImportFile.StoreAsync(
                store, workspace, import.Id, RequestBody.OpenStream(http.Request), settings.MaxImportBytes, clock, http.RequestAborted);
            if (copy is null)
                return (null, ImportProblems.TooLarge(settings.MaxImportBytes));
            await using (copy)
            {
                if (digest is not null && !digest.AsSpan().SequenceEqual(hash))
                    return (null, ImportProblems.DigestDiffers);
                try
                {
                    // All of the file is here: a client that does not wait for the answer finds its import.
                    using var place = await limits.TakeFileAsync(isUnderWay: true, CancellationToken.None);
                    var (contents, suggested) = await Task.Run(() => FileReaders.Examine(copy, import, null));
                    var mapping = await ImportMappings.FirstAsync(store, import, contents, suggested, CancellationToken.None);
                    var changed = await imports.ChangeAsync(
                        workspace, import.Id,
                        // It may have been deleted while it came in, by a request or since partners were erased.
                        one => one.FileGone is not null ? one : mapping.Onto(one) with
                        {
                            Size = size,
                            Sha256 = Convert.ToHexStringLower(hash),
                            ForgetAt = imports.ForgetAt(),
                        },
                        CancellationToken.None);
                    return (changed, changed!.FileGone is null ? null : ImportProblems.NotNow(changed));
                }
                catch (FileRefusedException refused)
                {
                    return (null, ImportProblems.Refused(refused));
                }
            }
        }
    }

    /// <summary>GET /api/imports: newest first.</summary>
    public static async Task ListAsync(HttpContext http, IRosterStore store)
    {
        var parameters = new Parameters(http.Request);
        var take = parameters.Integer("take", 1, MaxTake) ?? DefaultTake;
        var cursor = parameters.Guid("cursor");
        if (await parameters.RefuseAsync(http))
            return;
        var found = await store.ListImportsAsync(http.Caller().WorkspaceId, cursor, take, http.RequestAborted);
        if (found.Count == take)
            http.ShowNext("cursor", found[^1].Id.ToString());
        var imports = found.Select(Import.Of).ToList();
        var actors = await Actors.OfAsync(http, store, imports.Select(import => (Guid?)import.KeyId));
        await JsonAnswer.SendAsync(http, json =>
        {
            json.WriteStartArray();
            foreach (var import in imports)
                ImportAnswer.Write(json, import, actors, null);
            json.WriteEndArray();
        });
    }

    /// <summary>GET /api/imports/{id}: waits, if asked to, for a step after the one that the caller knows.</summary>
    public static async Task GetAsync(
        HttpContext http, string id, IRosterStore store, StoredImports imports, ImportWatch watch)
    {
        var parameters = new Parameters(http.Request);
        var after = parameters.Integer("after", 0, int.MaxValue);
        var wait = parameters.Integer("wait", 0, 60);
        if (wait is not null && after is null)
            parameters.Reject("wait", "It needs after, the step that is known.");
        if (await parameters.RefuseAsync(http))
            return;
        if (await FindAsync(http, id, imports) is not { } import)
            return;
        if (wait > 0 && import.Step <= after)
        {
            using var place = watch.Enter(import.WorkspaceId);
            if (place is null)
            {
                await Problem.TooManyWaiting.WriteAsync(http);
                return;
            }
            import = await watch.NextAsync(import, after.Value, TimeSpan.FromSeconds(wait.Value), http.RequestAborted) ?? import;
        }
        await SendAsync(http, store, import);
    }

    /// <summary>PATCH /api/imports/{id}: how the file is read, what its columns mean, how rows find their partners.</summary>
    public static async Task ChangeAsync(HttpContext http, string id, IRosterStore store, StoredImports imports, RequestLimits limits)
    {
        if (await new Parameters(http.Request).RefuseAsync(http) || await FindAsync(http, id, imports) is not { } import)
            return;
        if (!import.IsOpen)
        {
            await ImportProblems.NotNow(import).WriteAsync(http);
            return;
        }
        var (change, problem) = await ImportRequest.ReadAsync(http.Request, http.RequestAborted);
        if (change is null)
        {
            await problem!.WriteAsync(http);
            return;
        }
        await AgainIfChangedAsync(http, id, imports, import, now => TryChangeAsync(http, store, imports, limits, now, change));
    }

    /// <returns>False, with nothing done, if the import has changed meanwhile.</returns>
    private static async Task<bool> TryChangeAsync(
        HttpContext http, IRosterStore store, StoredImports imports, RequestLimits limits, Import import, ImportRequest change)
    {
        var (read, refusal) = await ReadAgainAsync(http, store, limits, import, change);
        if (refusal is not null)
        {
            await refusal.WriteAsync(http);
            return true;
        }
        var mapped = await ImportMappings.ChangedAsync(store, import, read.Contents, read.Suggested, change, http.RequestAborted);
        if (mapped.Problem is { } wrong)
        {
            await wrong.WriteAsync(http);
            return true;
        }
        // Mended cells and lines of one table mean nothing in another one.
        var edits = read.Contents.IsSameTable(import.Contents) ? import.Edits : 0;
        return await TrySendChangedAsync(
            http, store, imports, import, now => now.Step == import.Step,
            now => change.Onto(mapped.Mapping!.Onto(now)).In(ImportState.Uploaded, imports.Now) with { Edits = edits }) is null;
    }

    /// <summary>
    /// Changes an open import by what the request has read of it. If it has changed meanwhile, so by another request, it is
    /// read and changed again.
    /// </summary>
    /// <param name="import">As it was read first.</param>
    /// <param name="tryAsync">Answers, or returns false, with nothing done, if the import has changed.</param>
    public static async Task AgainIfChangedAsync(
        HttpContext http, string id, StoredImports imports, Import import, Func<Import, Task<bool>> tryAsync)
    {
        for (var tries = 1; !await tryAsync(import); tries++)
        {
            if (await FindAsync(http, id, imports) is not { } now)
                return;
            if (tries == MaxTries || !now.IsOpen)
            {
                await ImportProblems.NotNow(now).WriteAsync(http);
                return;
            }
            import = now;
        }
    }

    /// <summary>Reads the file as the request says, if it says anything about that.</summary>
    private static async Task<((FileContents Contents, IReadOnlyList<ColumnMapping> Suggested) Read, Problem? Problem)> ReadAgainAsync(
        HttpContext http, IRosterStore store, RequestLimits limits, Import import, ImportRequest change)
    {
        if (!change.IsReading && import.Contents is { } contents)
            return ((contents, FileReaders.Suggest(contents)), null);
        using var place = await limits.TakeFileAsync(isUnderWay: false, http.RequestAborted);
        if (place is null)
            return (default, Problem.Overloaded);
        try
        {
            await using var file = await ImportFile.OpenAsync(store, import, http.RequestAborted);
            var read = await Task.Run(() => FileReaders.Examine(file, import, change.ShapeAfter(import.Contents?.Shape)));
            return change.NotFor(read.Contents.Shape.Format) is { } wrong ? (default, JsonBody.Wrong(wrong)) : (read, null);
        }
        catch (FileRefusedException refused)
        {
            return (default, ImportProblems.Refused(refused));
        }
    }

    /// <summary>POST /api/imports/{id}/plan: plans all rows; the answer comes before it is done.</summary>
    public static async Task PlanAsync(
        HttpContext http, string id, IRosterStore store, StoredImports imports, ImportWorker worker)
    {
        if (await new Parameters(http.Request).RefuseAsync(http) || await FindAsync(http, id, imports) is not { } import)
            return;
        if (ImportProblems.NoPlan(import) is { } refusal)
        {
            await refusal.WriteAsync(http);
            return;
        }
        await ImportMappings.RememberAsync(store, import, imports.Now, http.RequestAborted);
        await SendWorkAsync(http, store, imports, worker, import, imports.Planning);
    }

    /// <summary>POST /api/imports/{id}/apply: writes the plan that the caller has seen.</summary>
    public static async Task ApplyAsync(
        HttpContext http, string id, IRosterStore store, StoredImports imports, ImportWorker worker)
    {
        var parameters = new Parameters(http.Request);
        var skips = parameters.Choice("onConflict", ("stop", false), ("skip", true));
        if (await parameters.RefuseAsync(http) || await FindAsync(http, id, imports) is not { } import)
            return;
        var (counts, problem) = await SeenCounts.ReadAsync(http.Request, http.RequestAborted);
        if ((problem ?? ImportProblems.NoApply(import, counts!)) is { } refusal)
        {
            await refusal.WriteAsync(http);
            return;
        }
        var parts = PlanParts.CountOf(import.Counts!.Value);
        var (key, request) = (http.Caller().Id, http.RequestId());
        await SendWorkAsync(http, store, imports, worker, import, now => now.In(ImportState.Applying, imports.Now) with
        {
            Work = ImportWork.Apply,
            Parts = parts,
            Done = now.State == ImportState.Planned ? 0 : now.Done,
            Total = parts,
            AppliedBy = key,
            ApplyRequest = request,
            LeavesOutConflicts = skips,
            Conflicts = 0,
            LeftOut = null,
            UndoConflicts = [],
            IsUndoRefused = false,
            Reason = null,
        });
    }

    /// <summary>POST /api/imports/{id}/cancel: stops after the part that is being written.</summary>
    public static async Task CancelAsync(HttpContext http, string id, IRosterStore store, StoredImports imports)
    {
        if (await new Parameters(http.Request).RefuseAsync(http) || await FindAsync(http, id, imports) is not { } import)
            return;
        if (import is { Work: ImportWork.Undo } or { Work: null, State: not (ImportState.Uploaded or ImportState.Planned) })
        {
            await ImportProblems.NotNow(import).WriteAsync(http);
            return;
        }
        await SendChangedAsync(http, store, imports, import, now => now.Work == ImportWork.Apply
            ? now with { IsCancelWanted = true }
            : now.In(ImportState.Cancelled, imports.Now) with { Work = null, Lease = null, Done = 0 });
    }

    /// <summary>POST /api/imports/{id}/undo: undoes all its change sets, or only tries it.</summary>
    public static async Task UndoAsync(
        HttpContext http, string id, IRosterStore store, StoredImports imports, ImportWorker worker)
    {
        var parameters = new Parameters(http.Request);
        var isDryRun = parameters.Choice("dryRun", ("false", false), ("true", true));
        var skips = parameters.Choice("onConflict", ("stop", false), ("skip", true));
        if (await parameters.RefuseAsync(http) || await FindAsync(http, id, imports) is not { } import)
            return;
        var parts = await store.ListImportPartsAsync(import.WorkspaceId, import.Id, http.RequestAborted);
        if (import.Work is not null || parts.Count == 0 || import.State == ImportState.Undone)
        {
            await ImportProblems.NotNow(import).WriteAsync(http);
            return;
        }
        var (key, request) = (http.Caller().Id, http.RequestId());
        await SendWorkAsync(http, store, imports, worker, import, now => now with
        {
            Work = ImportWork.Undo,
            IsUndoDryRun = isDryRun,
            LeavesOutConflicts = skips,
            AppliedBy = key,
            ApplyRequest = request,
            Done = 0,
            Total = parts.Count,
            Conflicts = 0,
            LeftOut = now.RowsLeftOut,
            UndoConflicts = [],
            // Only looking changes nothing of what became of it.
            IsUndoRefused = isDryRun && now.IsUndoRefused,
            Reason = isDryRun || now is { State: ImportState.Stopped, IsUndoBegun: false } ? now.Reason : null,
        });
    }

    /// <summary>DELETE /api/imports/{id}: forgets the file and the rows at once. The receipt and the change sets stay.</summary>
    public static async Task ForgetAsync(HttpContext http, string id, StoredImports imports)
    {
        if (await new Parameters(http.Request).RefuseAsync(http) || await FindAsync(http, id, imports) is not { } import)
            return;
        if (import.Work is not null)
        {
            await ImportProblems.NotNow(import).WriteAsync(http);
            return;
        }
        await imports.ForgetAsync(
            import, now => now with { FileGone = now.FileGone ?? "The file was deleted by a request; send it again." },
            http.RequestAborted);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <returns>Null, with an answer sent, if there is none.</returns>
    public static async Task<Import?> FindAsync(HttpContext http, string id, StoredImports imports)
    {
        var import = Uuid.TryParse(id, out var key)
            ? await imports.FindAsync(http.Caller().WorkspaceId, key, http.RequestAborted) : null;
        if (import is null)
            await Problem.NotFound.WriteAsync(http);
        return import;
    }

    /// <summary>Gives a server something to do, and answers 202.</summary>
    public static async Task SendWorkAsync(
        HttpContext http, IRosterStore store, StoredImports imports, ImportWorker worker, Import import, Func<Import, Import> change)
    {
        http.Response.StatusCode = StatusCodes.Status202Accepted;
        await SendChangedAsync(http, store, imports, import, change, worker);
    }

    /// <summary>Changes the import, unless it has changed since the request looked at it.</summary>
    /// <param name="worker">Woken when the change is stored; null if it gives a server nothing to do.</param>
    private static async Task SendChangedAsync(
        HttpContext http, IRosterStore store, StoredImports imports, Import import, Func<Import, Import> change,
        ImportWorker? worker = null)
    {
        bool IsAsSeen(Import now) => (now.State, now.Work, now.Counts) == (import.State, import.Work, import.Counts);
        if (await TrySendChangedAsync(http, store, imports, import, IsAsSeen, change, worker) is { } other)
            await ImportProblems.NotNow(other).WriteAsync(http);
    }

    /// <summary>Changes the import and answers, if it is still as the request needs it.</summary>
    /// <param name="block">Stored with the change, or not at all.</param>
    /// <returns>Null if it was changed; else the import as it is now, with nothing changed or answered.</returns>
    public static async Task<Import?> TrySendChangedAsync(
        HttpContext http, IRosterStore store, StoredImports imports, Import import, Func<Import, bool> isAsSeen,
        Func<Import, Import> change, ImportWorker? worker = null, ImportBlock? block = null)
    {
        // Read before the change is stored: a failure afterwards would deny what is done.
        var (actors, parts) = await ReadBesideAsync(http, store, import);
        var isMet = false;
        var changed = await imports.ChangeAsync(
            import.WorkspaceId, import.Id,
            now =>
            {
                isMet = isAsSeen(now);
                return isMet ? change(now) : now;
            },
            http.RequestAborted, block);
        if (!isMet)
            return changed ?? import;
        worker?.Wake();
        await SendDoneAsync(http, changed!, actors, parts);
        return null;
    }

    private static async Task SendAsync(HttpContext http, IRosterStore store, Import import)
    {
        var (actors, parts) = await ReadBesideAsync(http, store, import);
        await JsonAnswer.SendAsync(http, json => ImportAnswer.Write(json, import, actors, parts));
    }

    /// <summary>Answers a call that has changed the import: never refused, since that is done.</summary>
    private static Task SendDoneAsync(HttpContext http, Import import, Actors actors, IReadOnlyList<WrittenPart> parts) =>
        JsonAnswer.Of(json => ImportAnswer.Write(json, import, actors, parts)).SendAsync(http, isOwed: true);

    /// <summary>What an answer shows of an import that is stored elsewhere: who sent it, and which parts are written.</summary>
    private static async Task<(Actors Actors, IReadOnlyList<WrittenPart> Parts)> ReadBesideAsync(
        HttpContext http, IRosterStore store, Import import) =>
        (await Actors.OfAsync(http, store, import.KeyId),
            await store.ListImportPartsAsync(import.WorkspaceId, import.Id, http.RequestAborted));
}
