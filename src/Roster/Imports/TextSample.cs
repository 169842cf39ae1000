namespace Roster.Imports;

/// <summary>Shortens texts from files without breaking a character in two.</summary>
internal static class TextSample
{
    /// <summary>The text's first characters, at most <see cref="ImportLimits.MaxSample"/>.</summary>
    public static string Of(string text) => Cut(text, ImportLimits.MaxSample);

    /// <param name="length">
    /// Most UTF-16 units. One less remains if the last one is the first half of a surrogate pair.
    /// </param>
    public static string Cut(string text, int length)
    {
        if (text.Length <= length)
            return text;
        return char.IsHighSurrogate(text[length - 1]) ? text[..(length - 1)] : text[..length];
    }
}
