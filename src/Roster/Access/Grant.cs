namespace Roster.Access;

/// <summary>What a key permits: its scopes, the hosts of pages, and until when.</summary>
/// <param name="ExpiresAt">Null if it never ends.</param>
public readonly record struct Grant(Scopes Scopes, HostnameList Hostnames, Timestamp? ExpiresAt)
{
    /// <summary>
    /// The part of this grant that another lacks. Nobody may create, rotate or revoke a key that permits more than
    /// their own.
    /// </summary>
    public Excess Beyond(Grant other) => new(
        Scopes & ~other.Scopes,
        !other.Hostnames.Covers(Hostnames),
        other.ExpiresAt is { } end && (ExpiresAt is null || ExpiresAt > end));
}

/// <summary>What one key permits and another does not.</summary>
/// <param name="Hostnames">Whether it works on pages where the other does not.</param>
/// <param name="Time">Whether it works for longer.</param>
public readonly record struct Excess(Scopes Scopes, bool Hostnames, bool Time)
{
    public bool IsNone => this == default;
}
