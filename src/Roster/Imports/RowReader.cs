namespace Roster.Imports;

/// <summary>
/// Reads the rows of an imported file, whatever its format. Blank rows and the rows up to the header are passed over.
/// </summary>
public abstract class RowReader : IDisposable
{
    /// <summary>
    /// The names of the columns, trimmed and each once: a second "Email" is "Email (2)", and the third column, if it has no
    /// name, is "Column 3". At most <see cref="Batches.CsvFormat.MaxColumns"/>; each of at most <see cref="ImportLimits.MaxColumnName"/>
    /// characters.
    /// </summary>
    public abstract IReadOnlyList<string> Columns { get; }

    /// <summary>Where the row is in the file: its first line, or its row in the sheet, or its number in the array, from 1.</summary>
    public int Line { get; protected set; }

    /// <summary>
    /// The row's cells, one for each of <see cref="Columns"/>; null if the cell is empty or missing. A cell is cut after
    /// <see cref="ImportLimits.KeptOfCell"/> characters. Valid until the next <see cref="Read"/>.
    /// </summary>
    public abstract IReadOnlyList<string?> Cells { get; }

    /// <summary>Why the row cannot be used, in a sentence, or null: an unclosed quotation mark, more cells than columns.</summary>
    public string? Fault { get; protected set; }

    /// <summary>Number of blank rows passed over so far.</summary>
    public long BlankRows { get; protected set; }

    /// <summary>Number of rows read so far that the workbook hides. They are read like others.</summary>
    public long HiddenRows { get; protected set; }

    /// <summary>
    /// Whether the workbook has the cell as a number, so that leading zeros and digits after the 15th are lost.
    /// </summary>
    public virtual bool IsNumber(int column) => false;

    /// <summary>Whether the cell is the only text of an array in JSON: one value, whatever is in it.</summary>
    public virtual bool IsAlone(int column) => false;

    /// <summary>Goes to the next row.</summary>
    /// <returns>False at the end of the file.</returns>
    /// <exception cref="FileRefusedException">The rest of the file cannot be read.</exception>
    public abstract bool Read();

    public abstract void Dispose();
}

/// <summary>The file cannot be read. The message is a sentence for the person who sent it: what it is, and what to do.</summary>
/// <param name="code">A word for programs, such as <c>not_a_table</c>; docs/reference/errors.md lists them.</param>
public sealed class FileRefusedException(string code, string message) : Exception(message)
{
    public string Code => code;
}
