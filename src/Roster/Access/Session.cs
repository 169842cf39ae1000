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
