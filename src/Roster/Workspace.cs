namespace Roster;

/// <summary>One directory with its own log, keys and partners, isolated from other workspaces.</summary>
/// <param name="Name">1 to 100 characters, unique on the server.</param>
/// <param name="Revision">The newest revision of its log.</param>
public sealed record Workspace(long Id, string Name, long Revision, Timestamp CreatedAt)
{
    public const string Default = "default";
    public const int MaxName = 100;
}
