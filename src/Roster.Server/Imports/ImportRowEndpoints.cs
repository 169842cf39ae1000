using System.Globalization;
using System.Text;
using System.Text.Json;
using Roster.Batches;
using Roster.Imports;
using Roster.Partners;
using Roster.Server.Formats;
using Roster.Server.Guard;
using Roster.Server.Http;

namespace Roster.Server.Imports;

/// <summary>Endpoints of an import's planned rows.</summary>
internal static class ImportRowEndpoints
{
    private const int DefaultTake = 100;
    private const int MaxTake = 1_000;

    /// <summary>Blocks that one page reads: with a rare filter a page may have fewer rows than asked for, and a next one.</summary>
    private const int MaxBlocks = 40;

    /// <summary>As many partners take one unit of memory, and so does a block of rows.</summary>
    private const int MemoryOfBlock = MaxTake + 1;

    /// <summary>Bytes of the body of PATCH.</summary>
    private const int MaxEditBytes = 4 << 20;

    private static readonly (string? Text, RowChange? Value)[] Changes =
    [
        (null, null),
        .. Enum.GetValues<RowChange>().Select(change => ((string?)NameOf(change), (RowChange?)change)),
    ];

    /// <summary>GET /api/imports/{id}/rows: a page as JSON, or all as CSV.</summary>
    public static async Task ListAsync(HttpContext http, string id, IRosterStore store, StoredImports imports, RequestLimits limits)
    {
        if (PartnerFormat.Negotiate(http.Request) is not { } format || (format.IsStreamed && format.Csv is null))
        {
            await Problem.NotAcceptable.WriteAsync(http);
            return;
        }
        var parameters = new Parameters(http.Request);
        var filter = new Filter(
            parameters.Choice("change", Changes), parameters.Choice("faulty", ("false", false), ("true", true)),
            parameters.Choice("conflict", ("false", false), ("true", true)), parameters.NonBlank("q", 200));
        var take = parameters.Integer("take", 1, MaxTake) ?? DefaultTake;
        var cursor = RowCursor.Parse(parameters.Text("cursor"));
        if (cursor is null)
            parameters.Reject("cursor", "It is a cursor that this call gave.");
        if (await parameters.RefuseAsync(http) || await ImportEndpoints.FindAsync(http, id, imports) is not { } import)
            return;
        if (import.Counts is null || import.IsForgotten)
        {
            await ImportProblems.NotNow(import).WriteAsync(http);
            return;
        }
        try
        {
            if (format.Csv is { } csv)
                await SendCsvAsync(http, store, limits, import, filter, format.ContentType, csv);
            else
                await (await ReadPageAsync(http, store, limits, import, filter, take, cursor!.Value)).SendAsync(http);
        }
        catch (FileRefusedException gone) when (!http.Response.HasStarted)
        {
            await ImportProblems.Refused(gone).WriteAsync(http);
        }
    }

    /// <summary>PATCH /api/imports/{id}/rows: mends or leaves out rows, and plans anew.</summary>
    public static async Task MendAsync(
        HttpContext http, string id, IRosterStore store, StoredImports imports, ImportWorker worker, RequestLimits limits)
    {
        if (await new Parameters(http.Request).RefuseAsync(http) || await ImportEndpoints.FindAsync(http, id, imports) is not { } import)
            return;
        if ((ImportProblems.NoPlan(import) ?? await limits.TakeMemoryForBodyAsync(http, MaxEditBytes, others: 0)) is { } refusal)
        {
            await refusal.WriteAsync(http);
            return;
        }
        var (body, problem) = await JsonBody.ReadAsync(http.Request, MaxEditBytes, http.RequestAborted, JsonValueKind.Array);
        if (body is null)
        {
            await problem!.WriteAsync(http);
            return;
        }
        using (body)
            await ImportEndpoints.AgainIfChangedAsync(
                http, id, imports, import, now => TryMendAsync(http, store, imports, worker, now, body.RootElement));
    }

    /// <returns>False, with nothing done, if the import has changed meanwhile.</returns>
    private static async Task<bool> TryMendAsync(
        HttpContext http, IRosterStore store, StoredImports imports, ImportWorker worker, Import import, JsonElement body)
    {
        var edits = new Dictionary<int, RowEdit>(await RowEdits.ReadAsync(store, import, http.RequestAborted));
        var problem = ImportProblems.NoPlan(import) ?? Take(body, import, edits);
        var text = edits.Values.Sum(edit => (long)ImportLimits.UnitsOf(edit.Cells.Values));
        if (edits.Count > RowEdits.Max || text > RowEdits.MaxText)
            problem ??= ImportProblems.TooManyEdits;
        if (problem is not null)
        {
            await problem.WriteAsync(http);
            return true;
        }
        http.Response.StatusCode = StatusCodes.Status202Accepted;
        return await ImportEndpoints.TrySendChangedAsync(
            http, store, imports, import, now => now.Step == import.Step,
            now => imports.Planning(now) with { Edits = edits.Count }, worker, RowBlock.EncodeEdits(edits.Values)) is null;
    }

