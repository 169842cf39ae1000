using System.Runtime.InteropServices;
using Roster.Changes;
using Roster.Log;

namespace Roster.Storage.Checks;

/// <summary>
/// Reads a workspace's log from its beginning: whether it is whole, and its entries for <see cref="PartnerCheck"/>. Each
/// change set is begun, then its bytes follow in pieces, then it is ended.
/// </summary>
/// <param name="part">Gets what is wrong.</param>
/// <param name="end">The log's end, as it is kept beside the log.</param>
/// <param name="countedUpTo">The revision up to which change sets are counted by day.</param>
internal sealed class LogCheck(CheckPart part, Revision end, long countedUpTo) : LogVisitor, IDisposable
{
    /// <summary>Beyond this many gaps, partners are not compared with the log: there is too little left of it.</summary>
    private const int MaxGaps = 100_000;

    private readonly Dictionary<(int Day, string Kind), DayCount> _days = [];
    private readonly List<(long From, long To)> _gaps = [];
    private LoggedHead? _head;
    private ChangeSetDecoder? _decoder;
    private Checksum _sum;
    private Revision _last;
    private bool _isDecodable;
    private int _entries;
    private int _created;
    private long _changeSets;
    private long _unsealed;

    public LogEntries Entries { get; } = new();

    /// <summary>The change sets up to the counted one, by day and kind.</summary>
    public IReadOnlyDictionary<(int Day, string Kind), DayCount> Days => _days;

    /// <summary>Whether some change sets are missing or cannot be read.</summary>
    public bool HasGaps => _gaps.Count > 0;

    /// <summary>Whether so much is missing that partners cannot be compared.</summary>
    public bool IsLost => _gaps.Count >= MaxGaps;

    /// <summary>Whether the change set with this revision is missing or cannot be read.</summary>
    public bool IsGap(long revision) => FindGap(revision) is { } gap && gap.From <= revision;

    /// <summary>Whether some change set from this revision on is missing or cannot be read.</summary>
    public bool HasGapFrom(long revision) => FindGap(revision) is not null;

    public void Begin(LoggedHead head)
    {
        var revision = head.Revision.Number;
        // A restored log goes on far beyond what it had.
        var isRestored = head.Kind == ChangeKind.Recover && revision % LogEpoch.Step == 0;
        if (revision > _last.Number + 1 && !isRestored)
            Miss(_last.Number + 1, revision - 1);
        if (revision > end.Number)
            part.Add(Damage.BeyondEnd, $"revision {revision}");
        if (_last.Number > 0 && head.Revision.At <= _last.At)
            part.Add(Damage.Times, $"revision {revision}");
        if (revision <= countedUpTo)
            Count(head);
        (_head, _last, _sum, _entries, _created, _isDecodable) = (head, head.Revision, new Checksum(), 0, 0, true);
        _decoder?.Dispose();
        _decoder = new ChangeSetDecoder(this);
        _changeSets++;
    }

    public void Add(ReadOnlySpan<byte> piece)
    {
        _sum.Add(piece);
        if (_isDecodable)
            Try(piece, static (decoder, piece) => decoder.Write(piece));
    }

    public void End()
    {
        var head = _head!;
        if (_isDecodable)
            Try([], static (decoder, _) => decoder.Complete());
        var item = $"revision {head.Revision.Number}";
        if (head.Checksum is null)
            _unsealed++;
        else if (head.Checksum != _sum.Value)
            part.Add(Damage.ChangedLog, item);
        if (!_isDecodable)
            return;
        if (_entries != head.Counts.Changed || _created != head.Counts.Created)
            part.Add(Damage.Counts, item);
    }

    /// <summary>The log has been read.</summary>
    public void EndAll()
    {
        if (_last.Number < end.Number)
            Miss(_last.Number + 1, end.Number);
        else if (_last.Number == end.Number && _last.Number > 0 && _last.At != end.At)
            part.Add(Damage.Times, $"the end, at revision {end.Number}");
        Entries.SortAll();
        part.Summary = $"{_changeSets} change sets with {Entries.Count} changes"
            + (_unsealed > 0 ? $"; {_unsealed} change sets of earlier versions have no checksum" : "");
    }

    public override void Begin(ChangeSetHead head)
    {
    }

    public override EntryUse Look(Guid id) => EntryUse.Read;

    public override void Take(LoggedChange entry)
    {
        _created += entry.Before is null ? 1 : 0;
        Entries.Add(_head!.Revision, _head.Kind, _entries++, entry);
    }

    public void Dispose()
    {
        _decoder?.Dispose();
        Entries.Dispose();
    }

    private delegate void Decoding(ChangeSetDecoder decoder, ReadOnlySpan<byte> piece);

    private void Try(ReadOnlySpan<byte> piece, Decoding decode)
    {
        try
        {
            decode(_decoder!, piece);
        }
        catch (DamagedLogException)
        {
            _isDecodable = false;
            part.Add(Damage.Undecodable, $"revision {_last.Number}");
            AddGap(_last.Number, _last.Number);
        }
    }

    private void Miss(long from, long to)
    {
        part.Add(Damage.Revisions, from == to ? $"revision {from}" : $"revisions {from} to {to}", to - from + 1);
        AddGap(from, to);
    }

    private void AddGap(long from, long to)
    {
        if (!IsLost)
            _gaps.Add((from, to));
    }

    /// <summary>The first gap that ends at this revision or later.</summary>
    private (long From, long To)? FindGap(long revision)
    {
        var (low, high) = (0, _gaps.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_gaps[middle].To < revision)
                low = middle + 1;
            else
                high = middle;
        }
        return low < _gaps.Count ? _gaps[low] : null;
    }

    private void Count(LoggedHead head)
    {
        var day = DayCount.DayOf(head.Revision.At);
        var (counts, kind) = (head.Counts, head.Kind);
        var one = new DayCount(day, kind, null, 1, counts.Created, counts.Updated, counts.Deleted, counts.Restored);
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_days, (day, kind), out _);
        sum = sum?.Plus(one) ?? one;
    }
}

/// <summary>A change set without its changes, as a check reads it.</summary>
/// <param name="Checksum">Null if an earlier version wrote it.</param>
internal sealed record LoggedHead(Revision Revision, string Kind, ChangeCounts Counts, long? Checksum);
