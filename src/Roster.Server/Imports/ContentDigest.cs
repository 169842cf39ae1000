using System.Security.Cryptography;
using Roster.Server.Http;

namespace Roster.Server.Imports;

/// <summary>The header <c>Content-Digest</c> (RFC 9530): <c>sha-256=:BASE64:</c>.</summary>
internal static class ContentDigest
{
    private const string Name = "Content-Digest";
    private const string Prefix = "sha-256=:";

    /// <summary>Reads the SHA-256, and reports faults to <paramref name="parameters"/>. Digests by other algorithms are ignored.</summary>
    /// <returns>Null if there is none.</returns>
    public static byte[]? Read(HttpRequest request, Parameters parameters)
    {
        var digests = request.Headers[Name].SelectMany(header => (header ?? "").Split(',', StringSplitOptions.TrimEntries));
        if (digests.FirstOrDefault(digest => digest.StartsWith("sha-256=", StringComparison.OrdinalIgnoreCase)) is not { } found)
            return null;
        if (request.Headers.ContentEncoding.ToString() is not ("" or "identity"))
        {
            parameters.RejectHeader(Name, "It goes with a file that is sent uncompressed.");
            return null;
        }
        var bytes = new byte[SHA256.HashSizeInBytes];
        if (found.Length > Prefix.Length && found.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && found.EndsWith(':')
            && Convert.TryFromBase64String(found[Prefix.Length..^1], bytes, out var length) && length == bytes.Length)
            return bytes;
        parameters.RejectHeader(Name, "It is sha-256=:BASE64: (RFC 9530).");
        return null;
    }
}
