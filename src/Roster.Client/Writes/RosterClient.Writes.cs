using System.Text.Json;

namespace Roster.Client;

public sealed partial class RosterClient
{
    /// <summary>
    /// Creates and updates partners: all or, if anything is wrong, none. More than 10,000 items become an import: it is
    /// planned as a whole, nothing is written if there is a fault, and then it is written in parts of 5,000, between which
    /// others can write. The items are held in a temporary file meanwhile.
    /// </summary>
    /// <remarks>
    /// In an import an empty text is as if absent, and error texts of spreadsheets, such as <c>#N/A</c>, are faults.
    /// </remarks>
    /// <exception cref="RosterException">
    /// With <c>validation_failed</c>, <see cref="RosterException.Faults"/> has every fault with its item. With
    /// <see cref="RosterException.ImportId"/>, the import stopped, perhaps after some parts; it can go on, or be undone.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// There are no items, or more than 10,000 with something that an import cannot have: IfRevision, ReturnChanges,
    /// IfUpdatedAt, AddTags, RemoveTags, Metadata that is null, a tag with |, or an item without any text.
    /// </exception>
    public Task<WriteResult> UpsertAsync(
        IEnumerable<PartnerWrite> items, UpsertOptions? options = null, IProgress<UpsertProgress>? progress = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        return UpsertAsync(Async(items), options, progress, cancel);
    }

    /// <inheritdoc cref="UpsertAsync(IEnumerable{PartnerWrite}, UpsertOptions, IProgress{UpsertProgress}, CancellationToken)"/>
    public async Task<WriteResult> UpsertAsync(
        IAsyncEnumerable<PartnerWrite> items, UpsertOptions? options = null, IProgress<UpsertProgress>? progress = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        options ??= new();
        var batch = new List<PartnerWrite>();
        var reader = items.GetAsyncEnumerator(cancel);
        await using (reader.ConfigureAwait(false))
        {
            while (batch.Count <= MaxItems && await reader.MoveNextAsync().ConfigureAwait(false))
                batch.Add(reader.Current ?? throw new ArgumentException($"Item {batch.Count} is null.", nameof(items)));
            progress?.Report(new(UpsertStage.Reading, batch.Count, 0));
            if (batch.Count > MaxItems)
                return await new UpsertImport(Imports, options, progress).RunAsync(batch, reader, cancel).ConfigureAwait(false);
        }
        var result = await SendBatchAsync(
            new Call("upsert", HttpMethod.Put, $"api/partners{options.ToQuery()}"), batch, options, cancel).ConfigureAwait(false);
        progress?.Report(new(UpsertStage.Done, batch.Count, batch.Count));
        return result;
    }

    /// <summary>Creates up to 10,000 partners: all or none. Items have no id and no IfUpdatedAt.</summary>
    /// <exception cref="ArgumentException">There are no items, or more than 10,000.</exception>
    public Task<WriteResult> CreateAsync(
        IEnumerable<PartnerWrite> items, WriteOptions? options = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        return SendBatchAsync(
            new Call("create", HttpMethod.Post, $"api/partners{DryRunQuery(options)}"),
            [.. items.Take(MaxItems + 1)], options ?? new(), cancel);
    }

    /// <summary>Deletes up to 10,000 partners: all, or none if one does not exist. They can be restored.</summary>
    public Task<WriteResult> DeleteAsync(IEnumerable<Guid> ids, WriteOptions? options = null, CancellationToken cancel = default) =>
        SendIdsAsync("delete", HttpMethod.Delete, "api/partners", ids, options, cancel);

    /// <summary>Restores up to 10,000 deleted partners with all that they had: all, or none if one is not deleted.</summary>
    public Task<WriteResult> RestoreAsync(IEnumerable<Guid> ids, WriteOptions? options = null, CancellationToken cancel = default) =>
        SendIdsAsync("restore", HttpMethod.Post, "api/partners/restore", ids, options, cancel);

