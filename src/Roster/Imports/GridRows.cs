namespace Roster.Imports;

/// <summary>Reads CSV and sheets. Holds what its <see cref="Grid"/> holds.</summary>
internal sealed class GridRows : RowReader
{
    private readonly Grid _grid;
    private readonly string?[] _cells;
    private readonly int _firstLine;
    private int _rows;

    /// <param name="grid">At its start. Disposed with this.</param>
    /// <param name="firstLine">The first line that may be a row: below the header, or below a <c>sep=</c> line.</param>
    public GridRows(Grid grid, int firstLine, IReadOnlyList<string> columns)
    {
        _grid = grid;
        _firstLine = firstLine;
        _cells = new string?[columns.Count];
        Columns = columns;
    }

    public override IReadOnlyList<string> Columns { get; }

    public override IReadOnlyList<string?> Cells => _cells;

    public override bool IsNumber(int column) => Fault is null && _grid.IsNumber(column);

    public override bool Read()
    {
        while (_grid.Read())
        {
            if (_grid.Line < _firstLine)
                continue;
            BlankRows += Math.Min(_grid.Missing, _grid.Line - _firstLine);
            if (_grid.Fault is not null || _grid.HasText())
            {
                Take();
                return true;
            }
            BlankRows++;
        }
        return false;
    }

    public override void Dispose() => _grid.Dispose();

    private void Take()
    {
        if (++_rows > ImportLimits.MaxRows)
            throw FileRefusals.TooManyRows();
        Line = _grid.Line;
        HiddenRows += _grid.IsHidden ? 1 : 0;
        Fault = _grid.Fault ?? ExtraCell();
        for (var i = 0; i < _cells.Length; i++)
            _cells[i] = Fault is null ? _grid[i] : null;
    }

    private string? ExtraCell()
    {
        for (var i = _cells.Length; i < _grid.Count; i++)
            if (!string.IsNullOrWhiteSpace(_grid[i]))
                return $"Cell {i + 1} has text, and the table has {_cells.Length} columns; quote a cell that has the divider in it.";
        return _grid.HasTextBeyond ? $"This row has more cells than the table has columns ({_cells.Length})." : null;
    }
}
