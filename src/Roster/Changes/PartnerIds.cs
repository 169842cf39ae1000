namespace Roster.Changes;

/// <summary>
/// Version 7 UUIDs (RFC 9562 section 5.7) for the partners of one change set, in ascending order: the change set's
/// millisecond, then a 74-bit counter that starts at a random value and grows by random steps (section 6.2, method 2).
/// Change sets of a workspace never share a millisecond, so id order is creation order.
/// </summary>
public struct PartnerIds
{
    private const int CounterBits = 74;
    private const int LowBits = 62;

    private readonly ulong _milliseconds;
    private UInt128 _counter;
    private ulong _stepState;

    public PartnerIds(Timestamp at, UInt128 seed)
    {
        _milliseconds = (ulong)at.Milliseconds;
        // The counter's top bit starts at zero, so that a batch cannot overflow it.
        _counter = seed & ((UInt128.One << (CounterBits - 1)) - 1);
        _stepState = (ulong)(seed >> 64);
    }

    public Guid Next()
    {
        _counter += NextStep();
        var high = (_milliseconds << 16) | 0x7000 | (ulong)(_counter >> LowBits);
        var low = (1UL << 63) | ((ulong)_counter & ((1UL << LowBits) - 1));
        return new Guid((uint)(high >> 32), (ushort)(high >> 16), (ushort)high, (byte)(low >> 56), (byte)(low >> 48),
            (byte)(low >> 40), (byte)(low >> 32), (byte)(low >> 24), (byte)(low >> 16), (byte)(low >> 8), (byte)low);
    }

    /// <summary>A step from 1 to 2^32, by SplitMix64 (Steele, Lea and Flood 2014).</summary>
    private ulong NextStep()
    {
        _stepState += 0x9E3779B97F4A7C15;
        var mixed = _stepState;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return ((mixed ^ (mixed >> 31)) >> 32) + 1;
    }
}
