using System.Security.Claims;
using Roster.Access;

namespace Roster.Server.Guard;

/// <summary>The caller, by the API key of the request or of its session.</summary>
/// <param name="session">The session of the console; null if the request has the key itself.</param>
internal sealed class CallerIdentity(ApiKey key, Session? session) : ClaimsIdentity(ApiKeyAuthentication.Scheme)
{
    public ApiKey Key { get; } = key;

    public Session? Session { get; } = session;

    /// <summary>Whether the key works on the page of this request.</summary>
    public bool AllowsPageOf(HttpRequest request) => Session is null
        ? PageOrigin.Allows(request, Key) : Key.AllowedHostnames.AllowsPage(ConsoleRequest.OriginOf(request));

    /// <summary>Whether a session may make this request: a write must come from the console's own pages.</summary>
    public bool AllowsRequest(HttpRequest request) =>
        Session is null || ConsoleRequest.IsRead(request) || ConsoleRequest.IsFromConsole(request);
}
