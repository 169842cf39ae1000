using System.Text;

namespace Roster.Imports;

/// <summary>The encodings of text files that are read.</summary>
public static class TextEncodings
{
    public const string Utf8 = "utf-8";
    public const string Utf16Le = "utf-16le";
    public const string Utf16Be = "utf-16be";

    private static readonly (string Name, int CodePage)[] All =
    [
        (Utf8, 65001), (Utf16Le, 1200), (Utf16Be, 1201), ("windows-1252", 1252), ("windows-1250", 1250), ("windows-1251", 1251),
        ("windows-1254", 1254), ("windows-1256", 1256), ("shift_jis", 932), ("gb18030", 54936),
    ];

    /// <summary>All names, those of Unicode first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(one => one.Name)];

    /// <summary>The encodings without a mark of their own: between these only a person can choose.</summary>
    public static IReadOnlyList<string> Asked { get; } = [.. Names.Skip(3)];

    /// <summary>The encoding. It throws at bytes that it does not have.</summary>
    /// <exception cref="FileRefusedException">The name is unknown.</exception>
    public static Encoding Named(string name)
    {
        var codePage = All.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).CodePage;
        if (codePage == 0)
            throw FileRefusals.UnknownEncoding(TextSample.Of(name));
        var (encoder, decoder) = (EncoderFallback.ReplacementFallback, DecoderFallback.ExceptionFallback);
        return CodePagesEncodingProvider.Instance.GetEncoding(codePage, encoder, decoder)
            ?? Encoding.GetEncoding(codePage, encoder, decoder);
    }

    /// <summary>
    /// The encoding that a byte order mark at the file's start names, and the mark's length; null without one.
    /// </summary>
    public static (string Name, int Length)? Marked(ReadOnlySpan<byte> start) => start switch
    {
        [0xEF, 0xBB, 0xBF, ..] => (Utf8, 3),
        [0xFF, 0xFE, ..] => (Utf16Le, 2),
        [0xFE, 0xFF, ..] => (Utf16Be, 2),
        _ => null,
    };

    /// <summary>
    /// The file's text as UTF-8, from its start and without a byte order mark. Disposing it leaves the file open.
    /// </summary>
    public static Stream Utf8Of(Stream file, string name)
    {
        file.Position = 0;
        Span<byte> start = stackalloc byte[3];
        var read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        file.Position = Marked(start[..read]) is { } mark && mark.Name == name ? mark.Length : 0;
        return Encoding.CreateTranscodingStream(file, Named(name), new UTF8Encoding(false), leaveOpen: true);
    }
}
