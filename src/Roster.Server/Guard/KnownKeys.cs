using System.Buffers.Binary;

namespace Roster.Server.Guard;

/// <summary>
/// The keys that were valid when they were last looked up, so that somebody else's guesses do not hold them up. They are looked up all the
/// same. The least used are forgotten beyond about 20,000, which is about a megabyte.
/// </summary>
internal sealed class KnownKeys
{
    private const int HalfOfThem = 10_000;

    private readonly Lock _lock = new();
    private HashSet<UInt128> _newer = [];
    private HashSet<UInt128> _older = [];

    /// <param name="hash">SHA-256 of the secret, of which 128 bits tell keys apart.</param>
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
