namespace Roster.Imports;

/// <summary>The first records of a table that have text, at most <see cref="ImportLimits.StartRows"/>.</summary>
internal sealed class TableStart
{
    private readonly List<Record> _records = [];

    public IReadOnlyList<Record> Records => _records;

    /// <summary>Number of columns: up to the last cell with text.</summary>
    public int Width { get; private set; }

    /// <param name="firstLine">Records that begin above are passed over.</param>
    /// <exception cref="FileRefusedException">There are too many columns, or only blank records from there on.</exception>
    public static TableStart Read(Grid grid, int firstLine)
    {
        var start = new TableStart();
        var isBlank = true;
        while (start._records.Count < ImportLimits.StartRows && grid.Read())
            if (grid.Fault is not null || grid.HasText())
            {
                isBlank = false;
                if (grid.Line >= firstLine)
                    start.Add(grid);
            }
        return start._records.Count > 0 ? start : throw (isBlank ? FileRefusals.Blank() : FileRefusals.NoHeaderLine(firstLine));
    }

    private void Add(Grid grid)
    {
        if (grid.HasTextBeyond && grid.Fault is null)
            throw FileRefusals.TooManyColumns();
        var cells = new string[grid.Count];
        for (var i = 0; i < cells.Length; i++)
        {
            cells[i] = TextCut.Within((grid[i] ?? "").Trim(), ImportLimits.MaxColumnName);
            if (cells[i].Length > 0 && grid.Fault is null)
                Width = Math.Max(Width, i + 1);
        }
        _records.Add(new Record(grid.Line, cells, grid.Fault));
    }

    /// <param name="Cells">Trimmed, and cut after <see cref="ImportLimits.MaxColumnName"/> UTF-16 units.</param>
    internal sealed record Record(int Line, IReadOnlyList<string> Cells, string? Fault)
    {
        public string this[int column] => column < Cells.Count ? Cells[column] : "";
    }
}
