using System.CommandLine;
using Roster.Server.Backups;
using Roster.Storage;

namespace Roster.Server.Commands;

/// <summary>The settings of the backups that a server on SQLite makes by itself.</summary>
internal sealed class BackupOptions
{
    private readonly Option<string> _to = CommandLine.Setting("--backup-to", "ROSTER_BACKUP_TO", "",
        "A folder, for this server alone, in which it makes backups of its SQLite database");

    private readonly Option<string> _every = CommandLine.Setting("--backup-every", "ROSTER_BACKUP_EVERY", "1h",
        "How long after a backup the next one is made: a number of minutes, hours or days, such as 30m, 1h or 1d");

    private readonly Option<string> _keep = CommandLine.Setting("--backup-keep", "ROSTER_BACKUP_KEEP", "24h,7d,4w",
        "How long one backup of each hour, day and week is kept");

    public IEnumerable<Option> All => [_to, _every, _keep];

    /// <returns>Null if the server makes none.</returns>
    /// <exception cref="SettingException">A setting is not valid, or not for this database.</exception>
    public BackupPlan? Parse(ParseResult parsed, Store database)
    {
        var folder = parsed.GetRequiredValue(_to);
        var pause = parsed.GetRequiredValue(_every);
        var every = KeyCommands.SpanOf(pause, "mhd", TimeSpan.FromDays(366)) ?? throw new SettingException(
            $"--backup-every is a number of minutes, hours or days up to a year, such as 30m or 1h, not '{pause}'.");
        var keep = BackupKeep.Parse("--backup-keep", parsed.GetRequiredValue(_keep));
        return folder == "" ? null
            : !database.IsFile ? throw new SettingException($"--backup-to is for SQLite. {BackupCommand.ForPostgres}")
            : new BackupPlan(database, Path.GetFullPath(folder), every, keep);
    }
}
