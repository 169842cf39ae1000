using System.Globalization;
using System.Text;

namespace Roster.Bench.Pages;

/// <summary>The results as Markdown: the targets, then a chapter for each engine.</summary>
internal static class Tables
{
    public static string Of(IReadOnlyList<EngineResults> runs, BenchOptions options, string machine)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture,
            $"{DateTime.UtcNow:yyyy-MM-dd}, on {machine}. {runs[0].Partners:N0} partners, measured rounds: {options.Rounds}.\n\n");
        AppendTargets(page, runs);
        foreach (var run in runs)
            EngineChapter.Append(page, run);
        return page.ToString();
    }

    private static void AppendTargets(StringBuilder page, IReadOnlyList<EngineResults> runs)
    {
        page.AppendTable(
            ["", "target", .. runs.SelectMany(run => new[] { run.Version.Split(' ')[0], "met" })],
            Target.All.Where(target => runs.Any(run => target.For(run) is not null))
                .Select(target => (string[])[target.Name, Limits(target), .. runs.SelectMany(run => Cells(target, run))]));
    }

    private static string Limits(Target target) => target.Sqlite is null || target.Sqlite == target.Postgres
        ? target.Postgres.Text(target.Unit)
        : $"{target.Sqlite.Value.Text(target.Unit)}, PostgreSQL {target.Postgres.Value:0.##} {target.Unit}";

    private static string[] Cells(Target target, EngineResults run) => (target.For(run), target.Measure(run)) switch
    {
        (null, _) => ["", ""],
        (_, null) => ["not measured", ""],
        ({ } limit, { } spread) => [
            spread.Min < spread.Max ? spread.Text(Format(target)) : spread.Median.ToString(Format(target), CultureInfo.InvariantCulture),
            limit.IsMetBy(spread.Median) ? "yes" : "**no**"],
    };

    private static string Format(Target target) => target.Unit == "×" ? "0.00" : "0";
}
