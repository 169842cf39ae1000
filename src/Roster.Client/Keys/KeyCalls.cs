using System.Text.Json;

namespace Roster.Client;

/// <summary>The workspace's API keys.</summary>
public sealed class KeyCalls
{
    private readonly Caller _caller;

    internal KeyCalls(Caller caller) => _caller = caller;

    /// <summary>All keys, also revoked ones. Scope: <see cref="RosterScopes.KeysRead"/>.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancel = default) => await _caller.SendAsync(
        new Call("keys", HttpMethod.Get, "api/keys"), Read.Json(RosterJsonContext.Default.ListApiKey), cancel).ConfigureAwait(false);

    /// <summary>
    /// Makes a key. Scope: <see cref="RosterScopes.KeysWrite"/>. If its answer is lost, it is not sent again: look at the list.
    /// </summary>
    public Task<NewApiKey> CreateAsync(ApiKeyInput key, CancellationToken cancel = default) => _caller.SendAsync(
        new Call("create key", HttpMethod.Post, "api/keys")
        {
            Resend = Resend.IfRefused,
            Body = Body.Json(JsonSerializer.SerializeToUtf8Bytes(key, RosterJsonContext.Default.ApiKeyInput)),
        },
        Read.Json(RosterJsonContext.Default.NewApiKey), cancel);

    /// <summary>
    /// Makes a key for the same purpose, with a new secret, that lasts as long as the old one was made for. If its answer is
    /// lost, it is not sent again.
    /// </summary>
    /// <param name="overlap">How long the old one goes on: whole seconds; null is a day, zero ends it at once.</param>
    public Task<NewApiKey> RotateAsync(Guid id, TimeSpan? overlap = null, CancellationToken cancel = default) => _caller.SendAsync(
        new Call("rotate key", HttpMethod.Post, $"api/keys/{id}/rotate{new QueryText().Add("overlap", (long?)overlap?.TotalSeconds)}")
        {
            Resend = Resend.IfRefused,
        },
        Read.Json(RosterJsonContext.Default.NewApiKey), cancel);

    /// <summary>Ends a key at once.</summary>
    public Task RevokeAsync(Guid id, CancellationToken cancel = default) =>
        _caller.SendAsync(new Call("revoke key", HttpMethod.Delete, $"api/keys/{id}"), Read.Nothing, cancel);
}
