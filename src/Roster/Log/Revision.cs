using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Roster.Log;

/// <summary>A place in a workspace's log: the number of a change set and its time.</summary>
/// <param name="Number">Counts up by one with each change set, without gaps; 0 before the first.</param>
/// <param name="At">The one timestamp of the change set, in whole milliseconds.</param>
public readonly record struct Revision(long Number, Timestamp At)
{
    /// <summary>
    /// The revision after this one. Its time is later than this one's in the milliseconds that callers see, also when
    /// the clock stepped back or two change sets fall into one millisecond.
    /// </summary>
    public Revision Next(Timestamp clock)
    {
        var now = clock.WholeMilliseconds();
        return new Revision(Number + 1, now > At ? now : At.WholeMilliseconds().AddMilliseconds(1));
    }
}

/// <summary>All that a plan needs beside the rows: nothing in it is looked up while planning.</summary>
/// <param name="End">The workspace's newest revision.</param>
/// <param name="Clock">The server's time now.</param>
/// <param name="IdSeed">128 random bits that the ids of new partners are made from.</param>
public readonly record struct Moment(Revision End, Timestamp Clock, UInt128 IdSeed)
{
    /// <summary>Now, with random bits of its own.</summary>
    public static Moment At(Revision end, TimeProvider clock)
    {
        Span<byte> seed = stackalloc byte[16];
        RandomNumberGenerator.Fill(seed);
        return new Moment(end, Timestamp.Now(clock), BinaryPrimitives.ReadUInt128BigEndian(seed));
    }
}
