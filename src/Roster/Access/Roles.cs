namespace Roster.Access;

/// <summary>Names for sets of scopes. A role is not stored: only its scopes are.</summary>
public static class Roles
{
    public const Scopes Viewer = Scopes.PartnersRead;
    public const Scopes Editor = Viewer | Scopes.LinksWrite | Scopes.PartnersWrite;
    public const Scopes Admin = Editor | Scopes.KeysRead | Scopes.KeysWrite;

    /// <summary>From the smallest to the largest; each has all scopes of the one before.</summary>
    private static readonly (string Name, Scopes Scopes)[] Known = [("viewer", Viewer), ("editor", Editor), ("admin", Admin)];

    public static string AllNames { get; } = string.Join(", ", Known.Select(role => role.Name));

    /// <summary>The largest role that the scopes cover.</summary>
    /// <returns>Null if they cover none.</returns>
    public static string? NameOf(Scopes scopes) => Known.LastOrDefault(role => scopes.HasFlag(role.Scopes)).Name;

    /// <returns>Null if there is no such role.</returns>
    public static Scopes? Parse(string name) => Known.FirstOrDefault(role => role.Name == name) is { Name: not null } role
        ? role.Scopes : null;
}
