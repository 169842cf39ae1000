using System.Globalization;
using System.Text;

namespace Roster;

/// <summary>A moment in UTC, in microseconds since the Unix epoch: the unit that both engines store.</summary>
/// <param name="Microseconds">Microseconds since 1970-01-01T00:00:00Z.</param>
public readonly record struct Timestamp(long Microseconds) : IComparable<Timestamp>
{
    private const long PerMillisecond = 1_000;

    private static readonly string[] Formats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd"];

    public static Timestamp Now(TimeProvider clock) => From(clock.GetUtcNow());

    public static Timestamp From(DateTimeOffset moment) =>
        new((moment.UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond);

    /// <summary>Milliseconds since the Unix epoch, rounded down.</summary>
    public long Milliseconds => Microseconds / PerMillisecond;

    public DateTime ToDateTime() => DateTime.UnixEpoch.AddTicks(Microseconds * TimeSpan.TicksPerMicrosecond);

    /// <summary>The time rounded down to milliseconds, the precision that callers see.</summary>
    public Timestamp WholeMilliseconds() => new(Milliseconds * PerMillisecond);

    public Timestamp AddMilliseconds(long milliseconds) => new(Microseconds + (milliseconds * PerMillisecond));

    public int CompareTo(Timestamp other) => Microseconds.CompareTo(other.Microseconds);

    public static bool operator <(Timestamp left, Timestamp right) => left.Microseconds < right.Microseconds;

    public static bool operator >(Timestamp left, Timestamp right) => left.Microseconds > right.Microseconds;

    public static bool operator <=(Timestamp left, Timestamp right) => left.Microseconds <= right.Microseconds;

    public static bool operator >=(Timestamp left, Timestamp right) => left.Microseconds >= right.Microseconds;

    /// <summary>
    /// Reads a time such as <c>2024-01-01T00:00:00Z</c> (RFC 3339), or a day. A time without an offset is refused: it
    /// would depend on the machine.
    /// </summary>
    public static bool TryParse(string? text, out Timestamp time)
    {
        time = default;
        if (!DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
            || !(text!.Length == Formats[^1].Length || text.EndsWith('Z') || text[^6] is '+' or '-'))
            return false;
        time = From(moment);
        return true;
    }

    /// <summary>Bytes of a time as text.</summary>
    public const int TextLength = 24;

    /// <summary>RFC 3339 in UTC with milliseconds: <c>2024-01-01T00:00:00.000Z</c>.</summary>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[TextLength];
        Format(text);
        return Encoding.ASCII.GetString(text);
    }

    /// <summary>
    /// Writes the text of <see cref="ToString"/> digit by digit, for speed: a list has two times per partner.
    /// </summary>
    /// <param name="text"><see cref="TextLength"/> bytes.</param>
    public void Format(Span<byte> text)
    {
        var (date, time) = ToDateTime();
        var (year, month, day) = date;
        "0000-00-00T00:00:00.000Z"u8.CopyTo(text);
        Write(text[..4], year);
        Write(text[5..7], month);
        Write(text[8..10], day);
        Write(text[11..13], time.Hour);
        Write(text[14..16], time.Minute);
        Write(text[17..19], time.Second);
        Write(text[20..23], time.Millisecond);

        static void Write(Span<byte> digits, int number)
        {
            for (var i = digits.Length - 1; i >= 0; i--, number /= 10)
                digits[i] = (byte)('0' + (number % 10));
        }
    }
}
