using System.CommandLine;
using Roster.Access;
using Roster.Server.Sessions;
using Roster.Storage;

namespace Roster.Server.Commands;

/// <summary>The settings of sign-in by OpenID Connect.</summary>
internal sealed class OpenIdOptions
{
    private readonly Option<string> _issuer = CommandLine.Setting("--oidc-issuer", "ROSTER_OIDC_ISSUER", "",
        "The issuer of an OpenID Connect provider by which people sign in, such as https://id.example.com");

    private readonly Option<string> _clientId = CommandLine.Setting("--oidc-client-id", "ROSTER_OIDC_CLIENT_ID", "",
        "The id that this server has at the provider");

    private readonly Option<string> _secretFile = CommandLine.Setting("--oidc-client-secret-file", "ROSTER_OIDC_CLIENT_SECRET_FILE", "",
        "A file with the secret that this server has at the provider");

    private readonly Option<string> _roleClaim = CommandLine.Setting(
        "--oidc-role-claim", "ROSTER_OIDC_ROLE_CLAIM", OpenIdSettings.DefaultRoleClaim,
        "The dotted path to the claim with a person's roles: WORKSPACE:ROLE, or ROLE in the workspace default");

    private readonly Option<string> _roles = CommandLine.Setting("--oidc-roles", "ROSTER_OIDC_ROLES", "",
        "Other values of that claim that stand for a role: VALUE=WORKSPACE:ROLE, divided by commas");

    public IEnumerable<Option> All => [_issuer, _clientId, _secretFile, _roleClaim, _roles];

    /// <returns>Null if there is no provider.</returns>
    /// <exception cref="SettingException">A setting is not valid, or missing beside others.</exception>
    public OpenIdSettings? Parse(ParseResult parsed, bool isConsoleOn)
    {
        var issuer = parsed.GetRequiredValue(_issuer);
        var (clientId, secretFile) = (parsed.GetRequiredValue(_clientId), parsed.GetRequiredValue(_secretFile));
        if (issuer == "" && clientId == "" && secretFile == "")
            return null;
        if (issuer == "" || clientId == "" || secretFile == "")
            throw new SettingException("--oidc-issuer, --oidc-client-id and --oidc-client-secret-file are given together.");
        if (!isConsoleOn)
            throw new SettingException("--oidc-issuer is for signing in to the console, which --console off removes.");
        if (!OpenIdSettings.IsSafe(issuer) || issuer.AsSpan().ContainsAny("?#"))
            throw new SettingException($"--oidc-issuer is an https address, or an http address of this machine, not '{issuer}'.");
        var claim = parsed.GetRequiredValue(_roleClaim);
        if (claim.Split('.').Contains(""))
            throw new SettingException($"--oidc-role-claim is a path such as roster or realm_access.roles, not '{claim}'.");
        return new OpenIdSettings(
            issuer, clientId, SecretFile.Read("--oidc-client-secret-file", secretFile), claim, ParseRoles(parsed.GetRequiredValue(_roles)));
    }

    private static Dictionary<string, string> ParseRoles(string text)
    {
        var roles = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var one in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            // Names of groups may have an equals sign.
            var end = one.LastIndexOf('=');
            var role = one[(end + 1)..];
            if (end < 1 || OpenIdRole.Parse(role) is null)
                throw new SettingException(
                    $"--oidc-roles takes VALUE=WORKSPACE:ROLE with the roles {Roles.AllNames}, divided by commas, not '{one}'.");
            if (!roles.TryAdd(one[..end], role))
                throw new SettingException($"--oidc-roles has '{one[..end]}' twice.");
        }
        return roles;
    }
}
