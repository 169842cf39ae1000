using System.CommandLine;
using System.Globalization;
using Roster.Access;
using Roster.Cli.Terminal;

namespace Roster.Server.Commands;

/// <summary>keys create, list and revoke.</summary>
internal static class KeyCommands
{
    public static Command Create(Func<StoreCommand, Func<ParseResult, CancellationToken, Task<int>>> withStore)
    {
        var keys = new Command("keys", "Create, list and revoke API keys.");
        keys.Subcommands.Add(CreateKey(withStore));
        keys.Subcommands.Add(ListKeys(withStore));
        keys.Subcommands.Add(RevokeKey(withStore));
        return keys;
    }

    /// <summary>Creates a key and stores its hash. Only the caller has the secret.</summary>
    public static async Task<ApiKeySecret> AddAsync(
        IRosterStore store, Workspace workspace, string name, Scopes scopes, Timestamp now, Timestamp? expiresAt,
        CancellationToken cancel)
    {
        var (secret, key, audit) = Mint(workspace, name, scopes, now, expiresAt);
        await store.AddKeyAsync(key, audit, null, cancel);
        return secret;
    }

    /// <summary>Creates the first key of a new database.</summary>
    /// <returns>Null if another server that started at the same time has created one.</returns>
    public static async Task<ApiKeySecret?> AddFirstAsync(IRosterStore store, Workspace workspace, Timestamp now, CancellationToken cancel)
    {
        var (secret, key, audit) = Mint(workspace, "first", Scopes.All, now, null);
        return await store.AddFirstKeyAsync(key, audit, cancel) ? secret : null;
    }

    /// <exception cref="CommandFailedException">There is none of that name.</exception>
    public static async Task<Workspace> FindWorkspaceAsync(IRosterStore store, string name, CancellationToken cancel)
    {
        var all = await store.ListWorkspacesAsync(cancel);
        return all.FirstOrDefault(one => one.Name == name) ?? throw new CommandFailedException(
            $"--workspace: there is none of that name; there are: {string.Join(", ", all.Select(one => one.Name))}.");
    }

    private static (ApiKeySecret Secret, ApiKey Key, AuditEvent Audit) Mint(
        Workspace workspace, string name, Scopes scopes, Timestamp now, Timestamp? expiresAt)
    {
        var secret = ApiKeySecret.Mint();
        var key = new ApiKey(
            Guid.CreateVersion7(), workspace.Id, name, secret.Prefix, secret.Hash(), scopes, now, expiresAt, null, HostnameList.Any);
        return (secret, key, AuditEvent.Of(AuditAction.KeyCreated, workspace.Id, now, Actor.Command, AuditEvent.SubjectOf(key.Id, name)));
    }

    private static Command CreateKey(Func<StoreCommand, Func<ParseResult, CancellationToken, Task<int>>> withStore)
    {
        var workspace = new Option<string>("--workspace") { Description = "The workspace that it opens.", Required = true };
        var name = new Option<string>("--name") { Description = "What it is for, to tell keys apart.", Required = true };
        var scopes = new Option<string>("--scopes")
        {
            Description = $"What it may do, divided by commas: {ScopeNames.AllNames}, or all.",
            Required = true,
        };
        var expires = new Option<string?>("--expires") { Description = "How long it is valid, such as 12h or 90d; for ever if omitted." };
        var create = new Command("create", "Create an API key and print it, the key alone on standard output.")
        {
            workspace, name, scopes, expires,
        };
        create.SetAction(withStore(async (parsed, store, cancel) =>
        {
            var now = Timestamp.Now(TimeProvider.System);
            var label = parsed.GetRequiredValue(name);
            CheckName(label);
            var wanted = ParseScopes(parsed.GetRequiredValue(scopes));
            Timestamp? expiresAt = parsed.GetValue(expires) is { } span
                ? now.AddMilliseconds((long)ParseSpan("--expires", span).TotalMilliseconds) : null;
            var target = await FindWorkspaceAsync(store, parsed.GetRequiredValue(workspace), cancel);
            var secret = await AddAsync(store, target, label, wanted, now, expiresAt, cancel);
            var end = expiresAt is { } time ? time.ToString() : "revoked";
            await Console.Error.WriteLineAsync(
                $"Key for {string.Join(", ", wanted.Names())} in {target.Name}, valid until {end}. It is shown only now:");
            await Console.Out.WriteLineAsync(secret.Text);
            return 0;
        }));
        return create;
    }

