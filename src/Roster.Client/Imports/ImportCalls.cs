using System.Security.Cryptography;
using System.Text.Json;

namespace Roster.Client;

/// <summary>
/// Imports: a file is uploaded and read, its rows are planned, the plan is looked at, applied, and perhaps undone. Planning,
/// applying and undoing go on at the server after the answer; <see cref="WaitAsync"/> waits for their end.
/// </summary>
public sealed class ImportCalls
{
    private const int MaxWait = 30;

    private readonly Caller _caller;

    internal ImportCalls(Caller caller) => _caller = caller;

    internal int MaxAttempts => _caller.Options.MaxAttempts;

    /// <summary>Waits for what the server has under way: at least half a second.</summary>
    internal Task PauseAsync(CancellationToken cancel) => Task.Delay(
        TimeSpan.FromSeconds(Math.Max(0.5, _caller.Options.RetryDelay.TotalSeconds)), _caller.Options.TimeProvider, cancel);

    /// <summary>
    /// Uploads a file: CSV, XLSX, JSON or NDJSON of up to 256 MiB and 1,000,000 rows. No partner is changed. A file that is no
    /// table is <c>file_refused</c>.
    /// </summary>
    /// <param name="file">
    /// From where it stands. If it can seek, an upload that breaks off is sent again, and the server checks its SHA-256. The
    /// first upload may be there too, then; without a plan it does nothing, and is deleted after 14 days. Otherwise it is sent
    /// once.
    /// </param>
    /// <param name="fileName">For people, and a hint at the format: 1 to 255 characters.</param>
    /// <param name="mediaType">A hint; the contents decide.</param>
    /// <param name="progress">Bytes that were sent.</param>
    public async Task<Import> UploadAsync(
        Stream file, string fileName, string mediaType = "application/octet-stream", IProgress<long>? progress = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (!file.CanSeek)
            return await SendFileAsync(() => file, null, null, fileName, mediaType, progress, Resend.Never, cancel)
                .ConfigureAwait(false);
        var start = file.Position;
        var sha256 = await SHA256.HashDataAsync(file, cancel).ConfigureAwait(false);
        var length = file.Position - start;
        return await SendFileAsync(
            () =>
            {
                file.Position = start;
                return file;
            },
            length, sha256, fileName, mediaType, progress, Resend.Freely, cancel).ConfigureAwait(false);
    }

    /// <param name="open">Opens the file anew for each attempt; it is not disposed.</param>
    internal Task<Import> SendFileAsync(
        Func<Stream> open, long? length, byte[]? sha256, string fileName, string mediaType, IProgress<long>? progress, Resend resend,
        CancellationToken cancel)
    {
        var call = new Call("upload import", HttpMethod.Post, $"api/imports{new QueryText().Add("filename", fileName)}")
        {
            // The server reads the whole file before it answers.
            Wait = _caller.Options.AttemptTimeout * 9,
            Resend = resend,
            Body = alive =>
            {
                var content = new SentBody(() => new Undisposed(open()), length, bytes =>
                {
                    alive();
                    progress?.Report(bytes);
                });
                content.Headers.ContentType = SentBody.Parse(mediaType);
                if (sha256 is not null)
                    content.Headers.TryAddWithoutValidation("Content-Digest", $"sha-256=:{Convert.ToBase64String(sha256)}:");
                return content;
            },
        };
        return _caller.SendAsync(call, Read.Json(RosterJsonContext.Default.Import), cancel);
    }

    /// <summary>The imports, newest first, without columns and revisions, page by page.</summary>
    public IAsyncEnumerable<Import> ListAsync(CancellationToken cancel = default) => Pages.AllAsync(
        (cursor, token) => _caller.SendAsync(
            new Call("imports", HttpMethod.Get, $"api/imports{new QueryText().Add("take", 100).Add("cursor", cursor)}"),
            Read.Page(RosterJsonContext.Default.ListImport), token),
        cancel);

    /// <summary>One import.</summary>
    public Task<Import> GetAsync(Guid id, CancellationToken cancel = default) => _caller.SendAsync(
        new Call("import", HttpMethod.Get, PathOf(id)), Read.Json(RosterJsonContext.Default.Import), cancel);

    /// <summary>Changes how the file is read, what its columns mean, and how its rows find partners. Any plan is gone then.</summary>
    public Task<Import> ChangeAsync(Guid id, ImportSettings settings, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var call = new Call("change import", HttpMethod.Patch, PathOf(id))
        {
            Body = Body.Json(settings.ToJson()),
            Wait = _caller.Options.AttemptTimeout * 9,
        };
        return _caller.SendAsync(call, Read.Json(RosterJsonContext.Default.Import), cancel);
    }

