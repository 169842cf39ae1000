using System.CommandLine;
using System.Globalization;
using Roster.Cli;
using Roster.Server.Hosting;
using Roster.Storage;
using Roster.Storage.Backups;

namespace Roster.Server.Commands;

/// <summary>backup: copies an SQLite database to a file, while servers run or not.</summary>
internal static class BackupCommand
{
    public const string ForPostgres =
        "Back up PostgreSQL with its own tools: pg_dump, or base backups and archived logs, for example by pgBackRest.";

    public static Command Create(Func<ParseResult, Store> parseStore, Func<Func<Task<int>>, Task<int>> report)
    {
        var file = new Argument<string>("file") { Description = "The backup: a new file in a folder that exists." };
        var backup = new Command(
            "backup", "Copy the SQLite database of this moment to a file, while the server runs, and check the copy.") { file };
        backup.SetAction(parsed => report(async () =>
        {
            var store = parseStore(parsed);
            if (!store.IsFile)
                throw new SettingException(ForPostgres);
            using var interruption = new Interruption();
            try
            {
                var made = store.BackUp(
                    parsed.GetRequiredValue(file), ServerVersion.Text, TimeProvider.System, new Percent(Console.Error),
                    interruption.Token);
                await Console.Error.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"Backed up the state of {made.Manifest.TakenAt}: {made.Manifest.Bytes:N0} bytes, and checked the copy. " +
                    $"{BackupManifest.Of(parsed.GetRequiredValue(file))} belongs to it."));
                if (made.NoteTrouble is { } trouble)
                    await Console.Error.WriteLineAsync($"The backup is whole, but the server will not know its time. {trouble}");
                return 0;
            }
            catch (OperationCanceledException)
            {
                await Console.Error.WriteLineAsync("Interrupted; no backup was made, and nothing is left of it.");
                return ExitCodes.Interrupted;
            }
        }));
        return backup;
    }

    /// <summary>Progress on a terminal; a log needs none.</summary>
    private sealed class Percent(TextWriter output) : IProgress<BackupProgress>
    {
        private long _shown = -1;

        public void Report(BackupProgress value)
        {
            var percent = value.Total == 0 ? 100 : value.Bytes * 100 / value.Total;
            if (Console.IsErrorRedirected || percent == _shown)
                return;
            _shown = percent;
            output.Write(string.Create(
                CultureInfo.InvariantCulture, $"\rCopied {percent} % of {value.Total:N0} bytes{(percent == 100 ? "; checking\n" : "")}"));
        }
    }
}
