namespace Roster.Access;

/// <summary>What uses a key.</summary>
public enum KeyKind
{
    /// <summary>A program.</summary>
    Key,

    /// <summary>A person, who signs in to the console. The key was made by a link or a sign-in by OpenID Connect.</summary>
    Person,
}

public static class KeyKindNames
{
    /// <summary>As in answers and in the database.</summary>
    public static string Name(this KeyKind kind) => kind == KeyKind.Person ? "person" : "key";

    /// <summary>Reads a stored kind. One that a newer server stored counts as a program.</summary>
    public static KeyKind Stored(string name) => name == "person" ? KeyKind.Person : KeyKind.Key;
}

/// <summary>A key as answers name it beside what it did.</summary>
public sealed record KeyName(Guid Id, string Name, KeyKind Kind);
