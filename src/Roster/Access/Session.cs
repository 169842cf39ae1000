using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Roster.Access;

/// <summary>
/// A browser that is signed in with a key. It has the key's rights and ends with the key. The cookie has a secret; only
/// its hash is stored.
/// </summary>
/// <param name="Hash">SHA-256 of the cookie's secret, 32 bytes.</param>
/// <param name="LastUsedAt">Accurate to about a minute.</param>
/// <param name="Address">The client's address when it began.</param>
/// <param name="UserAgent">The browser, as it named itself then; at most <see cref="MaxUserAgent"/> characters.</param>
public sealed record Session(
    Guid Id, long WorkspaceId, Guid KeyId, byte[] Hash, Timestamp CreatedAt, Timestamp LastUsedAt, string? Address, string? UserAgent)
{
    public const int MaxUserAgent = 256;

    /// <summary>Sessions that a key may have; a new one ends the oldest, but none that began after it by another server's clock.</summary>
    public const int MaxOfKey = 100;

    /// <summary>Expired sessions or links that each new one deletes, at most.</summary>
    public const int MaxExpiredDeleted = 100;

    public static readonly TimeSpan LongestIdle = TimeSpan.FromHours(12);

    public static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    private static readonly TimeSpan UseAccuracy = TimeSpan.FromMinutes(1);

    /// <summary>When it ends if it is not used again.</summary>
    public Timestamp ExpiresAt => Earlier(
        LastUsedAt.AddMilliseconds((long)LongestIdle.TotalMilliseconds), CreatedAt.AddMilliseconds((long)Longest.TotalMilliseconds));

    /// <summary>Whether it is valid at this time, with its key.</summary>
    public bool IsValidAt(Timestamp now, ApiKey key) => now < ExpiresAt && key.IsValidAt(now);

    /// <summary>Whether a use at this time is worth storing. Each one would be a write for each session every few seconds.</summary>
    public bool IsUseNews(Timestamp now) => LastUsedAt.AddMilliseconds((long)UseAccuracy.TotalMilliseconds) <= now;

    /// <summary>When it ends if it is not used again, by itself or with its key.</summary>
    public Timestamp EndOf(ApiKey key) => key.ExpiresAt is { } end ? Earlier(end, ExpiresAt) : ExpiresAt;

    private static Timestamp Earlier(Timestamp one, Timestamp other) => one < other ? one : other;
}

/// <summary>A stored session with its key.</summary>
public sealed record KeySession(Session Session, ApiKey Key);

/// <summary>
/// An invitation: whoever opens it first becomes a person with a key of these rights. Only the hash of its secret is
/// stored. It is deleted when it is used.
/// </summary>
/// <param name="Hash">SHA-256 of its secret, 32 bytes.</param>
/// <param name="MadeBy">The key that made it and must still have these rights; null for an operator's command.</param>
/// <param name="Name">The person's name.</param>
/// <param name="Grant">The rights of the person's key.</param>
public sealed record ConsoleLink(
    Guid Id, long WorkspaceId, byte[] Hash, Guid? MadeBy, string Name, Grant Grant, Timestamp CreatedAt)
{
    /// <summary>Links of a workspace that may be open; a new one ends the oldest.</summary>
    public const int MaxOpen = 1_000;

    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(30);

    public Timestamp ExpiresAt => CreatedAt.AddMilliseconds((long)Longest.TotalMilliseconds);

    /// <summary>Whether the key that made it is valid at this time and still has all rights that the link gives.</summary>
    public bool IsGivenBy(ApiKey? maker, Timestamp now) => maker?.IsValidAt(now) == true && Grant.Beyond(maker.Grant).IsNone;
}

/// <summary>The secret of a session's cookie or of a link: 256 random bits in base64url.</summary>
public sealed class RandomSecret
{
    private const int RandomBytes = 32;
    private const int TextLength = 43;

    private RandomSecret(string text) => Text = text;

    /// <summary>The whole secret. Send it once, store it nowhere.</summary>
    public string Text { get; }

    public byte[] Hash() => SHA256.HashData(Encoding.ASCII.GetBytes(Text));

    public static RandomSecret Mint() => new(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes)));

    /// <returns>Null if <see cref="Mint"/> could not have made the text.</returns>
    public static RandomSecret? Parse(string text) =>
        text.Length == TextLength && Base64Url.IsValid(text, out var bytes) && bytes == RandomBytes ? new RandomSecret(text) : null;
}
