namespace Roster.Imports;

/// <summary>A sheet of a workbook.</summary>
/// <param name="Rows">Number of rows as the workbook says, with blank ones; null if it does not say.</param>
public sealed record Sheet(string Name, int? Rows, bool IsHidden);

/// <summary>A workbook that is open. It needs its file until it is disposed, and leaves it open.</summary>
public abstract class Workbook : IDisposable
{
    /// <summary>The sheets with cells, in the workbook's order; none is a chart.</summary>
    public abstract IReadOnlyList<Sheet> Sheets { get; }

    /// <exception cref="FileRefusedException">There is no such sheet, or it cannot be read.</exception>
    public abstract Grid Open(string sheet);

    public abstract void Dispose();
}