    /// <summary>Begins to plan all rows on the directory as it is.</summary>
    public Task<Import> PlanAsync(Guid id, CancellationToken cancel = default) =>
        BeginAsync("plan import", id, "plan", null, now => now.Work == "plan" || now.State == "planned", cancel);

    /// <summary>Waits until no server works on the import any more.</summary>
    /// <param name="progress">Each step, as it comes.</param>
    public async Task<Import> WaitAsync(Guid id, IProgress<Import>? progress = null, CancellationToken cancel = default)
    {
        var import = await GetAsync(id, cancel).ConfigureAwait(false);
        progress?.Report(import);
        while (import.Work is not null)
        {
            var next = await _caller.SendAsync(
                new Call(
                    "import", HttpMethod.Get, $"{PathOf(id)}{new QueryText().Add("after", import.Step).Add("wait", MaxWait)}")
                {
                    Wait = TimeSpan.FromSeconds(MaxWait),
                },
                Read.Json(RosterJsonContext.Default.Import), cancel).ConfigureAwait(false);
            if (next.Step != import.Step)
                progress?.Report(next);
            import = next;
        }
        return import;
    }

    /// <summary>The planned rows, in the order of the file, page by page; those that a mirror deletes come last.</summary>
    public IAsyncEnumerable<ImportRow> ListRowsAsync(Guid id, ImportRowQuery? query = null, CancellationToken cancel = default) =>
        Pages.AllAsync((cursor, token) => ListRowsPageAsync(id, query, cursor, token), cancel);

    /// <summary>One page of the planned rows. It can have fewer rows than asked for, or none, and still a next one.</summary>
    public Task<Page<ImportRow>> ListRowsPageAsync(
        Guid id, ImportRowQuery? query = null, string? cursor = null, CancellationToken cancel = default) => _caller.SendAsync(
        new Call("import rows", HttpMethod.Get, $"{PathOf(id)}/rows{(query ?? new()).ToQuery(cursor)}"),
        Read.Page(RosterJsonContext.Default.ListImportRow), cancel);

    /// <summary>
    /// Writes the rows as CSV in the columns of the file, and <c>roster_change</c> and <c>roster_faults</c>: a file that can be
    /// corrected and sent again.
    /// </summary>
    /// <param name="to">As for <see cref="RosterClient.ExportAsync"/>.</param>
    /// <param name="forSpreadsheets">With a byte order mark, and formulas guarded by an apostrophe.</param>
    public Task ExportRowsAsync(
        Guid id, Stream to, ImportRowQuery? query = null, bool forSpreadsheets = false, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(to);
        var call = new Call("export import rows", HttpMethod.Get, $"{PathOf(id)}/rows{(query ?? new()).ToQuery(null, isPage: false)}")
        {
            Accept = forSpreadsheets ? "text/csv; profile=spreadsheet" : "text/csv",
        };
        return _caller.SendAsync(call.Streamed(to), Read.Into(to), cancel);
    }

