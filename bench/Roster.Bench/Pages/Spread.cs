using System.Globalization;

namespace Roster.Bench.Pages;

/// <summary>A median with its minimum and maximum.</summary>
internal readonly record struct Spread(double Median, double Min, double Max)
{
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], sorted[^1]);
    }

    /// <summary>The ratio of the medians, and the lowest and highest ratio of any round.</summary>
    public static Spread Ratio(IReadOnlyList<double> over, IReadOnlyList<double> under)
    {
        var rounds = Of(over.Zip(under, (above, below) => above / below));
        return rounds with { Median = Of(over).Median / Of(under).Median };
    }

    /// <param name="format">The format of each number, for example <c>0.0</c>.</param>
    public string Text(string format)
    {
        return $"{Number(Median)} ({Number(Min)}–{Number(Max)})";

        string Number(double value) => value.ToString(format, CultureInfo.InvariantCulture);
    }
}
