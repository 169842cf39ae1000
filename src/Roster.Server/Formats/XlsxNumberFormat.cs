using System.Globalization;
using System.Text;

namespace Roster.Server.Formats;

/// <summary>
/// A number format that shows dates, times or percent, or pads numbers with zeros (ECMA-376 part 1, 18.8.31). Names of
/// months and days are English. Only its first section is used, which is the one for positive numbers.
/// </summary>
internal sealed class XlsxNumberFormat
{
    private const string Letters = "ymdhs";

    /// <summary>
    /// Years of an era (e, with its name g), of the Buddhist calendar (b), and days of the week in Japanese (a).
    /// </summary>
    private const string LocalLetters = "egba";

    /// <summary>Before noon and after it.</summary>
    private static readonly string[] Halves = ["AM/PM", "A/P", "上午/下午"];

    /// <summary>
    /// A run of a letter, "A" for AM/PM, "." for fractions of a second, "[" for elapsed time, or else a literal.
    /// </summary>
    private readonly List<(char Kind, string Text)> _tokens = [];
    private int _zeros;
    private bool _isPercent;
    private bool _isLocal;

    /// <summary>
    /// The formats that every workbook has of percent, and in ISO 8601 those of dates and times; null for others.
    /// </summary>
    public static string? BuiltIn(int id) => id switch
    {
        9 or 10 => "0%",
        (>= 14 and <= 17) or (>= 27 and <= 31) or 36 or (>= 50 and <= 54) or 57 or 58 => "yyyy-mm-dd",
        18 or 20 or 32 or 34 or 55 => "hh:mm",
        19 or 21 or 33 or 35 or 56 => "hh:mm:ss",
        22 => "yyyy-mm-dd hh:mm",
        45 or 47 => "mm:ss",
        46 => "[h]:mm:ss",
        _ => null,
    };

    /// <returns>Null for a format that shows plain numbers.</returns>
    public static XlsxNumberFormat? Of(string code)
    {
        const int MaxCode = 255;
        if (code.Length is 0 or > MaxCode || code.Equals("General", StringComparison.OrdinalIgnoreCase))
            return null;
        if (code.AsSpan().Trim('0').IsEmpty)
            return code.Length == 1 ? null : new XlsxNumberFormat { _zeros = code.Length };
        var format = new XlsxNumberFormat();
        format.Parse(code);
        var isTime = Enumerable.Range(0, format._tokens.Count).Any(format.IsTime);
        format._isPercent &= !isTime;
        // As for Excel's own formats of these countries: what they show is not known, and a year must not be lost.
        if (isTime && format._isLocal)
            return Of(format._tokens.Exists(token => token.Kind is 'h' or 's') ? "yyyy-mm-dd hh:mm:ss" : "yyyy-mm-dd");
        return isTime || format._isPercent ? format : null;
    }

