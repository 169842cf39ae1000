namespace Roster;

/// <summary>UUIDs as callers write them: 36 characters, with hexadecimal digits in either case.</summary>
public static class Uuid
{
    private const int Length = 36;

    /// <summary><see cref="Guid.TryParseExact(string, string, out Guid)"/> alone also takes <c>0x</c> and signs.</summary>
    public static bool TryParse(string? text, out Guid id)
    {
        id = default;
        return text?.Length == Length && !text.AsSpan().ContainsAnyExcept(Characters) && Guid.TryParseExact(text, "D", out id);
    }

    private static readonly System.Buffers.SearchValues<char> Characters = System.Buffers.SearchValues.Create("0123456789abcdefABCDEF-");
}
