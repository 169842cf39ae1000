namespace Roster.Access;

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
