using Spectre.Console;
using Spectre.Console.Rendering;

namespace Roster.Cli.Terminal;

/// <summary>A column of a table.</summary>
internal sealed record Column<T>(string Title, Func<T, string?> Cell, bool IsNumber = false);

/// <summary>
/// How lists look: a table on a terminal, elsewhere a line of titles and one for each row, divided by tabs. The server's
/// commands use this file too.
/// </summary>
internal static class Tables
{
    /// <summary>A narrower terminal gets a block for each row instead of a table.</summary>
    private const int NarrowWidth = 60;

    /// <summary>Rows of a table that are laid out together, so a long list needs no memory and is seen at once.</summary>
    public const int RowsAtOnce = 500;

    /// <summary>Whether the environment wants colours (https://no-color.org).</summary>
    public static bool WantsColour => Environment.GetEnvironmentVariable("NO_COLOR") is null or ""
        && Environment.GetEnvironmentVariable("TERM") is not "dumb";

    public static IAnsiConsole Open(TextWriter writer, bool isStyled) => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = isStyled ? AnsiSupport.Yes : AnsiSupport.No,
        ColorSystem = isStyled ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
        Out = new AnsiConsoleOutput(writer),
    });

    /// <summary>A whole list on standard output.</summary>
    public static void Write<T>(IEnumerable<T> rows, params IReadOnlyList<Column<T>> columns)
    {
        if (Console.IsOutputRedirected)
        {
            Console.Out.WriteLine(TitleLine(columns));
            foreach (var row in rows)
                Console.Out.WriteLine(RowLine(row, columns));
            return;
        }
        var terminal = Open(Console.Out, WantsColour);
        foreach (var some in rows.Chunk(RowsAtOnce))
            WriteRows(terminal, some, columns);
    }

    public static string TitleLine<T>(IReadOnlyList<Column<T>> columns) => string.Join('\t', columns.Select(column => column.Title));

    public static string RowLine<T>(T row, IReadOnlyList<Column<T>> columns) =>
        string.Join('\t', columns.Select(column => OneLine(column.Cell(row) ?? "")));

    /// <summary>Some rows as a table on a terminal.</summary>
    public static void WriteRows<T>(IAnsiConsole terminal, IReadOnlyCollection<T> rows, IReadOnlyList<Column<T>> columns)
    {
        if (rows.Count == 0)
            return;
        if (terminal.Profile.Width < NarrowWidth)
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
            table.AddRow(columns.Select(column => new Text(Shown(column.Cell(row)))).ToArray<IRenderable>());
        terminal.Write(table);
    }

    /// <summary>A cell that is one line and has no tab, so that <c>cut</c> and <c>awk</c> can take it apart.</summary>
    public static string OneLine(string cell) =>
        cell.AsSpan().IndexOfAny("\t\r\n") < 0 ? cell : string.Join(' ', cell.Split('\t', '\r', '\n'));

    /// <summary>
    /// Text for a terminal. What a partner's name could do to it, such as a cleared screen or a line that is turned round, is
    /// shown as a box.
    /// </summary>
    public static string Shown(string? text) => text is null ? "" : text.Any(IsCommand)
        ? string.Concat(text.Select(sign => IsCommand(sign) ? '\u25A1' : sign)) : text;

    /// <summary>Control characters, and the overrides of direction (Unicode Standard Annex 9, 2.1 to 2.5).</summary>
    private static bool IsCommand(char sign) =>
        char.IsControl(sign) || sign is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