    /// <summary>
    /// Mends rows, or leaves them out, and begins to plan again. At most 10,000 edits of an import. If it is being planned, this
    /// waits for the end of that.
    /// </summary>
    public async Task<Import> MendAsync(Guid id, IEnumerable<RowEdit> edits, CancellationToken cancel = default)
    {
        var call = new Call("mend import", HttpMethod.Patch, $"{PathOf(id)}/rows")
        {
            Body = Body.Json(JsonSerializer.SerializeToUtf8Bytes([.. edits], RosterJsonContext.Default.ListRowEdit)),
        };
        try
        {
            return await _caller.SendAsync(call, Read.Json(RosterJsonContext.Default.Import), cancel).ConfigureAwait(false);
        }
        catch (RosterException busy) when (busy.Code == "import_not_ready")
        {
            // Where the answer was lost it is our own plan. The same edits again do no harm.
            await WaitAsync(id, cancel: cancel).ConfigureAwait(false);
            return await _caller.SendAsync(call, Read.Json(RosterJsonContext.Default.Import), cancel).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Begins to write a plan, exactly as it was seen; with other counts now it is <c>plan_changed</c>, and nothing is written.
    /// Rows with faults are left out. One that stopped or was cancelled goes on. If the answer is lost, the import is looked at
    /// before this is sent again.
    /// </summary>
    /// <param name="seen">The import as it was looked at.</param>
    /// <param name="skipConflicts">Leaves out rows whose partners were changed since the plan; otherwise it stops.</param>
    /// <exception cref="ArgumentException">The import has no plan.</exception>
    public Task<Import> ApplyAsync(Import seen, bool skipConflicts = false, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(seen);
        var counts = seen.Counts ?? throw new ArgumentException("The import has no plan.", nameof(seen));
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new SeenCounts(counts.Created, counts.Updated, counts.Deleted), RosterJsonContext.Default.SeenCounts);
        return BeginAsync(
            "apply import", seen.Id, $"apply{new QueryText().Add("onConflict", skipConflicts ? "skip" : null)}", body,
            now => now.Counts == counts && (now.Work == "apply" || now.State is "applying" or "applied"),
            cancel);
    }

    /// <summary>Stops it: after the part that is being written, or at once. Written parts stay.</summary>
    public Task<Import> CancelAsync(Guid id, CancellationToken cancel = default) =>
        BeginAsync("cancel import", id, "cancel", null, now => now.State == "cancelled", cancel);

    /// <summary>
    /// Begins to undo all its change sets, the newest first. If partners were changed since, nothing is undone, and
    /// <see cref="Import.UndoConflicts"/> lists them.
    /// </summary>
    /// <param name="dryRun">Only looks for conflicts.</param>
    /// <param name="skipConflicts">Leaves such partners as they are.</param>
    public Task<Import> UndoAsync(Guid id, bool dryRun = false, bool skipConflicts = false, CancellationToken cancel = default) =>
        BeginAsync(
            "undo import", id,
            $"undo{new QueryText().Add("dryRun", dryRun ? "true" : null).Add("onConflict", skipConflicts ? "skip" : null)}", null,
            now => now.Work == "undo" || now.State == "undone", cancel);

    /// <summary>Deletes its file and rows at once. The receipt and the change sets stay.</summary>
    public Task DeleteAsync(Guid id, CancellationToken cancel = default) =>
        _caller.SendAsync(new Call("delete import", HttpMethod.Delete, PathOf(id)), Read.Nothing, cancel);

    /// <summary>The stored mappings that have names, by name.</summary>
    public async Task<IReadOnlyList<NamedMapping>> ListMappingsAsync(CancellationToken cancel = default) => await _caller.SendAsync(
        new Call("mappings", HttpMethod.Get, "api/import-mappings"), Read.Json(RosterJsonContext.Default.ListNamedMapping), cancel)
        .ConfigureAwait(false);

    /// <summary>A stored mapping.</summary>
    public Task<ImportMapping> GetMappingAsync(string name, CancellationToken cancel = default) => _caller.SendAsync(
        new Call("mapping", HttpMethod.Get, PathOf(name)), Read.Json(RosterJsonContext.Default.ImportMapping), cancel);

    /// <summary>Stores a mapping under a name of 1 to 100 characters; at most 200 of a workspace.</summary>
    public Task PutMappingAsync(string name, ImportMapping mapping, CancellationToken cancel = default) => _caller.SendAsync(
        new Call("put mapping", HttpMethod.Put, PathOf(name))
        {
            Body = Body.Json(JsonSerializer.SerializeToUtf8Bytes(mapping, RosterJsonContext.Default.ImportMapping)),
        },
        Read.Nothing, cancel);

    /// <summary>Deletes a stored mapping.</summary>
    public Task DeleteMappingAsync(string name, CancellationToken cancel = default) =>
        _caller.SendAsync(new Call("delete mapping", HttpMethod.Delete, PathOf(name)), Read.Nothing, cancel);

    private static string PathOf(Guid id) => $"api/imports/{id}";

    private static string PathOf(string mapping) => $"api/import-mappings/{Uri.EscapeDataString(mapping)}";

    /// <summary>
    /// Gives the server something to do. If the answer is lost and the next one is that the import is not ready, it may be
    /// because the first one did it.
    /// </summary>
    private async Task<Import> BeginAsync(
        string name, Guid id, string what, byte[]? body, Func<Import, bool> isBegun, CancellationToken cancel)
    {
        var call = new Call(name, HttpMethod.Post, $"{PathOf(id)}/{what}") { Body = body is null ? null : Body.Json(body) };
        try
        {
            return await _caller.SendAsync(call, Read.Json(RosterJsonContext.Default.Import), cancel).ConfigureAwait(false);
        }
        catch (RosterException late) when (late.Code == "import_not_ready")
        {
            var now = await GetAsync(id, cancel).ConfigureAwait(false);
            if (isBegun(now))
                return now;
            throw;
        }
    }
}