    /// <summary>Adds the body's edits to those that are stored. A later edit of a row's cell replaces an earlier one.</summary>
    private static Problem? Take(JsonElement body, Import import, Dictionary<int, RowEdit> edits)
    {
        var columns = import.Contents!.Columns.Select(column => column.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (index, item) in body.EnumerateArray().Index())
        {
            if (item.ValueKind != JsonValueKind.Object || !JsonBody.TryFind(item, "line", out var line)
                || line.ValueKind != JsonValueKind.Number || !line.TryGetInt32(out var number) || number < 1)
                return JsonBody.Wrong($"Item {index} needs line, the line of a row.");
            var edit = edits.GetValueOrDefault(number) ?? new RowEdit(number, false, new Dictionary<string, string?>());
            foreach (var member in item.EnumerateObject())
            {
                var name = JsonBody.NameOf(member);
                if (name == "skip" && member.Value.ValueKind is JsonValueKind.True or JsonValueKind.False)
                    edit = edit with { Skip = member.Value.GetBoolean() };
                else if (name == "cells" && member.Value.ValueKind == JsonValueKind.Object)
                {
                    var cells = new Dictionary<string, string?>(edit.Cells);
                    foreach (var cell in member.Value.EnumerateObject())
                    {
                        var text = default(string);
                        if (!JsonBody.TryName(cell, out var column) || !columns.Contains(column))
                            return JsonBody.Wrong(
                                $"Item {index}: the file has no column {BatchBuilder.ShownName(JsonBody.NameOf(cell))}.");
                        if (cell.Value.ValueKind != JsonValueKind.Null
                            && (!JsonBody.TryText(cell.Value, out text) || text.Length > ImportLimits.MaxCell))
                            return JsonBody.Wrong(
                                $"Item {index}: a cell is a string of at most {ImportLimits.MaxCell} characters, or null.");
                        cells[column] = text;
                    }
                    edit = edit with { Cells = cells };
                }
                else if (name != "line")
                    return JsonBody.Wrong(
                        $"Item {index}: its members are line, cells (an object of texts by column) and skip (true or false).");
            }
            edits[number] = edit;
            if (!edit.Skip && edit.Cells.Count == 0)
                edits.Remove(number);
        }
        return null;
    }

    /// <summary>A method of its own, so that the rows are not held while a slow client reads.</summary>
    private static async Task<JsonAnswer> ReadPageAsync(
        HttpContext http, IRosterStore store, RequestLimits limits, Import import, Filter filter, int take, RowCursor cursor)
    {
        if (await limits.TakeMemoryForAnswerAsync(http, MemoryOfBlock) is { } refusal)
            return refusal.AnswerTo(http);
        var page = new List<PlannedRow>(take);
        var text = 0;
        var next = default(RowCursor?);
        var blocks = 0;
        await foreach (var head in PlannedRows.HeadsAsync(store, import, cursor.Block, http.RequestAborted))
        {
            if (!filter.MayBeIn(head))
                continue;
            if (IsFull() || blocks++ == MaxBlocks)
            {
                next = new RowCursor(head.Number, 0);
                break;
            }
            var rows = await PlannedRows.ReadAsync(store, import, head.Number, http.RequestAborted);
            var from = head.Number == cursor.Block ? cursor.Row : 0;
            for (var i = from; i < rows.Length; i++)
            {
                if (!filter.Passes(rows[i]))
                    continue;
                if (IsFull())
                {
                    next = new RowCursor(head.Number, i);
                    break;
                }
                page.Add(rows[i]);
                text += ImportLimits.UnitsOf(rows[i].Cells);
            }
            if (next is not null)
                break;
        }
        if (next is { } more)
            http.ShowNext("cursor", more.ToString());
        return JsonAnswer.Of(json =>
        {
            json.WriteStartArray();
            foreach (var row in page)
                ImportAnswer.WriteRow(json, import, row);
            json.WriteEndArray();
        });

        bool IsFull() => page.Count == take || text >= ImportLimits.TextTogether;
    }

