namespace Roster.Storage.Checks;

/// <summary>Every kind of damage that a check finds, with its cure. docs/how-to/check-and-repair.md has more.</summary>
internal static class Damage
{
    private const string Restore = "Restore the newest backup that this check finds whole";

    private const string RestoreOrRewrite =
        "Restore a backup. Or take these partners as they are with roster-server accept, and write their right values with PUT "
        + "(all fields; look them up in a backup)";

    private const string Reindex =
        "If log and partners are ok: roster-server reindex. If not, cure those first: the index may have what they lost";

    public static readonly DamageKind File = new(
        "faults of the file's structure", $"Stop the server, keep the file and its -wal, look at the disk. {Restore}");

    public static readonly DamageKind References = new("rows refer to a workspace that is not there", Restore);

    public static readonly DamageKind Imports = new(
        "faults of the file of imports",
        "Stop the server, delete roster.db.imports with its -wal and -shm, and send imports again that were not applied");

    public static readonly DamageKind DataChecksums = new(
        "failures of PostgreSQL's data checksums", $"Look at PostgreSQL's log and at the disk. {Restore}");

    public static readonly DamageKind Unreadable = new("reads met damage", Restore);

    public static readonly DamageKind Revisions = new(
        "change sets are missing", $"What they did cannot be undone or looked back to. {Restore}");

    public static readonly DamageKind BeyondEnd = new("change sets are behind the log's end", Restore);

    public static readonly DamageKind Times = new("change sets have a time that is not after the one before", Restore);

    public static readonly DamageKind Undecodable = new("change sets cannot be decoded", $"Calls that need them fail. {Restore}");

    public static readonly DamageKind ChangedLog = new(
        "change sets are not as they were written (checksum)", $"Do not undo them: old values in them may be wrong. {Restore}");

    public static readonly DamageKind Counts = new("change sets have not as many changes as they count", Restore);

    public static readonly DamageKind Chain = new("changes do not follow from the partner's change before", Restore);

    public static readonly DamageKind ErasedValues = new(
        "changes still have values of erased partners", "A restore or a repair by hand brought them back: erase these partners again");

    public static readonly DamageKind KeptValues = new(
        "changes still have old values that were to be forgotten", "Report this: --keep-old-values has not removed them");

    public static readonly DamageKind LostValues = new("changes lack the old values", Restore);

    public static readonly DamageKind ChangedRow = new(
        "partners are not as they were written (checksum)", RestoreOrRewrite);

    public static readonly DamageKind RowNotOfLog = new(
        "partners have another revision, time or state than the log says", RestoreOrRewrite);

    public static readonly DamageKind RowMissing = new("partners are missing", Restore);

    public static readonly DamageKind RowUnknown = new("partners unknown to the log", Restore);

    public static readonly DamageKind RowErased = new(
        "partners are there that the log says were erased", "Erase them again, or restore a backup");

    public static readonly DamageKind SearchFile = new("faults of the index's file", Reindex);

    public static readonly DamageKind SearchWrong = new("partners are other in the index than in the directory", Reindex);

    public static readonly DamageKind SearchMissing = new("partners are missing in the index", Reindex);

    public static readonly DamageKind SearchExtra = new("partners are in the index that the directory does not have", Reindex);

    public static readonly DamageKind SearchTexts = new("indexes of texts do not fit the partners", Reindex);

    public static readonly DamageKind SearchTerms = new("indexes of tags and metadata do not fit the partners", Reindex);

    public static readonly DamageKind Live = new("numbers of live partners are wrong", Restore);

    public static readonly DamageKind Terms = new("numbers of tags, keys, addresses or phones are wrong", Reindex);

    public static readonly DamageKind Days = new("days have wrong numbers of change sets", Reindex);
}
