using System.Buffers;
using System.Text;
using System.Text.Json;
using Roster.Batches;

namespace Roster.Partners;

/// <summary>
/// A partner's metadata as one text: a JSON object of strings without white space, keys in code point order; null if
/// there is none.
/// </summary>
public static class MetadataText
{
    /// <summary>Most keys of one partner.</summary>
    public const int MaxKeys = 50;

    public const int MaxKeyLength = 40;

    /// <summary>Most code points of one value.</summary>
    public const int MaxValueLength = 500;

    /// <summary>Most bytes of one partner's keys and values together, in UTF-8.</summary>
    public const int MaxBytes = 8 << 10;

    private static readonly SearchValues<char> KeyCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

    public static bool IsKey(string key) => key.Length is > 0 and <= MaxKeyLength && !key.AsSpan().ContainsAnyExcept(KeyCharacters);

    /// <summary>The keys with their values, in code point order.</summary>
    public static SortedDictionary<string, string> Read(string? metadata)
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (metadata is null)
            return values;
        var json = new Utf8JsonReader(Encoding.UTF8.GetBytes(metadata));
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var key = json.GetString()!;
            json.Read();
            values[key] = json.GetString()!;
        }
        return values;
    }

    /// <returns>Null if there are no keys.</returns>
    public static string? Write(SortedDictionary<string, string> values)
    {
        if (values.Count == 0)
            return null;
        var text = new StringBuilder("{");
        foreach (var (key, value) in values)
        {
            // Only \ and " need escaping: keys and values have no control characters (RFC 8259 section 7).
            text.Append(text.Length > 1 ? "," : "").Append('"').Append(key).Append("\":\"");
            text.Append(value.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
        }
        return text.Append('}').ToString();
    }

    /// <summary>The name of a key's field in faults, diffs and CSV: <c>metadata.region</c>.</summary>
    public static string FieldName(string key) => $"{PartnerField.Metadata}.{key}";

    /// <summary>The rule that a value breaks, or null.</summary>
    public static BrokenRule? CheckValue(string value) =>
        value.Length == 0 ? new(FaultCode.EmptyValue, "A value of metadata is empty; send null to remove its key.")
        : PartnerRules.HasControl(value) ? NotText
        : PartnerRules.IsLonger(value, MaxValueLength) ? TooLong
        : null;

    /// <summary>The rule that a partner's metadata breaks as a whole, or null.</summary>
    public static BrokenRule? CheckAll(SortedDictionary<string, string> values)
    {
        if (values.Count > MaxKeys)
            return TooMany;
        var bytes = values.Sum(pair => pair.Key.Length + Encoding.UTF8.GetByteCount(pair.Value));
        return bytes <= MaxBytes ? null
            : new(FaultCode.TooLong, $"metadata is larger than {MaxBytes} bytes, its keys and values in UTF-8 together.");
    }

    internal static BrokenRule NotText { get; } =
        new(FaultCode.InvalidText, "A value of metadata has a line break or another control character, a lone surrogate or invalid UTF-8.");

    internal static BrokenRule NotString { get; } =
        new(FaultCode.InvalidType, "A value of metadata must be a string or null; send numbers, and yes or no, as text.");

    internal static BrokenRule TooLong { get; } =
        new(FaultCode.TooLong, $"A value of metadata is longer than {MaxValueLength} characters.");

    internal static BrokenRule TooMany { get; } = new(FaultCode.TooManyValues, $"metadata has more than {MaxKeys} keys.");

    internal static BrokenRule NotKey { get; } = new(
        FaultCode.InvalidText, $"A key of metadata has 1 to {MaxKeyLength} characters, each a letter or digit of ASCII or one of _ . -");
}
