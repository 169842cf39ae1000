using System.Security.Cryptography;

namespace Roster.Access;

/// <summary>An API key as the store keeps it: its secret's hash, never the secret.</summary>
/// <param name="Prefix">The first characters of the secret, to tell keys apart in a list.</param>
/// <param name="Hash">SHA-256 of the whole secret, 32 bytes.</param>
/// <param name="AllowedHostnames">Hosts that a browser's page must come from; empty where any may.</param>
/// <param name="LastUsedAt">To within a few seconds; null before its first use.</param>
public sealed record ApiKey(
    Guid Id,
    long WorkspaceId,
    string Name,
    string Prefix,
    byte[] Hash,
    Scopes Scopes,
    Timestamp CreatedAt,
    Timestamp? ExpiresAt,
    Timestamp? RevokedAt,
    HostnameList AllowedHostnames,
    Timestamp? LastUsedAt = null)
{
    public const int MaxName = 255;

    public Grant Grant => new(Scopes, AllowedHostnames, ExpiresAt);

    /// <summary>Whether the key opens anything at this moment.</summary>
    public bool IsValidAt(Timestamp now) => RevokedAt is null && (ExpiresAt is null || now < ExpiresAt);

    /// <summary>Whether the secret with this hash is this key's, in time that does not depend on where they differ.</summary>
    public bool Matches(ReadOnlySpan<byte> hash) => CryptographicOperations.FixedTimeEquals(Hash, hash);
}

/// <summary>
/// The secret that a caller sends: <c>roster_</c>, 32 random letters and digits (190 bits), and 6 that are a checksum of
/// the rest. The prefix lets scanners find leaked keys; the checksum tells a mistyped key without asking the database.
/// </summary>
public sealed class ApiKeySecret
{
    private const string Start = "roster_";
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static readonly System.Buffers.SearchValues<char> AlphabetValues = System.Buffers.SearchValues.Create(Alphabet);
    private const int RandomLength = 32;
    private const int ChecksumLength = 6;
    private const int ShownLength = 11;

    private ApiKeySecret(string text) => Text = text;

    /// <summary>The whole secret. Show it once, keep it nowhere.</summary>
    public string Text { get; }

    public string Prefix => Text[..ShownLength];

    public byte[] Hash() => SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(Text));

    public static ApiKeySecret Mint()
    {
        var body = Start + RandomNumberGenerator.GetString(Alphabet, RandomLength);
        return new ApiKeySecret(body + Checksum(body));
    }

    /// <returns>Null where the text is not a secret that <see cref="Mint"/> could have made.</returns>
    public static ApiKeySecret? Parse(string text)
    {
        if (text.Length != Start.Length + RandomLength + ChecksumLength || !text.StartsWith(Start, StringComparison.Ordinal))
            return null;
        var body = text[..^ChecksumLength];
        return body.AsSpan(Start.Length).ContainsAnyExcept(AlphabetValues) || !text.EndsWith(Checksum(body), StringComparison.Ordinal)
            ? null
            : new ApiKeySecret(text);
    }

    /// <summary>The first 32 bits of the body's SHA-256, in base 62.</summary>
    private static string Checksum(string body)
    {
        var hash = SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(body));
        var rest = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(hash);
        return string.Create(ChecksumLength, rest, static (text, value) =>
        {
            for (var i = text.Length - 1; i >= 0; i--, value /= (uint)Alphabet.Length)
                text[i] = Alphabet[(int)(value % (uint)Alphabet.Length)];
        });
    }
}
