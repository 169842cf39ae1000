using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Roster.Batches;

/// <summary>Finds the reason why JSON cannot be parsed. Runs only after the parser has failed.</summary>
internal static class JsonTrouble
{
    private const int MaxDepth = 64;
    private const int MaxWord = 16;

    private static ReadOnlySpan<byte> Blanks => " \t\r\n"u8;

    /// <summary>Reads to the last valid token and examines what follows.</summary>
    /// <param name="bytes">Bytes in which the parser failed.</param>
    /// <param name="state">The parser's state at their start.</param>
    public static BodyReason Of(ReadOnlySequence<byte> bytes, bool isFinal, JsonReaderState state)
    {
        var json = new Utf8JsonReader(bytes, isFinal, state);
        var (last, depth, read) = (json.TokenType, json.CurrentDepth, 0L);
        try
        {
            while (json.Read())
                (last, depth, read, state) = (json.TokenType, json.CurrentDepth, json.BytesConsumed, json.CurrentState);
        }
        catch (JsonException)
        {
            // Expected.
        }
        var next = new SequenceReader<byte>(bytes.Slice(read));
        return last switch
        {
            JsonTokenType.None or JsonTokenType.PropertyName => Value(ref next, depth),
            JsonTokenType.StartArray => Value(ref next, depth + 1),
            JsonTokenType.StartObject => Name(ref next),
            _ when depth == 0 => AfterEnd(ref next),
            _ => AfterValue(ref next, depth, IsInArray(state)),
        };
    }

    /// <summary>Whether the last token is in an array: only there can a ] follow.</summary>
    private static bool IsInArray(JsonReaderState state)
    {
        try
        {
            return new Utf8JsonReader("]"u8, isFinalBlock: false, state).Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static BodyReason AfterValue(ref SequenceReader<byte> next, int depth, bool isInArray)
    {
        if (Odd(ref next, out var found) is { } odd)
            return odd;
        if (found != ',')
            return isInArray ? BodyReason.InArray : BodyReason.InObject;
        next.Advance(1);
        if (Odd(ref next, out found) is { } afterComma)
            return afterComma;
        return found switch
        {
            (byte)']' or (byte)'}' => BodyReason.CommaBeforeEnd,
            (byte)',' => BodyReason.NothingBeforeComma,
            _ => isInArray ? Value(ref next, depth) : Name(ref next),
        };
    }

    private static BodyReason AfterEnd(ref SequenceReader<byte> next) =>
        Odd(ref next, out var found) ?? (found is (byte)'[' or (byte)'{' ? BodyReason.SecondValue : BodyReason.AfterEnd);

    private static BodyReason Name(ref SequenceReader<byte> next)
    {
        if (Odd(ref next, out var found) is { } odd)
            return odd;
        if (found == '\'')
            return BodyReason.QuotationMark;
        if (found == ',')
            return BodyReason.NothingBeforeComma;
        if (found != '"')
            return BodyReason.NameExpected;
        return Text(ref next) ?? Odd(ref next, out _) ?? BodyReason.ColonExpected;
    }

    private static BodyReason Value(ref SequenceReader<byte> next, int depth)
    {
        if (Odd(ref next, out var found) is { } odd)
            return odd;
        return found switch
        {
            (byte)'"' => Text(ref next) ?? BodyReason.Other,
            (byte)'\'' => BodyReason.QuotationMark,
            (byte)',' => BodyReason.NothingBeforeComma,
            (byte)'[' or (byte)'{' when depth >= MaxDepth => BodyReason.TooDeep,
            (byte)'-' or (byte)'+' or (byte)'.' or (>= (byte)'0' and <= (byte)'9') => Number(ref next),
            _ => Word(ref next),
        };
    }

    /// <summary>What is invalid anywhere in JSON, or the end of the input.</summary>
    /// <param name="found">The next byte that is not blank.</param>
    private static BodyReason? Odd(ref SequenceReader<byte> next, out byte found)
    {
        next.AdvancePastAny(Blanks);
        if (!next.TryPeek(out found))
            return BodyReason.CutOff;
        if (found is (byte)'/' or (byte)'#')
            return BodyReason.Comment;
        if (found < ' ' || found == 0x7F)
            return BodyReason.Control;
        return found < 0x80 ? null : NoAscii(next.UnreadSequence);
    }

    private static BodyReason? NoAscii(ReadOnlySequence<byte> next)
    {
        Span<byte> start = stackalloc byte[(int)Math.Min(next.Length, 4)];
        next.Slice(0, start.Length).CopyTo(start);
        if (Rune.DecodeFromUtf8(start, out var rune, out _) != OperationStatus.Done)
            return BodyReason.NotUtf8;
        if (rune.Value == '\uFEFF')
            return BodyReason.SecondMark;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation
                or UnicodeCategory.OpenPunctuation => BodyReason.QuotationMark,
            UnicodeCategory.SpaceSeparator or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.Control => BodyReason.OddSpace,
            _ => null,
        };
    }

    /// <summary>Skips a string.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    private static BodyReason? Text(ref SequenceReader<byte> next)
    {
        next.Advance(1);
        while (next.TryRead(out var found))
        {
            if (found == '"')
                return null;
            if (found is (byte)'\r' or (byte)'\n')
                return BodyReason.LineBreakInText;
            if (found < ' ')
                return BodyReason.ControlInText;
            if (found == '\\' && Escape(ref next) is { } wrong)
                return wrong;
        }
        return BodyReason.CutOff;
    }

    private static BodyReason? Escape(ref SequenceReader<byte> next)
    {
        if (!next.TryRead(out var escaped))
            return BodyReason.CutOff;
        if (escaped != 'u')
            return "\"\\/bfnrt"u8.Contains(escaped) ? null : BodyReason.Escape;
        for (var i = 0; i < 4; i++)
        {
            if (!next.TryRead(out var digit))
                return BodyReason.CutOff;
            if (!char.IsAsciiHexDigit((char)digit))
                return BodyReason.Escape;
        }
        return null;
    }

    private static BodyReason Number(ref SequenceReader<byte> next)
    {
        next.AdvancePastAny("+-.0123456789eE"u8);
        return next.End && next.Length <= 1 ? BodyReason.CutOff : BodyReason.Number;
    }

    private static BodyReason Word(ref SequenceReader<byte> next)
    {
        var word = new StringBuilder();
        while (word.Length <= MaxWord && next.TryPeek(out var letter) && char.IsAsciiLetter((char)letter))
        {
            word.Append((char)letter);
            next.Advance(1);
        }
        var text = word.ToString();
        if (text.Length == 0)
            return BodyReason.ValueExpected;
        foreach (var known in new[] { "true", "false", "null" })
        {
            if (text.Equals(known, StringComparison.OrdinalIgnoreCase))
                return text == known ? BodyReason.ValueExpected : BodyReason.SmallLetters;
            if (known.StartsWith(text, StringComparison.Ordinal) && next.End)
                return BodyReason.CutOff;
        }
        return text.ToUpperInvariant() is "NONE" or "NIL" or "UNDEFINED" or "NAN" or "INFINITY" or "INF"
            ? BodyReason.NoSuchValue : BodyReason.ValueExpected;
    }
}
