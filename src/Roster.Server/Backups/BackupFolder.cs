using System.Globalization;
using System.Text.RegularExpressions;
using Roster.Storage;
using Roster.Storage.Backups;

namespace Roster.Server.Backups;

/// <summary>
/// The folder of a server's own backups, which it names <c>roster-20261128T070000Z.db</c> by the time in UTC. It deletes only files
/// with such a name, and a backup only if its manifest says the same.
/// </summary>
internal sealed partial class BackupFolder(string path)
{
    /// <summary>Most backups that are looked at; more are for the next pass.</summary>
    private const int MaxListed = 10_000;

    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";

    [GeneratedRegex(@"^roster-(\d{8}T\d{6}Z)\.db$")]
    private static partial Regex Name();

    /// <summary>What an ended process has left: a backup that is not whole, or a manifest without its backup.</summary>
    [GeneratedRegex(@"^(roster-\d{8}T\d{6}Z\.db)(\.[0-9a-f]{8}\.part(-journal|-wal|-shm)?)?(\.json)?$")]
    private static partial Regex OurName();

    /// <summary>Where a backup of this time goes.</summary>
    public string FileOf(DateTime taken) =>
        Path.Combine(path, $"roster-{taken.ToString(TimeFormat, CultureInfo.InvariantCulture)}.db");

    /// <summary>When the newest whole backup here was taken; null if there is none, or no folder.</summary>
    public DateTime? Newest()
    {
        try
        {
            return Backups().OrderDescending().Cast<DateTime?>().FirstOrDefault();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Deletes what ended processes have left; a folder that is not there has nothing. Only while no backup is made here.
    /// </summary>
    /// <exception cref="IOException" />
    /// <exception cref="UnauthorizedAccessException" />
    public void Clean()
    {
        if (!Directory.Exists(path))
            return;
        foreach (var file in Directory.EnumerateFiles(path, "roster-*").Take(MaxListed).ToList())
            if (OurName().Match(Path.GetFileName(file)) is { Success: true } match
                && !File.Exists(Path.Combine(path, match.Groups[1].Value)))
                File.Delete(file);
    }

    /// <summary>Deletes what is not kept any more. Only while no backup is made here.</summary>
    /// <exception cref="IOException" />
    /// <exception cref="UnauthorizedAccessException" />
    public void Thin(BackupKeep keep, DateTime now)
    {
        foreach (var taken in keep.Outdated(Backups(), now))
        {
            // The backup goes first: what is left if this ends here is deleted the next time.
            File.Delete(FileOf(taken));
            File.Delete(BackupManifest.Of(FileOf(taken)));
        }
    }

    private IEnumerable<DateTime> Backups() =>
        Directory.EnumerateFiles(path, "roster-*.db").Take(MaxListed).Select(TakenAt).OfType<DateTime>();

    /// <returns>Null if it is not a whole backup that a schedule has made.</returns>
    private static DateTime? TakenAt(string file)
    {
        if (Name().Match(Path.GetFileName(file)) is not { Success: true } match || !DateTime.TryParseExact(
            match.Groups[1].Value, TimeFormat, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var taken))
            return null;
        try
        {
            return BackupManifest.Read(file).Bytes == new FileInfo(file).Length ? taken : null;
        }
        catch (Exception failure) when (failure is StoreRefusedException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
