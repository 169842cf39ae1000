using System.Collections.Concurrent;
using Roster.Access;

namespace Roster.Server.Guard;

/// <summary>
/// Keys that are in use and will soon end. Known from the requests themselves, so nothing is asked of the database for it,
/// and a key that nobody uses any more, as after a rotation, is none.
/// </summary>
internal sealed class ExpiringKeys
{
    private static readonly TimeSpan Soon = TimeSpan.FromDays(14);

    /// <summary>How long after its last request a key counts as in use.</summary>
    private static readonly TimeSpan InUse = TimeSpan.FromDays(1);

    /// <summary>More are not counted.</summary>
    private const int MaxKeys = 10_000;

    private readonly ConcurrentDictionary<Guid, (Timestamp EndsAt, Timestamp SeenAt)> _keys = [];

    public void Note(ApiKey key, Timestamp now)
    {
        if (key.ExpiresAt is not { } endsAt || Until(endsAt, now) > Soon)
            return;
        if (_keys.ContainsKey(key.Id) || _keys.Count < MaxKeys)
            _keys[key.Id] = (endsAt, now);
    }

    public int Count(Timestamp now)
    {
        foreach (var (id, key) in _keys)
            if (key.EndsAt <= now || Until(now, key.SeenAt) > InUse)
                _keys.TryRemove(id, out _);
        return _keys.Count;
    }

    private static TimeSpan Until(Timestamp later, Timestamp earlier) => later.ToDateTime() - earlier.ToDateTime();
}
