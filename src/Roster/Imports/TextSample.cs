namespace Roster.Imports;

/// <summary>Shows the beginning of texts from files.</summary>
internal static class TextSample
{
    /// <summary>The text's first characters, at most <see cref="ImportLimits.MaxSample"/>.</summary>
    public static string Of(string text) => TextCut.Within(text, ImportLimits.MaxSample);
}
