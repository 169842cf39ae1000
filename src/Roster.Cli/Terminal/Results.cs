using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Roster.Client;

namespace Roster.Cli.Terminal;

/// <summary>How results are written.</summary>
internal enum ResultFormat
{
    /// <summary>A table on a terminal; its cells divided by tabs elsewhere.</summary>
    Table,

    /// <summary>The API's own JSON.</summary>
    Json,

    /// <summary>A JSON object a line.</summary>
    Ndjson,

    /// <summary>CSV (RFC 4180).</summary>
    Csv,
}

/// <summary>Writes lists and single results, in the format that was asked for.</summary>
internal sealed class Results(Screen screen, ResultFormat format)
{
    public ResultFormat Format => format;

    /// <summary>Whether a person reads them on a terminal, and no script.</summary>
    public bool IsForPeople => format == ResultFormat.Table && screen.IsResultTerminal;

    /// <summary>A list. On a terminal, <paramref name="none"/> is said where it is empty.</summary>
    public async Task WriteAsync<T>(IAsyncEnumerable<T> items, IReadOnlyList<Column<T>> columns, string none, CancellationToken cancel)
    {
        switch (format)
        {
            case ResultFormat.Json or ResultFormat.Ndjson:
                await WriteJsonAsync(items, cancel);
                break;
            case ResultFormat.Csv:
                await WriteLinesAsync(items, columns, Csv, ",", cancel);
                break;
            case ResultFormat.Table when !screen.IsResultTerminal:
                await WriteLinesAsync(items, columns, Tables.OneLine, "\t", cancel);
                break;
            default:
                await WriteTableAsync(items, columns, none, cancel);
                break;
        }
    }

    /// <inheritdoc cref="WriteAsync{T}(IAsyncEnumerable{T}, IReadOnlyList{Column{T}}, string, CancellationToken)"/>
    public Task WriteAsync<T>(IEnumerable<T> items, IReadOnlyList<Column<T>> columns, string none, CancellationToken cancel) =>
        WriteAsync(Async(items), columns, none, cancel);

    /// <summary>One thing: its members under each other, or its JSON.</summary>
    public void WriteOne<T>(T item, params IReadOnlyList<(string Name, string? Value)> members)
    {
        if (format is ResultFormat.Json or ResultFormat.Ndjson)
        {
            Console.Out.WriteLine(JsonOf(item, isIndented: format == ResultFormat.Json));
            return;
        }
        if (format == ResultFormat.Csv)
        {
            Console.Out.WriteLine(string.Join(',', members.Select(member => Csv(member.Name))));
            Console.Out.WriteLine(string.Join(',', members.Select(member => Csv(member.Value ?? ""))));
            return;
        }
        var width = members.Max(member => member.Name.Length);
        foreach (var (name, value) in members)
            Console.Out.WriteLine(
                screen.IsResultTerminal ? $"{name.PadRight(width)}  {Tables.Shown(value)}" : $"{name}\t{Tables.OneLine(value ?? "")}");
    }

    /// <summary>A line of JSON, whatever the format is.</summary>
    public static void WriteLine<T>(T item) => Console.Out.WriteLine(JsonOf(item, isIndented: false));

    /// <summary>Nothing is written before the first item is there, so a call that is refused leaves standard output empty.</summary>
    private async Task WriteJsonAsync<T>(IAsyncEnumerable<T> items, CancellationToken cancel)
    {
        var isFirst = true;
        await foreach (var item in items.WithCancellation(cancel))
        {
            Reader.Check();
            if (format == ResultFormat.Json)
                Console.Out.Write(isFirst ? "[\n  " : ",\n  ");
            Console.Out.Write(JsonOf(item, isIndented: false));
            if (format == ResultFormat.Ndjson)
                Console.Out.WriteLine();
            isFirst = false;
        }
        if (format == ResultFormat.Json)
            Console.Out.WriteLine(isFirst ? "[]" : "\n]");
    }

    /// <inheritdoc cref="WriteJsonAsync{T}(IAsyncEnumerable{T}, CancellationToken)"/>
    private static async Task WriteLinesAsync<T>(
        IAsyncEnumerable<T> items, IReadOnlyList<Column<T>> columns, Func<string, string> cell, string divider, CancellationToken cancel)
    {
        var head = string.Join(divider, columns.Select(column => cell(column.Title)));
        var isFirst = true;
        await foreach (var item in items.WithCancellation(cancel))
        {
            Reader.Check();
            if (isFirst)
                Console.Out.WriteLine(head);
            isFirst = false;
            Console.Out.WriteLine(string.Join(divider, columns.Select(column => cell(column.Cell(item) ?? ""))));
        }
        if (isFirst)
            Console.Out.WriteLine(head);
    }

    private async Task WriteTableAsync<T>(
        IAsyncEnumerable<T> items, IReadOnlyList<Column<T>> columns, string none, CancellationToken cancel)
    {
        var rows = new List<T>();
        var count = 0;
        await foreach (var item in items.WithCancellation(cancel))
        {
            count++;
            rows.Add(item);
            if (rows.Count < Tables.RowsAtOnce)
                continue;
            Tables.WriteRows(screen.Results, rows, columns);
            rows.Clear();
        }
        Tables.WriteRows(screen.Results, rows, columns);
        if (count == 0)
            screen.Note(none);
    }

    private static string JsonOf<T>(T item, bool isIndented)
    {
        var type = (JsonTypeInfo<T>)RosterJson.Options.GetTypeInfo(typeof(T));
        using var bytes = new MemoryStream();
        // As the API writes it: letters of all scripts as they are.
        using (var json = new Utf8JsonWriter(
            bytes, new JsonWriterOptions { Indented = isIndented, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            JsonSerializer.Serialize(json, item, type);
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    private static string Csv(string cell) =>
        cell.AsSpan().IndexOfAny(",\"\r\n") < 0 ? cell : $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static async IAsyncEnumerable<T> Async<T>(IEnumerable<T> items)
    {
        foreach (var item in items)
            yield return item;
        await Task.CompletedTask;
    }
}
