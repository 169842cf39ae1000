using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace Roster.Server.Pages;

/// <summary>A file of the console, with the forms that its build has compressed.</summary>
internal sealed class ConsoleFile
{
    /// <summary>Resources of the assembly, by the build (Console.targets).</summary>
    private const string Prefix = "console/";

    /// <summary>Content-Encoding and the ending of its files, the best first.</summary>
    private static readonly (string Encoding, string Ending)[] Encodings = [("br", ".br"), ("gzip", ".gz")];

    private readonly Form _plain;
    private readonly List<Form> _compressed = [];
    private readonly Lazy<string> _text;

    private ConsoleFile(string name, byte[] bytes)
    {
        (ContentType, _plain) = (TypeOf(System.IO.Path.GetExtension(name)), new Form(bytes, null));
        _text = new(() => Encoding.UTF8.GetString(bytes));
    }

    public string ContentType { get; }

    public string Text => _text.Value;

    /// <summary>All files by their path below /console/; none if the pages were not built.</summary>
    public static IReadOnlyDictionary<string, ConsoleFile> ReadAll(Assembly assembly)
    {
        var bytes = assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .ToDictionary(name => name[Prefix.Length..].Replace('\\', '/'), name => Read(assembly, name));
        var files = bytes.Where(one => !IsCompressedForm(one.Key)).ToDictionary(one => one.Key, one => new ConsoleFile(one.Key, one.Value));
        foreach (var (name, file) in files)
            foreach (var (encoding, ending) in Encodings)
                if (bytes.TryGetValue(name + ending, out var compressed) && compressed.Length < file._plain.Bytes.Length)
                    file._compressed.Add(new Form(compressed, encoding));
        return files.ToFrozenDictionary(StringComparer.Ordinal);

        bool IsCompressedForm(string name) =>
            Encodings.Any(one => name.EndsWith(one.Ending, StringComparison.Ordinal) && bytes.ContainsKey(name[..^one.Ending.Length]));
    }

    /// <summary>The form that a request prefers (RFC 9110, 12.5.3); of two that it likes as much, the smaller one.</summary>
    public Form FormFor(IList<StringWithQualityHeaderValue> accepted)
    {
        var best = _plain;
        var most = 0d;
        foreach (var form in _compressed)
            if (QualityOf(form.Encoding!) is var quality && (quality > most || (quality > 0 && quality == most && IsSmaller(form))))
                (best, most) = (form, quality);
        return best;

        bool IsSmaller(Form form) => form.Bytes.Length < best.Bytes.Length;

        double QualityOf(string encoding)
        {
            var named = accepted.FirstOrDefault(one => one.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase))
                ?? accepted.FirstOrDefault(one => one.Value == "*");
            return named is null ? 0 : named.Quality ?? 1;
        }
    }

    private static byte[] Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static string TypeOf(string extension) => extension switch
    {
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".html" => "text/html; charset=utf-8",
        ".txt" => "text/plain; charset=utf-8",
        ".json" or ".map" => "application/json",
        ".webmanifest" => "application/manifest+json",
        ".svg" => "image/svg+xml",
        ".png" => "image/png",
        ".ico" => "image/x-icon",
        ".woff2" => "font/woff2",
        _ => "application/octet-stream",
    };

    /// <summary>The bytes of a file as they are sent.</summary>
    /// <param name="encoding">Content-Encoding; null for none.</param>
    internal sealed class Form(byte[] bytes, string? encoding)
    {
        public byte[] Bytes => bytes;

        public string? Encoding => encoding;

        public EntityTagHeaderValue Tag { get; } = new($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 16))}\"");
    }
}
