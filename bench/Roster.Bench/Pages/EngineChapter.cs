using System.Globalization;
using System.Text;
using Roster.Bench.Load;
using Roster.Bench.Measures;
using Roster.Bench.People;
using Roster.Bench.Servers;

namespace Roster.Bench.Pages;

/// <summary>The results of one engine, as tables.</summary>
internal static class EngineChapter
{
    public static void Append(StringBuilder page, EngineResults run)
    {
        page.Append(CultureInfo.InvariantCulture, $"### {run.Version}\n\n");
        if (run.Batches.Count > 0)
        {
            AppendBatches(page, run);
            AppendStages(page, run.Batches);
        }
        if (run.Directus is { } directus)
            page.Append(CultureInfo.InvariantCulture,
                $"Directus {directus.Version}: 10,000 creates in {Spread.Of(directus.Creates).Text("N0")} ms, "
                + $"10,000 updates in {Spread.Of(directus.Updates).Text("N0")} ms.\n\n");
        if (run.Singles is { } singles)
            AppendSingles(page, singles);
        if (run.Loads.Count > 0)
            AppendLoads(page, run.Loads);
        if (run.Pages.Count + run.Reads.Count > 0)
            page.AppendTable(
                ["one request after the other, ms", "p50", "p99", "max", "bytes"],
                run.Pages.Concat(run.Reads).Select(read => (string[])
                    [read.Name, $"{read.P50:0.00}", $"{read.P99:0.00}", $"{read.Times[^1]:0.00}", $"{read.Bytes:N0}"]));
        if (run.Exports.Count > 0)
            AppendExports(page, run.Exports);
        if (run.Scale is { } scale)
            AppendScale(page, scale);
        if (run.Matches.Count > 0)
            AppendMatches(page, run.Matches);
        if (run.Fields.Count > 0)
            AppendFields(page, run.Fields);
        if (run.Import is { } import)
            AppendImport(page, import);
        if (run.Memory is { } memory)
            page.Append(CultureInfo.InvariantCulture,
                $"Memory of the server: {run.StartedMemory:0} MB started, {memory.Before:0} idle after the above, "
                + $"{memory.Peak:0} at most under four requests at once, {memory.After:0} idle after them.\n\n");
        if (run.Starts.Count > 0)
            page.Append(CultureInfo.InvariantCulture,
                $"Start to first answer: {Spread.Of(run.Starts).Text("0")} ms, {run.Starts.Count} times.\n\n");
    }

    private static void AppendBatches(StringBuilder page, EngineResults run) => page.AppendTable(
        ["ms: median (min–max)", "engine alone", "Roster over HTTP", "EF Core over HTTP", "Roster / engine", "EF Core / Roster"],
        Workload.All.Select(workload => (string[])
        [
            workload.Name,
            workload.IsWrite ? Spread.Of(BatchRatios.Engine(run, workload)).Text("0.0") : "",
            Spread.Of(BatchRatios.Server(run, workload)).Text("0.0"),
            Spread.Of(BatchRatios.EfCore(run, workload)).Text("0"),
            BatchRatios.ToEngine(run, workload)!.Value.Text("0.00") + (workload.IsWrite ? "" : ", of updates"),
            BatchRatios.OfEfCore(run, workload)!.Value.Text("0.0"),
        ]));

    private static void AppendStages(StringBuilder page, IReadOnlyList<Sample> samples)
    {
        var stages = samples[0].Server.Stages.Stages.Select(stage => stage.Stage).ToList();
        page.AppendTable(
            ["Server-Timing, median ms", .. stages, "rest"],
            Workload.All.Select(workload =>
            {
                var answers = samples.Where(sample => sample.Workload == workload).Select(sample => sample.Server).ToList();
                return (string[])
                [
                    workload.Name,
                    .. stages.Select((_, i) => Median(answers.Select(answer => answer.Stages.Stages[i].Milliseconds))),
                    Median(answers.Select(answer => answer.Rest)),
                ];
            }));

        static string Median(IEnumerable<double> values) => $"{Spread.Of(values).Median:0.0}";
    }

    private static void AppendSingles(StringBuilder page, SingleResult singles)
    {
        var server = singles.Server.Select(load => load.PerSecond).ToList();
        page.AppendTable(
            ["updates of one partner each", "in a second", "Roster / this"],
            [
                .. singles.Engine.Select(engine => (string[])
                [
                    $"engine alone, {engine.Key} connection{(engine.Key == 1 ? "" : "s")}", Spread.Of(engine.Value).Text("N0"),
                    Spread.Ratio(server, engine.Value).Text("0.00"),
                ]),
                [$"Roster over HTTP, {SingleResult.Connections} connections", Spread.Of(server).Text("N0"), ""],
            ]);
    }

