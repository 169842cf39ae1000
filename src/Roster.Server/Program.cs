using Microsoft.AspNetCore.Server.Kestrel.Core;
using Roster.Access;
using Roster.Server.Http;
using Roster.Server.OpenApi;
using Roster.Server.Operations;
using Roster.Server.Partners;

namespace Roster.Server;

/// <summary>The composition and the whole route table.</summary>
public static class Program
{
    /// <summary>How long requests may go on after the server was told to stop.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(30);

    public static Task<int> Main(string[] args) => CommandLine.RunAsync(args);

    internal static WebApplication Build(ServerSettings settings, IRosterStore store, TimeProvider clock)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls([.. settings.Urls]).ConfigureKestrel(ConfigureKestrel);
        builder.Logging.AddRosterConsole(settings.LogFormat);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.Services.AddSingleton<IHostLifetime, Microsoft.Extensions.Hosting.Internal.ConsoleLifetime>();
        builder.Services.AddSingleton(settings).AddSingleton(store).AddSingleton(clock);
        builder.Services.AddRoutingCore();
        builder.Services.AddApiKeyAuthentication();
        builder.Services.AddCompression();

        var app = builder.Build();
        app.UseRequestLog();
        app.UseResponseCompression();
        app.UseProblems();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        MapRoutes(app);
        RequiredScope.DemandEverywhere(app);
        return app;
    }

    private static void MapRoutes(WebApplication app)
    {
        var partners = app.MapGroup("/api/partners");
        partners.MapGet("/", PartnerEndpoints.ListAsync).RequireScope(Scopes.PartnersRead);
        partners.MapGet("/{id}", PartnerEndpoints.GetAsync).RequireScope(Scopes.PartnersRead);
        partners.MapPut("/", PartnerEndpoints.UpsertAsync).RequireScope(Scopes.LinksWrite);
        partners.MapPost("/", PartnerEndpoints.CreateAsync).RequireScope(Scopes.PartnersWrite);
        partners.MapDelete("/", PartnerEndpoints.DeleteAsync).RequireScope(Scopes.LinksWrite);
        partners.MapPost("/restore", PartnerEndpoints.RestoreAsync).RequireScope(Scopes.LinksWrite);

        app.MapGet("/health/live", Health.Live).AllowAnonymous();
        app.MapGet("/health/ready", Health.ReadyAsync).AllowAnonymous();
        app.MapGet("/errors", ErrorPage.Show).AllowAnonymous();
        app.MapGet(OpenApiPages.Path, OpenApiPages.Document).AllowAnonymous();
        app.MapDocs().AllowAnonymous();
    }

    private static void ConfigureKestrel(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowResponseHeaderCompression = false;
        // RequestBody counts for itself: beyond Kestrel's own limit the connection is cut before the client sees the 413.
        kestrel.Limits.MaxRequestBodySize = null;
    }
}
