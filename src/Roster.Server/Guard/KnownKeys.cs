using System.Buffers.Binary;

namespace Roster.Server.Guard;

/// <summary>
/// The secrets of keys and sessions that were valid at their last look-up: other people's guesses do not delay them.
/// They are still looked up on each request. At most 20,000 are kept, about one megabyte; the least recently used are
/// forgotten.
/// </summary>
internal sealed class KnownKeys
{
    private const int HalfOfThem = 10_000;

    private readonly Lock _lock = new();
    private HashSet<UInt128> _newer = [];
    private HashSet<UInt128> _older = [];

    /// <param name="hash">SHA-256 of the secret; its first 128 bits identify the key.</param>
    public bool Has(ReadOnlySpan<byte> hash)
    {
        var key = BinaryPrimitives.ReadUInt128BigEndian(hash);
        lock (_lock)
            return _newer.Contains(key) || _older.Contains(key);
    }

    public void Add(ReadOnlySpan<byte> hash)
    {
        var key = BinaryPrimitives.ReadUInt128BigEndian(hash);
        lock (_lock)
        {
            if (!_newer.Add(key) || _newer.Count < HalfOfThem)
                return;
            (_older, _newer) = (_newer, []);
        }
    }

    public void Remove(ReadOnlySpan<byte> hash)
    {
        var key = BinaryPrimitives.ReadUInt128BigEndian(hash);
        lock (_lock)
        {
            _newer.Remove(key);
            _older.Remove(key);
        }
    }
}
