using Roster.Cli.Commands;
using Roster.Cli.Terminal;
using Roster.Client;

namespace Roster.Cli.Sync;

/// <summary>The rows of a file that cannot be applied.</summary>
internal static class FaultReport
{
    private const int MostShown = 20;

    /// <summary>The first faults, as compilers have them: <c>partners.csv:4:3: email: email is two addresses …</c>.</summary>
    public static async Task ShowAsync(Invocation run, string path, Import import, CancellationToken cancel)
    {
        var (shown, rows) = (0, 0L);
        await foreach (var row in run.Client.Imports.ListRowsAsync(
            import.Id, new ImportRowQuery { FaultyOnly = true, Take = MostShown }, cancel))
        {
            if (shown >= MostShown)
                break;
            rows++;
            foreach (var fault in row.Faults)
                if (shown++ < MostShown)
                    run.Screen.Warn(
                        $"{path}:{row.Line}:{ColumnOf(import, fault)} {(fault.Field is null ? "" : fault.Field + ": ")}{fault.Message}");
        }
        if (import.Counts!.Faulty > rows)
            run.Screen.Warn($"and {import.Counts.Faulty - rows:N0} more faulty rows. All of them, as a file to correct: --faults FILE");
    }

    /// <summary>
    /// All faulty rows, in the columns of the file, and why: a file that can be corrected in a spreadsheet and synced.
    /// </summary>
    public static async Task WriteAsync(Invocation run, string file, Import import, CancellationToken cancel)
    {
        var query = new ImportRowQuery { FaultyOnly = true };
        await OutputFile.WriteAsync(
            file, to => run.Client.Imports.ExportRowsAsync(import.Id, to, query, forSpreadsheets: true, cancel), cancel);
        run.Screen.Note($"All faulty rows ({import.Counts!.Faulty:N0}) are in {file}.");
    }

    /// <summary>The column's number, from 1; nothing for a fault of the whole row.</summary>
    private static string ColumnOf(Import import, RowNote fault)
    {
        for (var at = 0; at < import.Columns.Count; at++)
            if (import.Columns[at].Column == fault.Column)
                return $"{at + 1}:";
        return "";
    }
}
