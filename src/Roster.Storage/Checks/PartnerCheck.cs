using Roster.Changes;
using Roster.Log;
using Roster.Partners;

namespace Roster.Storage.Checks;

/// <summary>
/// Compares a workspace's partners with its log. The log has what partners were before each change: so it tells which
/// partners there are, and of each its revision, times and whether it is deleted. Of its values it has those before the last
/// change; the values now are compared with their checksum.
/// </summary>
/// <param name="forgotten">Old values are forgotten in all change sets up to this one.</param>
internal sealed class PartnerCheck(LogCheck log, CheckPart logPart, CheckPart part, long forgotten)
{
    private long _partners;
    private long _unsealed;

    public long Live { get; private set; }

    public long WithEmail { get; private set; }

    public long WithPhone { get; private set; }

    public long LiveWithEmail { get; private set; }

    public long LiveWithPhone { get; private set; }

    public long Partners => _partners;

    /// <summary>Compares the next partner, in the order of ids.</summary>
    public void Take(Partner row, long? checksum)
    {
        Count(row);
        if (Checksum.Contradicts(checksum, row))
            part.Add(Damage.ChangedRow, ItemOf(row));
        else if (checksum is not { } sum || !Checksum.IsOfRevision(sum, row))
            _unsealed++;
        if (log.IsLost)
            return;
        PassUpTo(row.Id);
        if (log.Entries.Peek()?.Id == row.Id)
            Compare(row, ReadHistory());
        else if (!log.IsGap(row.Revision))
            part.Add(Damage.RowUnknown, ItemOf(row));
    }

    /// <summary>All partners have been taken.</summary>
    public void End()
    {
        if (!log.IsLost)
            PassUpTo(null);
        part.Summary = $"{_partners} partners, {_partners - Live} of them deleted"
            + (_unsealed > 0 ? $"; {_unsealed} that earlier versions wrote have no checksum" : "");
    }

    private static string ItemOf(Partner row) => $"{row.Id}, revision {row.Revision}";

    private void Count(Partner row)
    {
        _partners++;
        var live = row.DeletedAt is null ? 1 : 0;
        Live += live;
        WithEmail += row.Email is null ? 0 : 1;
        LiveWithEmail += row.Email is null ? 0 : live;
        WithPhone += row.Phone is null ? 0 : 1;
        LiveWithPhone += row.Phone is null ? 0 : live;
    }

    /// <summary>Partners of the log that have no row must be erased.</summary>
    private void PassUpTo(Guid? id)
    {
        while (log.Entries.Peek() is { } entry && (id is null || entry.Id.CompareTo(id.Value) < 0))
        {
            var history = ReadHistory();
            if (!history.IsErased && !log.HasGapFrom(history.Last.Revision + 1))
                part.Add(Damage.RowMissing, $"{history.Last.Id}, revision {history.Last.Revision}");
        }
    }

    private void Compare(Partner row, History history)
    {
        var last = history.Last;
        if (history.IsErased)
            part.Add(Damage.RowErased, ItemOf(row));
        else if (row.Revision != last.Revision && row.Revision > last.Revision && log.IsGap(row.Revision))
            return;
        else if (row.Revision != last.Revision || row.UpdatedAt != last.At || !IsPossible(row.DeletedAt, last)
            || (history.CreatedAt is { } createdAt && row.CreatedAt != createdAt))
            part.Add(Damage.RowNotOfLog, $"{ItemOf(row)}; the log says revision {last.Revision}");
    }

    /// <summary>Whether a partner can be deleted, or not, after a change: it says so, or leaves it as it was.</summary>
    private static bool IsPossible(Timestamp? deletedAt, LogEntry after) => after.Kind switch
    {
        ChangeKind.Delete => deletedAt == after.At,
        ChangeKind.Restore => deletedAt is null,
        // It brings back a state, with the time of its deletion.
        ChangeKind.Undo => deletedAt is null || deletedAt.Value.CompareTo(after.At) <= 0,
        _ => deletedAt is null || deletedAt == after.At || deletedAt == after.BeforeDeletedAt,
    };

    /// <summary>Reads the entries of the next partner, each of which must follow from the one before.</summary>
    private History ReadHistory()
    {
        var first = log.Entries.Peek()!;
        var (last, breaks, valued, bare) = (default(LogEntry), 0L, new List<long>(), new List<long>());
        for (var entry = first; entry?.Id == first.Id; entry = log.Entries.Peek())
        {
            if (!Follows(entry, last) && breaks++ == 0)
                logPart.Add(Damage.Chain, $"{entry.Id}, revision {entry.Revision}");
            if (entry.Before is not null)
                Note(entry.HasValues ? valued : bare, entry.Revision);
            last = entry;
            log.Entries.Skip();
        }
        var isErased = last!.Kind == ChangeKind.Erase;
        if (isErased && valued.Count > 0)
            logPart.Add(Damage.ErasedValues, $"{first.Id}, revision {valued[0]}");
        if (!isErased && valued.Exists(revision => revision <= forgotten))
            logPart.Add(Damage.KeptValues, $"{first.Id}, revision {valued[0]}");
        // It may be erased in a change set that cannot be read.
        if (!isErased && bare.FindLast(revision => revision > forgotten) is > 0 and var lacking && !log.HasGapFrom(last.Revision + 1))
            logPart.Add(Damage.LostValues, $"{first.Id}, revision {lacking}");
        return new History(last, first.Before is null ? first.At : null, isErased);
    }

    /// <summary>Only the ends of a long list matter.</summary>
    private static void Note(List<long> revisions, long revision)
    {
        if (revisions.Count < 2)
            revisions.Add(revision);
        else
            revisions[1] = revision;
    }

    private bool Follows(LogEntry entry, LogEntry? last)
    {
        if (last is null)
            return entry.Before is null || log.IsGap(entry.Before.Value);
        if (entry.Before is not { } before || last.Kind == ChangeKind.Erase || entry.Revision == last.Revision)
            return false;
        if (before != last.Revision)
            return before > last.Revision && before < entry.Revision && log.IsGap(before);
        return entry.BeforeAt == last.At && IsPossible(entry.BeforeDeletedAt, last);
    }

    /// <param name="CreatedAt">Null where the log does not have its creation.</param>
    private readonly record struct History(LogEntry Last, Timestamp? CreatedAt, bool IsErased);
}