    /// <summary>
    /// Streams all rows, a block at a time, in the file's own columns and two of ours. Of a partner that is deleted the columns
    /// have the values of their fields.
    /// </summary>
    private static async Task SendCsvAsync(
        HttpContext http, IRosterStore store, RequestLimits limits, Import import, Filter filter, string contentType, CsvFormat csv)
    {
        var names = import.Contents!.Columns.Select(column => column.Name).ToArray();
        var targets = names.Select(name => import.Mapping.FirstOrDefault(one => one.Column == name)?.Target is { } target
            ? ImportTarget.Parse(target) : null).ToArray();
        http.Response.ContentType = contentType;
        if (HttpMethods.IsHead(http.Request.Method))
            return;
        var header = new StringBuilder(csv.IsSpreadsheet ? "\uFEFF" : "");
        CsvText.AppendRecord(header, [.. names.Select(name => Guarded(name, csv)), "roster_change", "roster_faults"], csv.Divider);
        await foreach (var head in PlannedRows.HeadsAsync(store, import, 0, http.RequestAborted))
        {
            if (!filter.MayBeIn(head))
                continue;
            if (await ReadBlockAsync(head) is not { } part)
            {
                await Problem.Overloaded.WriteAsync(http);
                return;
            }
            await part.SendPartAsync(http);
        }
        await http.Response.WriteAsync(header.ToString(), http.RequestAborted);

        // Null if too many wait for memory and nothing was sent yet. A method of its own, as for a page.
        async Task<JsonAnswer?> ReadBlockAsync(ImportBlock head)
        {
            using var memory = await limits.TakeMemoryForPageAsync(MemoryOfBlock, http.Response.HasStarted, http.RequestAborted);
            if (memory is null)
                return null;
            var text = new StringBuilder().Append(header);
            header.Clear();
            foreach (var row in await PlannedRows.ReadAsync(store, import, head.Number, http.RequestAborted))
                if (filter.Passes(row))
                    CsvText.AppendRecord(text, [.. CellsOf(row, targets, csv), NameOf(row.Change), FaultsOf(row)], csv.Divider);
            var part = JsonAnswer.OfBytes(buffer => Encoding.UTF8.GetBytes(text.ToString(), buffer));
            await part.ReserveAsync(http);
            return part;
        }
    }

    /// <summary>The cells as the file has them, which an import of the answer reads in the same way.</summary>
    private static IEnumerable<string> CellsOf(PlannedRow row, ImportTarget?[] targets, CsvFormat csv) => row.Change == RowChange.Deleted
        ? targets.Select(target =>
            target is { } known && ValueOf(row, known) is { } value ? CsvCell.Write(value, csv.IsSpreadsheet) : "")
        : Enumerable.Range(0, targets.Length)
            .Select(column => column < row.Cells.Count ? Guarded(row.Cells[column] ?? "", csv) : "");

    private static string Guarded(string cell, CsvFormat csv) => csv.IsSpreadsheet ? CsvCell.Guard(cell) : cell;

    /// <summary>What a partner that is deleted has in a column's field. A part of a name is not known.</summary>
    private static string? ValueOf(PlannedRow row, ImportTarget target)
    {
        if (target.Field == PartnerField.Id)
            return row.Id?.ToString();
        if (target.Part != NamePart.None)
            return null;
        var stored = row.Fields?.FirstOrDefault(field => field.Field == target.Field.WireName)?.Old;
        return target.Key is { } key ? MetadataText.Read(stored).GetValueOrDefault(key)
            : target.Field == PartnerField.Tags ? TagText.ToCell(stored) : stored;
    }

    private static string NameOf(RowChange change) => JsonNamingPolicy.CamelCase.ConvertName(change.ToString());

    private static string FaultsOf(PlannedRow row) => string.Join(" ", row.Faults?.Select(fault => fault.Message) ?? []);

    /// <summary>Which rows are shown.</summary>
    /// <param name="IsFaulty">Whether only rows with faults are, also conflicts that were found when it was applied.</param>
    /// <param name="IsConflict">Whether only rows are whose partners were found to be changed when it was applied.</param>
    /// <param name="Text">What a cell, or for deleted partners a value, has in it; case is ignored.</param>
    private sealed record Filter(RowChange? Change, bool IsFaulty, bool IsConflict, string? Text)
    {
        /// <summary>Whether a block may have such rows.</summary>
        public bool MayBeIn(ImportBlock head)
        {
            var counts = RowBlock.CountsOf(head);
            return Change switch
            {
                RowChange.Created => counts.Created > 0,
                RowChange.Updated => counts.Updated > 0,
                RowChange.Unchanged => counts.Unchanged > 0,
                RowChange.Deleted => counts.Deleted > 0,
                RowChange.Faulty => counts.Faulty > 0,
                RowChange.Skipped => counts.Skipped > 0,
                _ => !(IsFaulty || IsConflict) || RowBlock.FaultsIn(head) > 0,
            };
        }

        public bool Passes(PlannedRow row) => (Change is null || row.Change == Change) && (!IsFaulty || row.Faults is not null)
            && (!IsConflict || row is { IsChange: true, Faults: not null })
            && (Text is null || row.Cells.Any(Has) || (row.Fields?.Any(field => Has(field.Old)) == true && row.Line == 0));

        private bool Has(string? cell) => cell?.Contains(Text!, StringComparison.OrdinalIgnoreCase) == true;
    }

    /// <summary>Where the next page begins: a block of rows, and a row in it.</summary>
    private readonly record struct RowCursor(int Block, int Row)
    {
        public static RowCursor? Parse(string? text)
        {
            if (text is null)
                return new RowCursor(0, 0);
            return text.Split('.') is [var block, var row]
                && int.TryParse(block, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && int.TryParse(row, NumberStyles.None, CultureInfo.InvariantCulture, out var place) ? new RowCursor(number, place) : null;
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Block}.{Row}");
    }
}
