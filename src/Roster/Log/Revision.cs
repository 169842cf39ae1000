using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Roster.Log;

/// <summary>A place in a workspace's log: the number and time of a change set.</summary>
/// <param name="Number">
/// Counts up by one with each change set; 0 before the first. A restored backup leaves a gap (<see cref="LogEpoch"/>).
/// </param>
/// <param name="At">The time of the change set and all its changes, in whole milliseconds.</param>
public readonly record struct Revision(long Number, Timestamp At)
{
    /// <summary>
    /// The next revision. Its time is at least one millisecond later, even if the clock stepped back or two change sets
    /// fall into one millisecond.
    /// </summary>
    public Revision Next(Timestamp clock)
    {
        var now = clock.WholeMilliseconds();
        return new Revision(Number + 1, now > At ? now : At.WholeMilliseconds().AddMilliseconds(1));
    }
}

/// <summary>All inputs of a plan beside the rows, so that planning looks nothing up.</summary>
/// <param name="End">The workspace's newest revision.</param>
/// <param name="Clock">The server's time now.</param>
/// <param name="IdSeed">128 random bits for the ids of new partners.</param>
public readonly record struct Moment(Revision End, Timestamp Clock, UInt128 IdSeed)
{
    /// <summary>The current time, with new random bits.</summary>
    public static Moment At(Revision end, TimeProvider clock)
    {
        Span<byte> seed = stackalloc byte[16];
        RandomNumberGenerator.Fill(seed);
        return new Moment(end, Timestamp.Now(clock), BinaryPrimitives.ReadUInt128BigEndian(seed));
    }
}