    /// <summary>A number with up to 15 digits, as all programs keep them, and zeros instead of an exponent.</summary>
    public static string Plain(double value)
    {
        // Larger ones have an exponent in Excel, too; with smaller ones 15 digits are more than a decimal has.
        const double Least = 1e-13, End = 1e21;
        var text = value.ToString("G15", CultureInfo.InvariantCulture);
        return text.Contains('E', StringComparison.Ordinal) && Math.Abs(value) is >= Least and < End
            ? decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture) : text;
    }

    /// <returns>Null if the value is not one that this format changes.</returns>
    public string? Show(double value, bool is1904)
    {
        if (_zeros > 0)
        {
            var digits = Math.Abs(Math.Round(value)).ToString("F0", CultureInfo.InvariantCulture);
            return value >= 0 && digits.Length < _zeros ? digits.PadLeft(_zeros, '0') : null;
        }
        // All its digits: a value such as 0.125 is 12.5%, also if the format has no room for the half.
        if (_isPercent)
            return Plain(value * 100) + "%";
        const double End = 2_958_466;
        if (value is < 0 or >= End)
            return null;
        var hasFraction = _tokens.Exists(token => token.Kind == '.');
        var unit = hasFraction ? TimeSpan.TicksPerMillisecond : TimeSpan.TicksPerSecond;
        var ticks = (long)Math.Round(value * TimeSpan.TicksPerDay / unit) * unit;
        var text = new StringBuilder();
        var time = Date(ticks, is1904);
        for (var i = 0; i < _tokens.Count; i++)
            text.Append(Show(i, time, ticks));
        return text.ToString();
    }

    /// <summary>Excel counts from 1899-12-31 as day 0, and has a 29 February 1900 that never was.</summary>
    private static DateTime Date(long ticks, bool is1904)
    {
        const long FalseDay = 60 * TimeSpan.TicksPerDay;
        var first = is1904 ? new DateTime(1904, 1, 1) : new DateTime(1899, 12, ticks < FalseDay ? 31 : 30);
        return ticks <= (DateTime.MaxValue - first).Ticks ? first.AddTicks(ticks) : DateTime.MaxValue;
    }

    private string Show(int index, DateTime time, long ticks)
    {
        var (kind, text) = _tokens[index];
        var culture = CultureInfo.InvariantCulture;
        var isTwelve = _tokens.Exists(token => token.Kind == 'A');
        return kind switch
        {
            'y' => time.ToString(text.Length > 2 ? "yyyy" : "yy", culture),
            'm' when IsMinute(index) => Pad(time.Minute, text),
            'm' => text.Length > 2 ? time.ToString(text.Length == 3 ? "MMM" : "MMMM", culture) : Pad(time.Month, text),
            'd' => text.Length > 2 ? time.ToString(text.Length == 3 ? "ddd" : "dddd", culture) : Pad(time.Day, text),
            'h' => Pad(isTwelve ? (time.Hour + 11) % 12 + 1 : time.Hour, text),
            's' => Pad(time.Second, text),
            'A' => text.Split('/')[time.Hour / 12],
            '.' => "." + time.ToString("fff", culture)[..Math.Min(3, text.Length)],
            '[' when text[0] == 'h' => Pad(ticks / TimeSpan.TicksPerHour, text),
            '[' when text[0] == 'm' => Pad(ticks / TimeSpan.TicksPerMinute, text),
            '[' => Pad(ticks / TimeSpan.TicksPerSecond, text),
            _ => text,
        };
    }

    private static string Pad(long number, string text) => number.ToString(text.Length > 1 ? "00" : "0", CultureInfo.InvariantCulture);

    /// <summary>Whether an m is a minute: after an hour, or before a second.</summary>
    private bool IsMinute(int index)
    {
        var before = index - 1;
        while (before >= 0 && !IsTime(before))
            before--;
        var after = index + 1;
        while (after < _tokens.Count && !IsTime(after))
            after++;
        return (before >= 0 && (_tokens[before].Kind == 'h' || _tokens[before] is ('[', ['h', ..])))
            || (after < _tokens.Count && _tokens[after].Kind == 's');
    }

    private bool IsTime(int index) => _tokens[index].Kind == '[' || Letters.Contains(_tokens[index].Kind, StringComparison.Ordinal);

    private void Parse(string code)
    {
        for (var i = 0; i < code.Length && code[i] != ';';)
        {
            var letter = char.ToLowerInvariant(code[i]);
            var start = i;
            if (code[i] == '"')
            {
                var end = code.IndexOf('"', i + 1);
                end = end < 0 ? code.Length : end;
                _tokens.Add(('"', code[(i + 1)..end]));
                i = end + 1;
            }
            else if (code[i] == '[')
            {
                var end = code.IndexOf(']', i);
                var inside = code[(i + 1)..(end < 0 ? code.Length : end)].ToLowerInvariant();
                if (inside.Length > 0 && "hms".Contains(inside[0], StringComparison.Ordinal) && inside.AsSpan().Trim(inside[0]).IsEmpty)
                    _tokens.Add(('[', inside));
                i = end < 0 ? code.Length : end + 1;
            }
            else if (code[i] is '\\' or '_' or '*')
            {
                if (code[i] == '\\' && i + 1 < code.Length)
                    _tokens.Add(('"', code[i + 1].ToString()));
                i += 2;
            }
            else if (Array.Find(Halves, one => code.AsSpan(i).StartsWith(one, StringComparison.OrdinalIgnoreCase)) is { } halves)
            {
                _tokens.Add(('A', halves));
                i += halves.Length;
            }
            else if (Letters.Contains(letter, StringComparison.Ordinal))
            {
                while (i < code.Length && char.ToLowerInvariant(code[i]) == letter)
                    i++;
                _tokens.Add((letter, code[start..i]));
            }
            else if (code[i] == '.' && i + 1 < code.Length && code[i + 1] == '0')
            {
                for (i++; i < code.Length && code[i] == '0'; i++)
                {
                }
                _tokens.Add(('.', code[(start + 1)..i]));
            }
            else
            {
                _isPercent |= code[i] == '%';
                _isLocal |= LocalLetters.Contains(letter, StringComparison.Ordinal);
                _tokens.Add(('"', code[i++].ToString()));
            }
        }
    }
}
