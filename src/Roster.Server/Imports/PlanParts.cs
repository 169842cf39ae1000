using Roster.Imports;
using Roster.Partners;

namespace Roster.Server.Imports;

/// <summary>
/// Divides a plan into parts, each a change set: first the created and updated rows, then the deletes. Which change is in
/// which part depends on the plan alone.
/// </summary>
/// <param name="areMany">Whether there is more than one part.</param>
internal sealed class PlanParts(bool areMany)
{
    /// <summary>Changed rows of a plan that is one part, as many as one request may have; and deletes of any part.</summary>
    public const int RowsOfOne = PartnerRules.MaxItems;

    /// <summary>Changed rows of each part of a larger plan. With more, the writes of others would wait longer.</summary>
    private const int RowsOfMany = 5_000;

    private int _rows;
    private int _deletes;

    /// <summary>
    /// Number of change sets of a plan. A plan of at most 10,000 changed rows, and as many deletes, is one change set.
    /// </summary>
    public static int CountOf(ImportCounts counts) => counts.Created + counts.Updated + counts.Deleted == 0 ? 0
        : counts.Created + counts.Updated <= RowsOfOne && counts.Deleted <= RowsOfOne ? 1
        : (int)((counts.Created + counts.Updated + RowsOfMany - 1) / RowsOfMany + ((counts.Deleted + RowsOfOne - 1) / RowsOfOne));

    /// <summary>Takes the next change.</summary>
    /// <returns>Whether it begins another part.</returns>
    public bool Next(bool isDelete)
    {
        // Deletes are in parts of their own if there is more than one part.
        var isFull = isDelete ? _deletes == RowsOfOne || (areMany && _rows > 0) : _rows == (areMany ? RowsOfMany : RowsOfOne);
        if (isFull)
            (_rows, _deletes) = (0, 0);
        _ = isDelete ? _deletes++ : _rows++;
        return isFull;
    }
}

/// <summary>
/// Measures the text of a plan's parts while it is made, so that a plan with a part that cannot be written is refused before
/// anybody applies it. The blocks come in order.
/// </summary>
internal sealed class PlanText
{
    private readonly PlanParts _division = new(areMany: true);

    /// <summary>The part that has the last change, of a plan with many parts.</summary>
    private Sum _part;

    /// <summary>All blocks with changes: the part of a plan that has only one.</summary>
    private Sum _all;

    /// <summary>Takes the next block of rows, as it is stored.</summary>
    /// <param name="rows">Each with the UTF-16 units of its partner as it is stored, 0 if there is none.</param>
    /// <exception cref="StoreException">A part has too much text.</exception>
    public void Add(IReadOnlyList<(PlannedRow Row, int OfPartner)> rows)
    {
        if (!rows.Any(row => row.Row.IsChange))
            return;
        // Whoever writes a part holds all rows of its blocks, and the partners that it changes.
        var ofBlock = rows.Sum(row => (long)ImportLimits.UnitsOf(row.Row.Cells));
        _all.Rows += ofBlock;
        _part.Rows += ofBlock;
        _part.Demand();
        foreach (var (row, ofPartner) in rows)
        {
            if (!row.IsChange)
                continue;
            if (_division.Next(row.Change == RowChange.Deleted))
                _part = new Sum { Rows = ofBlock };
            _all.Partners += ofPartner;
            _part.Partners += ofPartner;
            if (row.Change != RowChange.Deleted)
                _part.Demand();
        }
    }

    /// <summary>Ends the plan.</summary>
    /// <exception cref="StoreException">The last part, or the only one, has too much text.</exception>
    public void End(ImportCounts counts)
    {
        // With more deletes the plan is shown, and refused when it is applied.
        if (counts.Deleted > PlanParts.RowsOfOne)
            return;
        _part.Demand();
        if (PlanParts.CountOf(counts) == 1)
            _all.Demand();
    }

    private struct Sum
    {
        public long Rows;
        public long Partners;

        public readonly void Demand()
        {
            if (Math.Max(Rows, Partners) > TextBudget.MaxUnits)
                throw new StoreException(StoreTrouble.TooMuchText, "The rows of a part have too much text.");
        }
    }
}
