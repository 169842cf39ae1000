namespace Roster.Access;

/// <summary>What a key can do: its scopes, on which hosts' pages, until when.</summary>
/// <param name="ExpiresAt">Null where it never ends.</param>
public readonly record struct Grant(Scopes Scopes, HostnameList Hostnames, Timestamp? ExpiresAt)
{
    /// <summary>What of this another key does not have. Nobody makes, rotates or revokes a key that can more than their own.</summary>
    public Excess Beyond(Grant other) => new(
        Scopes & ~other.Scopes,
        !other.Hostnames.Covers(Hostnames),
        other.ExpiresAt is { } end && (ExpiresAt is null || ExpiresAt > end));
}

/// <summary>What one key can do and another cannot.</summary>
/// <param name="Hostnames">Whether it works on pages where the other does not.</param>
/// <param name="Time">Whether it works for longer.</param>
public readonly record struct Excess(Scopes Scopes, bool Hostnames, bool Time)
{
    public bool IsNone => this == default;
}
