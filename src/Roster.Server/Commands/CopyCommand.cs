using System.CommandLine;
using System.Globalization;
using Roster.Storage;

namespace Roster.Server.Commands;

/// <summary>copy: moves an instance from SQLite to PostgreSQL.</summary>
internal static class CopyCommand
{
    private const int BarLength = 30;

    public static Command Create(Func<ParseResult, string, Store> parseStore, Func<Func<Task<int>>, Task<int>> report)
    {
        var from = new Option<string>("--from")
        {
            Description = "The SQLite file, as --database names it; no server uses it meanwhile.",
            Required = true,
        };
        var to = new Option<string>("--to") { Description = "The PostgreSQL database, as --database names it; empty.", Required = true };
        var copy = new Command(
            "copy", "Move keys, workspaces, partners and the log from SQLite to PostgreSQL, and verify that all arrived.")
        {
            from, to,
        };
        copy.SetAction((parsed, cancel) => report(async () =>
        {
            var trouble = await Store.CopyAsync(
                parseStore(parsed, parsed.GetRequiredValue(from)), parseStore(parsed, parsed.GetRequiredValue(to)),
                new Bar(Console.Error), cancel);
            await Console.Error.WriteLineAsync(
                "All rows arrived, and their checksums are the same. Start the servers with the new --database.");
            if (trouble is not null)
                await Console.Error.WriteLineAsync($"Run ANALYZE there first: without it, searches are slow. {trouble}");
            return 0;
        }));
        return copy;
    }

    /// <summary>Progress, one line for each table. On a terminal the line is updated.</summary>
    private sealed class Bar(TextWriter output) : IProgress<CopyProgress>
    {
        public void Report(CopyProgress value)
        {
            if (!value.IsVerified && Console.IsErrorRedirected)
                return;
            var part = value.Total == 0 ? 1 : Math.Min(1, value.Rows / (double)value.Total);
            var filled = (int)(part * BarLength);
            var bar = new string('#', filled) + new string('.', BarLength - filled);
            var (start, end) = (Console.IsErrorRedirected ? "" : "\r", value.IsVerified ? ", verified\n" : "");
            output.Write(string.Create(CultureInfo.InvariantCulture,
                $"{start}{value.Table,-12} [{bar}] {value.Rows:N0} of {value.Total:N0}{end}"));
        }
    }
}
