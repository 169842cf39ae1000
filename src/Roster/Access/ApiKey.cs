using System.Security.Cryptography;
using Roster.Batches;
using Roster.Partners;

namespace Roster.Access;

/// <summary>An API key as stored: with its secret's hash, never the secret.</summary>
/// <param name="Prefix">The secret's first characters, to recognise the key in a list.</param>
/// <param name="Hash">SHA-256 of the whole secret, 32 bytes.</param>
/// <param name="AllowedHostnames">Hosts whose pages may use it in a browser; empty for any.</param>
/// <param name="LastUsedAt">Accurate to a few seconds; null before its first use.</param>
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
    Timestamp? LastUsedAt = null,
    KeyKind Kind = KeyKind.Key)
{
    /// <summary>In code points.</summary>
    public const int MaxName = 255;

    public Grant Grant => new(Scopes, AllowedHostnames, ExpiresAt);

    /// <summary>A new person's key.</summary>
    public static ApiKey ForPerson(long workspaceId, string name, ApiKeySecret secret, Grant grant, Timestamp now) => new(
        Guid.CreateVersion7(), workspaceId, name, secret.Prefix, secret.Hash(), grant.Scopes, now, grant.ExpiresAt, null,
        grant.Hostnames, Kind: KeyKind.Person);

    /// <summary>What is wrong with a text as the name of a key or of a person.</summary>
    /// <returns>A <see cref="FaultCode"/>; null if nothing.</returns>
    public static string? FaultOfName(string name) => name.Any(char.IsControl) ? FaultCode.InvalidText
        : string.IsNullOrWhiteSpace(name) ? FaultCode.NameRequired
        : PartnerRules.CountCodePoints(name) > MaxName ? FaultCode.TooLong : null;

    /// <summary>Whether the key is valid at this time.</summary>
    public bool IsValidAt(Timestamp now) => RevokedAt is null && (ExpiresAt is null || now < ExpiresAt);

    /// <summary>Compares the hash of a secret with this key's, in constant time.</summary>
    public bool Matches(ReadOnlySpan<byte> hash) => CryptographicOperations.FixedTimeEquals(Hash, hash);
}

/// <summary>
/// The secret that a caller sends: <c>roster_</c>, 32 random letters and digits (190 bits), and a checksum of 6. The
/// prefix lets scanners find leaked keys; the checksum detects mistyped keys without the database.
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

    /// <summary>The whole secret. Show it once, store it nowhere.</summary>
    public string Text { get; }

    public string Prefix => Text[..ShownLength];

    public byte[] Hash() => SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(Text));

    public static ApiKeySecret Mint()
    {
        var body = Start + RandomNumberGenerator.GetString(Alphabet, RandomLength);
        return new ApiKeySecret(body + Checksum(body));
    }

    /// <returns>Null if <see cref="Mint"/> could not have made the text.</returns>
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
        var checksum = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(hash);
        return string.Create(ChecksumLength, checksum, static (text, value) =>
        {
            for (var i = text.Length - 1; i >= 0; i--, value /= (uint)Alphabet.Length)
                text[i] = Alphabet[(int)(value % (uint)Alphabet.Length)];
        });
    }
}
