using System.CommandLine;
using System.Globalization;
using Roster.Cli;
using Roster.Storage;
using Roster.Storage.Backups;

namespace Roster.Server.Commands;

/// <summary>restore: puts a backup in the place of an SQLite database.</summary>
internal static class RestoreCommand
{
    public static Command Create(Func<ParseResult, Store> parseStore, Func<Func<Task<int>>, Task<int>> report)
    {
        var file = new Argument<string>("file") { Description = "The backup, with its manifest beside it." };
        var replaces = new Option<bool>("--replace")
        {
            Description = "Keep a database that is there under another name, and put the backup in its place.",
        };
        var restore = new Command("restore", "Check a backup, and make it the SQLite database. No server may use that meanwhile.")
        {
            file, replaces,
        };
        restore.SetAction(parsed => report(async () =>
        {
            var store = parseStore(parsed);
            if (!store.IsFile)
                throw new SettingException("restore is for SQLite. Restore PostgreSQL with the tools that made its backup.");
            using var interruption = new Interruption();
            RestoredBackup restored;
            try
            {
                restored = store.Restore(parsed.GetRequiredValue(file), parsed.GetValue(replaces), TimeProvider.System, interruption.Token);
            }
            catch (OperationCanceledException)
            {
                await Console.Error.WriteLineAsync("Interrupted; nothing was changed.");
                return ExitCodes.Interrupted;
            }
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"""
                Restored the state of {restored.Manifest.TakenAt}. Workspaces: {restored.Workspaces:N0}. What was done later is undone:
                - Keys, sessions and links that were revoked or used later work again. Look with: keys list
                - Partners that were erased later are there again. Erase them again.
                - Revisions go on at {restored.FirstRevision}. Those of before are refused in If-Revision for good,
                  and so are positions of the feed beyond the backup.
                """));
            if (restored.KeptAs is { } kept)
                await Console.Error.WriteLineAsync($"The database that was there is now {kept}. Delete {kept}* when you need it no more.");
            return 0;
        }));
        return restore;
    }
}