    private static void AppendLoads(StringBuilder page, IReadOnlyList<OpenLoopResult> loads) => page.AppendTable(
        ["load, ms", "of the most", "in a second", "p50", "p90", "p99", "p99.9", "max", "answers", "cores of the callers"],
        loads.SelectMany(load => load.Parts
            .Select(part => Row(load.Name, $"{part.Part * 100:0} %", part.Load))
            .Append(Row(load.Name, "closed loop", load.Most))));

    private static string[] Row(string name, string part, LoadResult load) =>
    [
        name, part, $"{load.PerSecond:N0}", $"{load.P50:0.00}", $"{load.P90:0.00}", $"{load.P99:0.00}", $"{load.P999:0.00}",
        $"{load.Max:0.0}", $"{load.Answers:N0}", $"{load.Cores:0.00}",
    ];

    private static void AppendExports(StringBuilder page, IReadOnlyList<ExportResult> exports) => page.AppendTable(
        ["export", "engine alone, s", "Roster over HTTP, s", "partners", "MB", "memory before, MB", "at most, MB"],
        exports.Select(export => (string[])
        [
            export.Format, export.Engine.Count > 0 ? Spread.Of(export.Engine).Text("0.00") : "", Spread.Of(export.Server).Text("0.00"),
            $"{export.Partners:N0}", $"{export.Bytes / 1e6:0}", $"{export.Before:0}", $"{export.Peak:0}",
        ]));

    private static void AppendScale(StringBuilder page, ScaleResult scale) => page.AppendTable(
        ["10,000 creates, ms", "engine alone", "Roster over HTTP"],
        [
            Row(scale.Small),
            Row(scale.Large),
            [
                "ratio", Spread.Ratio(scale.Large.Engine, scale.Small.Engine).Text("0.00"),
                Spread.Ratio(scale.Large.Server, scale.Small.Server).Text("0.00"),
            ],
        ]);

    private static void AppendMatches(StringBuilder page, IReadOnlyList<MatchResult> matches) => page.AppendTable(
        ["partners with external ids, ms", "by id", "by external id", "by e-mail", "by external id / by id", "by e-mail / by id"],
        matches.Select(match => (string[])
        [
            match.Batch, .. Enum.GetValues<Naming>().Select(naming => Spread.Of(match.Times[naming]).Text("0.0")),
            Spread.Ratio(match.Times[Naming.ExternalId], match.Times[Naming.Id]).Text("0.00"),
            Spread.Ratio(match.Times[Naming.Email], match.Times[Naming.Id]).Text("0.00"),
        ]));

    private static void AppendFields(StringBuilder page, IReadOnlyList<FieldResult> fields) => page.AppendTable(
        ["ms: median (min–max)", "without tags and metadata", "with 3 tags and 5 keys", "with / without"],
        fields.Select(one => (string[])
        [
            one.Batch, Spread.Of(one.Without).Text("0.0"), Spread.Of(one.With).Text("0.0"),
            Spread.Ratio(one.With, one.Without).Text("0.00"),
        ]));

    private static void AppendImport(StringBuilder page, ImportResult import) => page.AppendTable(
        [$"import of {import.Rows:N0} rows of CSV", ""],
        [
            ["the engine's own loader", $"{import.Loader.TotalSeconds:0.0} s"],
            ["upload, and reading all of it", $"{import.Upload.TotalSeconds:0.0} s"],
            ["plan", $"{import.Plan.TotalSeconds:0.0} s"],
            ["apply", $"{import.Apply.TotalSeconds:0.0} s"],
            ["plan and apply / loader", $"{(import.Plan + import.Apply) / import.Loader:0.0}"],
            ["memory of the server at most", $"{import.PeakMemory:0} MB"],
            ["another's single updates meanwhile, p50", $"{import.Others[import.Others.Count / 2]:0} ms"],
            ["another's single updates meanwhile, p99", $"{import.Others[import.Others.Count * 99 / 100]:0} ms"],
        ]);

    private static string[] Row(ScaleStep step) =>
        [$"beside {step.Partners:N0} partners", Spread.Of(step.Engine).Text("0.0"), Spread.Of(step.Server).Text("0.0")];
}
