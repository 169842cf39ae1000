using System.Text;
using Roster.Batches;

namespace Roster.Imports;

/// <summary>
/// Finds the divider of CSV. A first line <c>sep=;</c> is obeyed. Otherwise the first 64 KiB are read with each
/// divider, quotation marks respected, and each is given a share: the records that have as many cells as the first one
/// with text, two at least; if that is not half of the records, those that have the commonest number. Records with a
/// misplaced quotation mark do not count. Of the dividers with at least 90 % of the best share, the first wins in the
/// order tab, semicolon, pipe, comma: a comma is in many texts and numbers, a tab in none. Where no divider has a
/// share, cells are divided by commas.
/// </summary>
internal static class DividerRule
{
    private const double NearlyBest = 0.9;

    private static readonly char[] BestFirst = ['\t', ';', '|', ','];

    /// <param name="start">The text's first bytes as UTF-8.</param>
    /// <param name="isAll">Whether this is the whole text.</param>
    public static char Find(ReadOnlySpan<byte> start, bool isAll)
    {
        Span<double> shares = stackalloc double[BestFirst.Length];
        for (var i = 0; i < BestFirst.Length; i++)
            shares[i] = Share(start, isAll, BestFirst[i]);
        var best = 0d;
        foreach (var share in shares)
            best = Math.Max(best, share);
        for (var i = 0; i < BestFirst.Length && best > 0; i++)
            if (shares[i] >= best * NearlyBest)
                return BestFirst[i];
        return ',';
    }

    /// <summary>
    /// The divider of a <c>sep=</c> line at the text's start, as spreadsheet programs read it; null without one.
    /// </summary>
    /// <exception cref="FileRefusedException">It is none of <see cref="CsvFormat.Dividers"/>.</exception>
    public static char? Declared(ReadOnlySpan<byte> start)
    {
        var end = start.IndexOfAny((byte)'\r', (byte)'\n');
        var line = end < 0 || end > 16 ? "" : Encoding.UTF8.GetString(start[..end]).TrimEnd(' ').Trim('"');
        if (!line.StartsWith("sep=", StringComparison.OrdinalIgnoreCase) || line.Length < 5)
            return null;
        if (CsvFormat.NameOf(line[4]) is not null)
            return line[4];
        throw FileRefusals.Divider(line[4..].Trim());
    }

    private static double Share(ReadOnlySpan<byte> start, bool isAll, char divider)
    {
        var records = new CsvRecords(divider);
        var counts = new List<int>();
        while (records.Read(ref start))
            Count(records, counts);
        if (isAll && records.End())
            Count(records, counts);
        var first = counts.FirstOrDefault(count => count > 0);
        var even = counts.Count(count => count == first);
        if (first < 2 || even * 2 < counts.Count)
        {
            // Ties go to the wider one, so that the share does not depend on the order.
            var common = counts.Where(count => count > 1).GroupBy(count => count).MaxBy(group => (group.Count(), group.Key));
            even = common is null || common.Count() * 2 < counts.Count ? 0 : common.Count();
        }
        return counts.Count == 0 ? 0 : (double)even / counts.Count;
    }

    /// <summary>Adds the record's number of cells, 0 for one with a fault.</summary>
    private static void Count(CsvRecords records, List<int> counts)
    {
        if (records.HasText)
            counts.Add(records.Fault is null ? records.Count : 0);
    }
}
