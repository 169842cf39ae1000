namespace Roster.Access;

/// <summary>One administrative action.</summary>
/// <param name="Id">A UUID. Events are ordered by commit, not by id.</param>
/// <param name="Action">One of <see cref="AuditAction"/>.</param>
/// <param name="ActorKeyId">The key that did it; null for an operator's command.</param>
/// <param name="Address">The client's address; null for a command.</param>
/// <param name="Subject">
/// Its object: the key's id and name, the link's or session's id and the person's name, or the workspace's name.
/// </param>
public sealed record AuditEvent(
    Guid Id, long WorkspaceId, Timestamp At, string Action, Guid? ActorKeyId, string? Address, string Subject)
{
    public static AuditEvent Of(string action, long workspaceId, Timestamp at, Actor actor, string subject) =>
        new(Guid.CreateVersion7(), workspaceId, at, action, actor.KeyId, actor.Address, subject);

    /// <summary>The subject of an event of a key, a link or a session.</summary>
    public static string SubjectOf(Guid id, string name) => $"{id} {name}";
}

/// <summary>Who acts, and from which address.</summary>
public readonly record struct Actor(Guid? KeyId, string? Address)
{
    /// <summary>An operator on the server's command line.</summary>
    public static Actor Command => default;
}

public static class AuditAction
{
    public const string KeyCreated = "key_created";
    public const string KeyRotated = "key_rotated";
    public const string KeyRevoked = "key_revoked";
    public const string LinkCreated = "link_created";
    public const string PersonChanged = "person_changed";
    public const string PersonCreated = "person_created";
    public const string SessionBegun = "session_begun";
    public const string SessionEnded = "session_ended";
    public const string WorkspaceCreated = "workspace_created";
}
