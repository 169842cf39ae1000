using Microsoft.AspNetCore.Authorization;
using Roster.Access;

namespace Roster.Server.Guard;

/// <summary>The scope that an endpoint requires of the caller's key.</summary>
internal sealed class RequiredScope(Scopes scope) : AuthorizationHandler<RequiredScope>, IAuthorizationRequirement
{
    public Scopes Scope { get; } = scope;

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, RequiredScope requirement)
    {
        if (context.User.Identity is CallerIdentity caller && caller.Key.Scopes.HasFlag(requirement.Scope)
            && context.Resource is HttpContext http && caller.AllowsRequest(http.Request) && caller.AllowsPageOf(http.Request))
            context.Succeed(requirement);
        return Task.CompletedTask;
    }

    /// <summary>
    /// Closed by default: the server does not start if an endpoint neither requires a scope nor is anonymous.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is such an endpoint.</exception>
    public static void DemandEverywhere(IEndpointRouteBuilder routes)
    {
        foreach (var endpoint in routes.DataSources.SelectMany(source => source.Endpoints))
            if (endpoint.Metadata.GetMetadata<RequiredScope>() is null && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null)
                throw new InvalidOperationException($"{endpoint.DisplayName} declares no scope.");
    }
}

internal static class RequiredScopeExtensions
{
    public static RouteHandlerBuilder RequireScope(this RouteHandlerBuilder route, Scopes scope)
    {
        var required = new RequiredScope(scope);
        return route.WithMetadata(required)
            .RequireAuthorization(new AuthorizationPolicyBuilder(ApiKeyAuthentication.Scheme).AddRequirements(required).Build());
    }
}
