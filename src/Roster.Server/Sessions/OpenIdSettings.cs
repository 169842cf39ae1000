namespace Roster.Server.Sessions;

/// <summary>A provider of OpenID Connect, where this server is registered as a client.</summary>
/// <param name="Issuer">As the provider writes it in its tokens. With https, or with http on this machine.</param>
/// <param name="RoleClaim">Dotted path to the claim with a person's roles.</param>
/// <param name="Roles">Values of the claim that stand for a role, with that role as <c>WORKSPACE:ROLE</c>.</param>
internal sealed record OpenIdSettings(
    string Issuer, string ClientId, string ClientSecret, string RoleClaim, IReadOnlyDictionary<string, string> Roles)
{
    public const string DefaultRoleClaim = "roster";

    public string DiscoveryAddress => Issuer.TrimEnd('/') + "/.well-known/openid-configuration";

    /// <summary>Whether secrets may be sent there: https, or http on this machine, where nobody can listen.</summary>
    public static bool IsSafe(string? address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));
}
