using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Roster.Client;
using Spectre.Console;

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

/// <summary>A column of a table.</summary>
internal sealed record Column<T>(string Title, Func<T, string?> Cell, bool IsNumber = false);

/// <summary>Writes lists and single results, in the format that was asked for.</summary>
internal sealed class Results(Screen screen, ResultFormat format)
{
    /// <summary>A narrower terminal gets a block for each row instead of a table.</summary>
    private const int NarrowWidth = 60;

    /// <summary>Rows of a table that are laid out together, so a long list needs no memory and is seen at once.</summary>
    private const int TableRows = 500;

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
                await WriteLinesAsync(items, columns, OneLine, "\t", cancel);
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
                screen.IsResultTerminal ? $"{name.PadRight(width)}  {Shown(value)}" : $"{name}\t{OneLine(value ?? "")}");
    }

    /// <summary>A line of JSON, whatever the format is.</summary>
    public static void WriteLine<T>(T item) => Console.Out.WriteLine(JsonOf(item, isIndented: false));

    /// <summary>Nothing is written before the first item is there, so a call that is refused leaves standard output empty.</summary>
    private async Task WriteJsonAsync<T>(IAsyncEnumerable<T> items, CancellationToken cancel)
    {
        var isFirst = true;
        await foreach (var item in items.WithCancellation(cancel))
        {
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
            if (rows.Count < TableRows)
                continue;
            WriteRows(rows, columns);
            rows.Clear();
        }
        WriteRows(rows, columns);
        if (count == 0)
            screen.Note(none);
    }

    private void WriteRows<T>(List<T> rows, IReadOnlyList<Column<T>> columns)
    {
        if (rows.Count == 0)
            return;
        if (screen.Results.Profile.Width < NarrowWidth)
        {
            var width = columns.Max(column => column.Title.Length);
            foreach (var row in rows)
            {
                foreach (var column in columns)
                    Console.Out.WriteLine($"{column.Title.PadRight(width)}  {Shown(column.Cell(row))}");
                Console.Out.WriteLine();
            }
            return;
        }
        var table = new Table().Border(TableBorder.None);
        foreach (var column in columns)
        {
            var title = new TableColumn(new Text(column.Title, new Style(decoration: Decoration.Bold))).PadLeft(0).PadRight(2);
            table.AddColumn(column.IsNumber ? title.RightAligned() : title);
        }
        foreach (var row in rows)
            table.AddRow(columns.Select(column => new Text(Shown(column.Cell(row)))).ToArray<Spectre.Console.Rendering.IRenderable>());
        screen.Results.Write(table);
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

    /// <summary>A cell that is one line and has no tab, so that <c>cut</c> and <c>awk</c> can take it apart.</summary>
    private static string OneLine(string cell) =>
        cell.AsSpan().IndexOfAny("\t\r\n") < 0 ? cell : string.Join(' ', cell.Split('\t', '\r', '\n'));

    /// <summary>
    /// Text for a terminal. What a partner's name could do to it, such as a cleared screen or a line that is turned round, is
    /// shown as a box.
    /// </summary>
    private static string Shown(string? text) => text is null ? "" : text.Any(IsCommand)
        ? string.Concat(text.Select(sign => IsCommand(sign) ? '\u25A1' : sign)) : text;

    /// <summary>Control characters, and the overrides of direction (Unicode Standard Annex 9, 2.1 to 2.5).</summary>
    private static bool IsCommand(char sign) =>
        char.IsControl(sign) || sign is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');

    private static async IAsyncEnumerable<T> Async<T>(IEnumerable<T> items)
    {
        foreach (var item in items)
            yield return item;
        await Task.CompletedTask;
    }
}