    private static Command ListKeys(Func<StoreCommand, Func<ParseResult, CancellationToken, Task<int>>> withStore)
    {
        var list = new Command("list", "List the keys, never their secrets: a table on a terminal, else columns divided by tabs.");
        list.SetAction(withStore(async (_, store, cancel) =>
        {
            var names = (await store.ListWorkspacesAsync(cancel)).ToDictionary(one => one.Id, one => one.Name);
            var now = Timestamp.Now(TimeProvider.System);
            Tables.Write(await store.ListKeysAsync(null, cancel),
                new Column<ApiKey>("Id", key => $"{key.Id}"),
                new("Workspace", key => names[key.WorkspaceId]),
                new("Name", key => key.Name),
                new("Prefix", key => key.Prefix),
                new("Scopes", key => string.Join(',', key.Scopes.Names())),
                new("Created", key => $"{key.CreatedAt}"),
                new("Last used", key => key.LastUsedAt is { } used ? $"{used}" : "never"),
                new("Expires", key => key.ExpiresAt is { } end ? $"{end}" : "never"),
                new("State", key => key.IsValidAt(now) ? "valid" : key.RevokedAt is null ? "expired" : "revoked"));
            return 0;
        }));
        return list;
    }

    private static Command RevokeKey(Func<StoreCommand, Func<ParseResult, CancellationToken, Task<int>>> withStore)
    {
        var id = new Argument<string>("id") { Description = "The key's id, as keys list shows it." };
        var revoke = new Command("revoke", "Revoke a key; it stops working at once.") { id };
        revoke.SetAction(withStore(async (parsed, store, cancel) =>
        {
            var key = Guid.TryParse(parsed.GetRequiredValue(id), out var wanted) ? await store.FindKeyAsync(wanted, cancel) : null;
            if (key is null)
                throw new CommandFailedException("There is no key with this id; keys list shows them.");
            var now = Timestamp.Now(TimeProvider.System);
            await store.RevokeKeyAsync(
                key.Id,
                AuditEvent.Of(AuditAction.KeyRevoked, key.WorkspaceId, now, Actor.Command, AuditEvent.SubjectOf(key.Id, key.Name)),
                cancel);
            await Console.Error.WriteLineAsync("Revoked.");
            return 0;
        }));
        return revoke;
    }

    /// <exception cref="SettingException">It cannot be the name of a key or of a person.</exception>
    public static void CheckName(string name)
    {
        if (ApiKey.FaultOfName(name) is not null)
            throw new SettingException($"--name has 1 to {ApiKey.MaxName} characters, no control characters.");
    }

    private static Scopes ParseScopes(string text)
    {
        if (text == "all")
            return Scopes.All;
        return ScopeNames.TryParse(text, out var scopes, out var unknown) ? scopes
            : throw new SettingException($"--scopes: '{unknown}' is no scope; the scopes are {ScopeNames.AllNames}.");
    }

    /// <summary>A number of minutes, hours or days, as the value of a setting.</summary>
    public static TimeSpan ParseSpan(string setting, string text) =>
        SpanOf(text, "mhd", TimeSpan.FromDays(366 * 100)) ?? throw new SettingException(
            $"{setting} is a number of minutes, hours or days up to a hundred years, such as 12h or 90d, not '{text}'.");

    /// <summary>A number with its unit: <c>m</c>, <c>h</c> or <c>d</c>.</summary>
    /// <param name="units">Those that are possible.</param>
    /// <returns>Null if it is none of these, zero, or longer.</returns>
    public static TimeSpan? SpanOf(string text, string units, TimeSpan longest)
    {
        if (text.Length < 2 || !units.Contains(text[^1], StringComparison.Ordinal)
            || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return null;
        var minutes = number * text[^1] switch { 'm' => 1L, 'h' => 60, _ => 24 * 60 };
        return minutes > 0 && minutes <= longest.TotalMinutes ? TimeSpan.FromMinutes(minutes) : null;
    }
}
