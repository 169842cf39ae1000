using System.Text;

namespace Roster.Imports;

/// <summary>
/// Collects the first distinct lines of a text that have other characters than ASCII. Holds less than 1 KiB of a line.
/// </summary>
internal sealed class SampleLines
{
    private const int MaxHeld = 4 * ImportLimits.MaxSample;

    private readonly List<string> _lines = [];
    private readonly StringBuilder _line = new();
    private int _firstForeign = -1;

    public void Add(ReadOnlySpan<char> text)
    {
        while (_lines.Count < ImportLimits.Samples && !text.IsEmpty)
        {
            var end = text.IndexOfAny('\r', '\n');
            AddToLine(end < 0 ? text : text[..end]);
            if (end < 0)
                return;
            EndLine();
            text = text[(end + 1)..];
        }
    }

    public IReadOnlyList<string> End()
    {
        EndLine();
        return _lines;
    }

    private void AddToLine(ReadOnlySpan<char> text)
    {
        if (_firstForeign < 0)
        {
            var at = text.IndexOfAnyExceptInRange('\0', '\x7F');
            // Only the end of a long run of ASCII characters is shown before the first other one.
            var ascii = at < 0 ? text : text[..at];
            _line.Append(ascii[Math.Max(0, ascii.Length - MaxHeld)..]);
            if (_line.Length > MaxHeld)
                _line.Remove(0, _line.Length - MaxHeld);
            if (at < 0)
                return;
            _firstForeign = _line.Length;
            text = text[at..];
        }
        _line.Append(text[..Math.Min(text.Length, Math.Max(0, 2 * MaxHeld - _line.Length))]);
    }

    private void EndLine()
    {
        if (_firstForeign >= 0 && _lines.Count < ImportLimits.Samples)
        {
            var from = _line.Length <= ImportLimits.MaxSample ? 0 : Math.Max(0, _firstForeign - ImportLimits.MaxSample / 2);
            var sample = TextSample.Of(_line.ToString(from, _line.Length - from)).Trim();
            if (!_lines.Contains(sample))
                _lines.Add(sample);
        }
        _line.Clear();
        _firstForeign = -1;
    }
}
