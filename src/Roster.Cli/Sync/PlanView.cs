using Roster.Cli.Commands;
using Roster.Client;

namespace Roster.Cli.Sync;

/// <summary>A plan, as a person looks at it before it is applied.</summary>
internal static class PlanView
{
    /// <summary>Updated rows that are looked at to say which fields they change. With more, it is left out.</summary>
    private const int MostCounted = 1_000;

    /// <summary>Rows that "show changes" shows of each kind.</summary>
    private const int MostShown = 50;

    public static async Task ShowAsync(Invocation run, PlannedFile plan, CancellationToken cancel)
    {
        var (import, file) = (plan.Import, plan.Import.File);
        var mapping = import.MappingFrom switch
        {
            "remembered" => "columns as the last time",
            "named" => "a stored mapping",
            "set" => "the mapping that was given",
            _ => "columns by their names",
        };
        var server = run.Connection.Url.ToString().TrimEnd('/');
        run.Screen.Note($" {file.Name}  {import.Rows:N0} rows, {TypeOf(file)}, {mapping}");
        run.Screen.Note($" against  {server}, workspace {plan.Workspace}, revision {plan.Revision} ({run.Connection.UrlFrom})");
        run.Screen.Note($" match    {import.MatchOn ?? "nothing"}");
        if (import.MappingFrom == "suggested" && import.Columns.Any(column => column.Why != "exact"))
            foreach (var column in import.Columns)
                run.Screen.Note($"   {column.Column} → {column.Target ?? "(not imported)"}");
        run.Screen.Note();
        var counts = import.Counts!;
        Line("create", counts.Created, "");
        Line("update", counts.Updated, counts.Updated is > 0 and <= MostCounted ? await CountFieldsAsync(run, import, cancel) : "");
        Line("unchanged", counts.Unchanged, "");
        if (import.Mode == "mirror")
            Line("delete", counts.Deleted, $"at most {counts.AllowedDeletes:N0} ({import.MaxDeletes ?? "5%"})");
        Line("faulty", counts.Faulty, "");
        if (counts.Skipped > 0)
            Line("left out", counts.Skipped, "");
        if (counts.Warned > 0)
            Line("warnings", counts.Warned, $"see: roster import rows {import.Id}");
        run.Screen.Note();

        void Line(string name, long count, string note) =>
            run.Screen.Note($"   {name,-10}{count,12:N0}{(note == "" ? "" : "   " + note)}");
    }

    /// <summary>The first rows that change something, with old and new values.</summary>
    public static async Task ShowChangesAsync(Invocation run, Import import, CancellationToken cancel)
    {
        foreach (var change in (string[])["created", "updated", "deleted"])
        {
            var shown = 0;
            await foreach (var row in run.Client.Imports.ListRowsAsync(
                import.Id, new ImportRowQuery { Change = change, Take = MostShown + 1 }, cancel))
            {
                if (shown++ == MostShown)
                {
                    run.Screen.Note($"  and more that are {change}. All: roster import rows {import.Id} --change {change}");
                    break;
                }
                var where = row.Line is { } line ? $"line {line}" : row.Id.ToString();
                run.Screen.Note($"  {change}  {where}  {FieldTexts.Of(row.Fields)}");
            }
        }
    }

    private static string TypeOf(ImportedFile file) => file.Format switch
    {
        "csv" => $"CSV, {file.Encoding?.ToUpperInvariant()}, {file.Delimiter}",
        "xlsx" => $"XLSX, sheet {file.Sheet}",
        var other => other?.ToUpperInvariant() ?? "",
    };

    /// <summary><c>phone 28, email 4</c>.</summary>
    private static async Task<string> CountFieldsAsync(Invocation run, Import import, CancellationToken cancel)
    {
        var counts = new Dictionary<string, int>();
        await foreach (var row in run.Client.Imports.ListRowsAsync(import.Id, new ImportRowQuery { Change = "updated" }, cancel))
            foreach (var field in row.Fields.Keys)
                counts[field] = counts.GetValueOrDefault(field) + 1;
        return string.Join(", ", counts.OrderByDescending(pair => pair.Value).Take(5).Select(pair => $"{pair.Key} {pair.Value:N0}"));
    }
}
