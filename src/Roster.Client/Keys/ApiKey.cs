using System.Text.Json.Serialization;

namespace Roster.Client;

/// <summary>An API key, without its secret.</summary>
public record ApiKey
{
    public Guid Id { get; init; }

    public string Name { get; init; } = "";

    /// <summary><c>key</c> for a program's, <c>person</c> for a person's.</summary>
    public string Kind { get; init; } = "";

    /// <summary><c>viewer</c>, <c>editor</c>, <c>admin</c>, or null: the largest role whose scopes it has all of.</summary>
    public string? Role { get; init; }

    /// <summary>The secret's beginning, by which people recognise it.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Of <see cref="RosterScopes"/>.</summary>
    public IReadOnlyList<string> Scopes { get => field ?? []; init; }

    /// <summary>Hosts of web pages that may use it, exact or like <c>*.example.com</c>.</summary>
    public IReadOnlyList<string> AllowedHostnames { get => field ?? []; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>To within seconds.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>Null: never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }
}

/// <summary>A new key, with its secret, which is shown only here.</summary>
public sealed record NewApiKey : ApiKey
{
    /// <summary>The secret, for <see cref="RosterClientOptions.Key"/>.</summary>
    public string Key { get; init; } = "";
}

/// <summary>The key to make. It can do no more than the key that makes it.</summary>
/// <param name="Name">1 to 255 characters.</param>
/// <param name="Scopes">Of <see cref="RosterScopes"/>.</param>
public sealed record ApiKeyInput(string Name, IReadOnlyList<string> Scopes)
{
    /// <summary>A time in the future; null: never.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Up to 50 hosts of web pages, exact or like <c>*.example.com</c>; null: no web pages' key.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? AllowedHostnames { get; init; }
}

/// <summary>What a key can be allowed to do.</summary>
public static class RosterScopes
{
    /// <summary>Read partners, change sets and imports.</summary>
    public const string PartnersRead = "partnersRead";

    /// <summary>Create partners by <see cref="RosterClient.CreateAsync"/>.</summary>
    public const string PartnersWrite = "partnersWrite";

    /// <summary>Create, update, delete and restore partners, undo, and imports.</summary>
    public const string LinksWrite = "linksWrite";

    /// <summary>Erase partners for good.</summary>
    public const string PartnersErase = "partnersErase";

    /// <summary>List keys.</summary>
    public const string KeysRead = "keysRead";

    /// <summary>Make, rotate and revoke keys.</summary>
    public const string KeysWrite = "keysWrite";
}

/// <summary>Who calls: the key, its workspace and the server.</summary>
public sealed record Identity
{
    public IdentityWorkspace Workspace { get => field ?? new(""); init; }

    /// <summary>The key.</summary>
    public Actor Actor { get => field ?? new(); init; }

    /// <summary><c>viewer</c>, <c>editor</c>, <c>admin</c>, or null.</summary>
    public string? Role { get; init; }

    /// <summary>Of <see cref="RosterScopes"/>.</summary>
    public IReadOnlyList<string> Scopes { get => field ?? []; init; }

    /// <summary>When the key ends; null if it does not.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The server's version.</summary>
    public string Version { get; init; } = "";
}

/// <summary>A workspace.</summary>
public sealed record IdentityWorkspace(string Name);