    /// <summary>
    /// Removes up to 10,000 partners for good, live or deleted, with all their values in the log. It cannot be undone. Needs
    /// the scope <see cref="RosterScopes.PartnersErase"/>.
    /// </summary>
    public Task<WriteResult> EraseAsync(IEnumerable<Guid> ids, WriteOptions? options = null, CancellationToken cancel = default) =>
        SendIdsAsync("erase", HttpMethod.Post, "api/partners/erase", ids, options, cancel);

    private static async IAsyncEnumerable<PartnerWrite> Async(IEnumerable<PartnerWrite> items)
    {
        foreach (var item in items)
            yield return item;
        await Task.CompletedTask.ConfigureAwait(false);
    }

    private static string DryRunQuery(WriteOptions? options) =>
        new QueryText().Add("dryRun", options?.DryRun == true ? "true" : null).ToString();

    private async Task<WriteResult> SendBatchAsync(
        Call call, List<PartnerWrite> items, WriteOptions options, CancellationToken cancel)
    {
        CheckCount(items.Count, nameof(items));
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartArray();
            foreach (var item in items)
                JsonSerializer.Serialize(json, item, RosterJsonContext.Default.PartnerWrite);
            json.WriteEndArray();
        }
        try
        {
            return await WriteAsync(call, body.ToArray(), options, hasPartners: true, cancel).ConfigureAwait(false);
        }
        catch (RosterException refused) when (refused.Faults.Count > 0)
        {
            throw refused.About(index => index >= 0 && index < items.Count ? items[index] : null);
        }
    }

    private Task<WriteResult> SendIdsAsync(
        string name, HttpMethod method, string path, IEnumerable<Guid> ids, WriteOptions? options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var all = ids.Take(MaxItems + 1).ToList();
        CheckCount(all.Count, nameof(ids));
        return WriteAsync(
            new Call(name, method, path + DryRunQuery(options)),
            JsonSerializer.SerializeToUtf8Bytes(all, RosterJsonContext.Default.ListGuid),
            options ?? new(), hasPartners: name == "restore", cancel);
    }

    private static void CheckCount(int count, string name)
    {
        if (count is 0 or > MaxItems)
            throw new ArgumentException($"A request has 1 to {MaxItems} items.", name);
    }

    /// <param name="hasPartners">Whether the plain answer is an array of partners.</param>
    private Task<WriteResult> WriteAsync(
        Call call, byte[] body, WriteOptions options, bool hasPartners, CancellationToken cancel)
    {
        var write = call with
        {
            Body = Body.Json(body),
            // A dry run uses up no key, and can be repeated.
            Resend = options.DryRun ? Resend.Freely : Resend.ByReceipt,
            IdempotencyKey = options.DryRun ? null : options.KeyOrNew(),
            IfRevision = options.IfRevision,
            ReturnsChanges = options.ReturnChanges,
            Accept = "*/*",
        };
        return _caller.SendAsync(write, async (answer, stream, token) => new WriteResult
        {
            Revision = Headers.Number(answer, "Roster-Revision"),
            Created = Headers.Count(answer, "Roster-Created"),
            Updated = Headers.Count(answer, "Roster-Updated"),
            Unchanged = Headers.Count(answer, "Roster-Unchanged"),
            Deleted = Headers.Count(answer, "Roster-Deleted"),
            Restored = Headers.Count(answer, "Roster-Restored"),
            IsReplay = Headers.Text(answer, "Idempotent-Replayed") == "true",
            Partners = hasPartners && !options.ReturnChanges
                ? await Read.OneAsync(stream, RosterJsonContext.Default.ListPartner, token).ConfigureAwait(false) : [],
            Changes = options.ReturnChanges
                ? await Read.OneAsync(stream, RosterJsonContext.Default.ListPartnerChange, token).ConfigureAwait(false) : [],
        }, cancel);
    }
}
