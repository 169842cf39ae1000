namespace Roster.Access;

/// <summary>What a key may do, by the names of the published API.</summary>
[Flags]
public enum Scopes
{
    None = 0,
    PartnersRead = 1,
    PartnersWrite = 2,
    LinksWrite = 4,
    KeysRead = 8,
    KeysWrite = 16,
    PartnersErase = 32,
    All = PartnersRead | PartnersWrite | LinksWrite | PartnersErase | KeysRead | KeysWrite,
}

public static class ScopeNames
{
    private static readonly (Scopes Scope, string Name)[] Known =
    [
        (Scopes.PartnersRead, "partnersRead"),
        (Scopes.PartnersWrite, "partnersWrite"),
        (Scopes.LinksWrite, "linksWrite"),
        (Scopes.PartnersErase, "partnersErase"),
        (Scopes.KeysRead, "keysRead"),
        (Scopes.KeysWrite, "keysWrite"),
    ];

    public static string AllNames { get; } = string.Join(',', Known.Select(known => known.Name));

    /// <summary>The names of the set scopes, as in requests and answers.</summary>
    public static IEnumerable<string> Names(this Scopes scopes) =>
        Known.Where(known => scopes.HasFlag(known.Scope)).Select(known => known.Name);

    /// <summary>Reads stored scopes. Ignores unknown names, which a newer server may have stored.</summary>
    public static Scopes Stored(string names) => names.Split(',').Aggregate(
        Scopes.None, (scopes, name) => scopes | Known.FirstOrDefault(known => known.Name == name).Scope);

    /// <summary>As in the database, for <see cref="Stored"/>.</summary>
    public static string ToStored(this Scopes scopes) => string.Join(',', scopes.Names());

    /// <summary>Reads names separated by commas.</summary>
    /// <returns>False if a name is unknown or there is none.</returns>
    public static bool TryParse(string text, out Scopes scopes, out string unknown)
    {
        scopes = Scopes.None;
        unknown = "";
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var match = Known.FirstOrDefault(known => known.Name == part);
            if (match.Name is null)
            {
                unknown = part;
                return false;
            }
            scopes |= match.Scope;
        }
        return scopes != Scopes.None;
    }
}
