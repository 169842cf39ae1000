namespace Roster;

/// <summary>Shortens texts without breaking a character in two.</summary>
public static class TextCut
{
    /// <param name="units">
    /// Most UTF-16 units. One less remains if the last one is the first half of a surrogate pair.
    /// </param>
    public static string Within(string text, int units) => text[..Within(text.AsSpan(), units).Length];

    /// <inheritdoc cref="Within(string, int)"/>
    public static ReadOnlySpan<char> Within(ReadOnlySpan<char> text, int units) =>
        text.Length <= units ? text : text[..(char.IsHighSurrogate(text[units - 1]) ? units - 1 : units)];
}
