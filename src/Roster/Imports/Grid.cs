using Roster.Batches;

namespace Roster.Imports;

/// <summary>
/// The lines of a CSV file or the rows of a sheet as they stand there: also the header, and blank ones.
/// </summary>
public abstract class Grid : IDisposable
{
    /// <summary>The line in which the record begins, or the row of the sheet, from 1.</summary>
    public int Line { get; protected set; }

    /// <summary>Number of cells, at most <see cref="CsvFormat.MaxColumns"/>.</summary>
    public abstract int Count { get; }

    /// <summary>
    /// The cell's text, cut after <see cref="ImportLimits.KeptOfCell"/> UTF-16 units; null if it is empty or missing.
    /// </summary>
    public abstract string? this[int column] { get; }

    /// <summary>Whether a cell after the first <see cref="CsvFormat.MaxColumns"/> has text.</summary>
    public abstract bool HasTextBeyond { get; }

    /// <summary>Rows of the sheet between the one before and this one: the workbook says nothing about them.</summary>
    public int Missing { get; protected set; }

    public bool IsHidden { get; protected set; }

    /// <summary>Why the record cannot be used, as a sentence; then <see cref="Line"/> is where the fault is.</summary>
    public string? Fault { get; protected set; }

    /// <inheritdoc cref="RowReader.IsNumber"/>
    public virtual bool IsNumber(int column) => false;

    /// <returns>False at the end.</returns>
    /// <exception cref="FileRefusedException"/>
    public abstract bool Read();

    /// <summary>Whether a cell has more than white space.</summary>
    public bool HasText()
    {
        for (var i = 0; i < Count; i++)
            if (!string.IsNullOrWhiteSpace(this[i]))
                return true;
        return HasTextBeyond;
    }

    public abstract void Dispose();
}
