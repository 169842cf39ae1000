using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Roster.Access;
using Roster.Server.Backups;
using Roster.Server.ChangeSets;
using Roster.Server.Commands;
using Roster.Server.Guard;
using Roster.Server.Help;
using Roster.Server.Hosting;
using Roster.Server.Http;
using Roster.Server.Imports;
using Roster.Server.Keys;
using Roster.Server.OpenApi;
using Roster.Server.Operations;
using Roster.Server.Pages;
using Roster.Server.Partners;
using Roster.Server.Sessions;
using Roster.Server.Writes;
using Roster.Storage.Postgres.Connections;

namespace Roster.Server;

/// <summary>The composition and the whole route table.</summary>
public static class Program
{
    public static Task<int> Main(string[] args) => CommandLine.RunAsync(args);

    internal static WebApplication Build(ServerSettings settings, IRosterStore store, TimeProvider clock)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration()
            .UseUrls([.. settings.Urls]).ConfigureKestrel(kestrel => ConfigureKestrel(kestrel, settings));
        builder.Logging.AddRosterConsole(settings.LogFormat, settings.LogLevels);
        builder.Services.Configure<HostOptions>(host =>
        {
            host.ShutdownTimeout = settings.ShutdownTimeout;
            // RepeatedWork logs a failure in the background and goes on. No such failure should end the server.
            host.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.Ignore;
        });
        builder.Services.AddSingleton<IHostLifetime, Microsoft.Extensions.Hosting.Internal.ConsoleLifetime>();
        builder.Services.AddSingleton(settings).AddSingleton(store).AddSingleton(clock).AddSingleton(new SteadyClock(clock))
            .AddSingleton<RequestLimits>()
            .AddSingleton<UnsentAnswers>().AddSingleton<PartnerWrite>().AddSingleton<Health>().AddSingleton<HelpPages>()
            .AddSingleton(new ServerStart(Timestamp.Now(clock)));
        builder.Services.AddSingleton<ServerBackups>();
        // A server that only reads leaves the backups alone, too: what it reads may be damaged.
        if (settings is { Backups: { } backups, IsReadOnly: false })
            builder.Services.AddSingleton(backups).AddHostedService<BackupSchedule>();
        builder.Services.AddSingleton<LogWatch>().AddHostedService(services => services.GetRequiredService<LogWatch>());
        builder.Services.AddSingleton<StoredImports>().AddSingleton<ErasedImports>().AddSingleton<ImportWatch>()
            .AddSingleton<ImportPlanner>().AddSingleton<ImportApplier>().AddSingleton<ImportUndo>().AddSingleton<ImportWorker>();
        if (!settings.IsReadOnly)
            builder.Services.AddHostedService(services => services.GetRequiredService<ImportWorker>());
        if (settings.OpenId is { } openId)
            builder.Services.AddSingleton(openId).AddSingleton<OpenIdProvider>().AddSingleton<OpenIdPeople>();
        if (settings.OldValuesKept is not null && !settings.IsReadOnly)
            builder.Services.AddHostedService<Retention>();
        builder.Services.AddRoutingCore();
        builder.Services.AddApiKeyAuthentication();
        builder.AddTelemetry(settings.Telemetry);
        builder.Services.AddCompression();
        builder.Services.AddCors().AddSingleton<ICorsPolicyProvider, KeyCorsPolicy>();

        var app = builder.Build();
        // Created now, so that notices are logged from the start, not from the first health request on.
        app.Services.GetRequiredService<Health>();
        // The last third of the time is for sending the answers, including "the database did not answer".
        app.Lifetime.ApplicationStopping.Register(() => store.EndWithin(settings.ShutdownTimeout * 2 / 3));
        app.UseTrustedProxies(settings);
        app.UseRequestLog();
        app.UseSafeHeaders();
        app.UseResponseCompression();
        app.UseProblems();
        app.UseRouting();
        app.UseCors();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseRowLimit();
        MapRoutes(app, settings);
        RequiredScope.DemandEverywhere(app);
        return app;
    }

    private static void MapRoutes(WebApplication app, ServerSettings settings)
    {
        var routes = app.MapGroup("").AnswerHead();
        routes.MapGet("/", FrontPage.Show).AllowAnonymous();

        var partners = routes.MapGroup("/api/partners");
        partners.MapGet("/", PartnerEndpoints.ListAsync).RequireScope(Scopes.PartnersRead);
        partners.MapGet("/{id}", PartnerEndpoints.GetAsync).RequireScope(Scopes.PartnersRead);
        partners.MapGet("/{id}/history", HistoryEndpoints.OfPartnerAsync).RequireScope(Scopes.PartnersRead);
        partners.MapGet("/changes", HistoryEndpoints.FeedAsync).RequireScope(Scopes.PartnersRead);
        partners.MapPut("/", PartnerEndpoints.UpsertAsync).RequireScope(Scopes.LinksWrite);
        partners.MapPost("/", PartnerEndpoints.CreateAsync).RequireScope(Scopes.PartnersWrite);
        partners.MapDelete("/", PartnerEndpoints.DeleteAsync).RequireScope(Scopes.LinksWrite);
        partners.MapPost("/erase", PartnerEndpoints.EraseAsync).RequireScope(Scopes.PartnersErase);
        partners.MapPost("/restore", PartnerEndpoints.RestoreAsync).RequireScope(Scopes.LinksWrite);

        routes.MapGet("/api/tags", TermEndpoints.TagsAsync).RequireScope(Scopes.PartnersRead);
        routes.MapGet("/api/metadata-keys", TermEndpoints.MetadataKeysAsync).RequireScope(Scopes.PartnersRead);

        routes.MapGet("/api/stats", StatisticsEndpoint.GetAsync).RequireScope(Scopes.PartnersRead);

        var changeSets = routes.MapGroup("/api/changesets");
        changeSets.MapGet("/", ChangeSetEndpoints.ListAsync).RequireScope(Scopes.PartnersRead);
        changeSets.MapGet("/by-key/{**key}", ChangeSetEndpoints.ByKeyAsync).RequireScope(Scopes.PartnersRead);
        changeSets.MapGet("/{revision}", ChangeSetEndpoints.GetAsync).RequireScope(Scopes.PartnersRead);
        changeSets.MapGet("/{revision}/changes", ChangeSetEndpoints.ChangesAsync).RequireScope(Scopes.PartnersRead);
        changeSets.MapPost("/{revision}/undo", ChangeSetEndpoints.UndoAsync).RequireScope(Scopes.LinksWrite);

        var imports = routes.MapGroup("/api/imports");
        imports.MapGet("/", ImportEndpoints.ListAsync).RequireScope(Scopes.PartnersRead);
        imports.MapPost("/", ImportEndpoints.UploadAsync).RequireScope(Scopes.LinksWrite);
        imports.MapGet("/{id}", ImportEndpoints.GetAsync).RequireScope(Scopes.PartnersRead);
        imports.MapPatch("/{id}", ImportEndpoints.ChangeAsync).RequireScope(Scopes.LinksWrite);
        imports.MapDelete("/{id}", ImportEndpoints.ForgetAsync).RequireScope(Scopes.LinksWrite);
        imports.MapGet("/{id}/events", ImportEvents.SendAsync).RequireScope(Scopes.PartnersRead);
        imports.MapGet("/{id}/rows", ImportRowEndpoints.ListAsync).RequireScope(Scopes.PartnersRead);
        imports.MapPatch("/{id}/rows", ImportRowEndpoints.MendAsync).RequireScope(Scopes.LinksWrite);
        imports.MapPost("/{id}/plan", ImportEndpoints.PlanAsync).RequireScope(Scopes.LinksWrite);
        imports.MapPost("/{id}/apply", ImportEndpoints.ApplyAsync).RequireScope(Scopes.LinksWrite);
        imports.MapPost("/{id}/cancel", ImportEndpoints.CancelAsync).RequireScope(Scopes.LinksWrite);
        imports.MapPost("/{id}/undo", ImportEndpoints.UndoAsync).RequireScope(Scopes.LinksWrite);

        var mappings = routes.MapGroup("/api/import-mappings");
        mappings.MapGet("/", ImportMappingEndpoints.ListAsync).RequireScope(Scopes.LinksWrite);
        mappings.MapGet("/{name}", ImportMappingEndpoints.GetAsync).RequireScope(Scopes.LinksWrite);
        mappings.MapPut("/{name}", ImportMappingEndpoints.PutAsync).RequireScope(Scopes.LinksWrite);
        mappings.MapDelete("/{name}", ImportMappingEndpoints.DeleteAsync).RequireScope(Scopes.LinksWrite);

        var keys = routes.MapGroup("/api/keys");
        keys.MapGet("/", KeyEndpoints.ListAsync).RequireScope(Scopes.KeysRead);
        keys.MapPost("/", KeyEndpoints.CreateAsync).RequireScope(Scopes.KeysWrite);
        keys.MapPost("/{id}/rotate", KeyEndpoints.RotateAsync).RequireScope(Scopes.KeysWrite);
        keys.MapDelete("/{id}", KeyEndpoints.RevokeAsync).RequireScope(Scopes.KeysWrite);
        routes.MapGet("/api/status", StatusEndpoint.GetAsync).RequireScope(Scopes.KeysRead);
        routes.MapGet("/api/audit", KeyEndpoints.AuditAsync).RequireScope(Scopes.KeysRead);

        // For programs too, which ask who their key is.
        routes.MapGet("/api/session", SessionEndpoints.GetAsync).RequireScope(Scopes.None);
        if (settings.IsConsoleOn)
        {
            routes.MapPost("/api/session", SessionEndpoints.BeginAsync).AllowAnonymous();
            routes.MapDelete("/api/session", SessionEndpoints.EndOwnAsync).RequireScope(Scopes.None);
            routes.MapGet("/api/session/doors", OpenIdEndpoints.Doors).AllowAnonymous();
            routes.MapGet("/api/session/oidc", OpenIdEndpoints.BeginAsync).AllowAnonymous();
            routes.MapGet(OpenIdEndpoints.CallbackPath, OpenIdEndpoints.EndAsync).AllowAnonymous();
            routes.MapGet("/api/sessions", SessionEndpoints.ListAsync).RequireScope(Scopes.None);
            routes.MapDelete("/api/sessions/{id}", SessionEndpoints.EndAsync).RequireScope(Scopes.None);
            routes.MapPost("/api/links", LinkEndpoints.CreateAsync).RequireScope(Scopes.KeysWrite);
        }

        routes.MapGet("/health/live", Health.Live).AllowAnonymous().AsProbe();
        routes.MapGet("/health/ready", Health.ReadyAsync).AllowAnonymous().AsProbe();
        routes.MapGet("/errors", HelpPages.ShowErrors).AllowAnonymous();
        routes.MapGet(HelpPages.Route, HelpPages.Show).AllowAnonymous();
        routes.MapGet(OpenApiPages.Path, OpenApiPages.Document).AllowAnonymous();
        routes.MapDocs().AllowAnonymous();
        if (settings.IsConsoleOn)
            routes.MapGet(ConsolePages.Route, ConsolePages.Show).AllowAnonymous();
    }

    /// <summary>docs/explanation/security.md explains each of these limits.</summary>
    private static void ConfigureKestrel(KestrelServerOptions kestrel, ServerSettings settings)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowResponseHeaderCompression = false;
        if (settings.Certificate is { } certificate)
            kestrel.ConfigureHttpsDefaults(https =>
            {
                // Kestrel demands one of these two; each connection then takes the newest certificate, with its chain.
                https.ServerCertificateSelector = (_, _) => certificate.Current.TargetCertificate;
                https.OnAuthenticate = (_, tls) =>
                    (tls.ServerCertificateSelectionCallback, tls.ServerCertificateContext) = (null, certificate.Current);
            });
        var limits = kestrel.Limits;
        // RequestBody checks the size itself: Kestrel's own limit cuts the connection before the client sees the 413.
        limits.MaxRequestBodySize = null;
        limits.MaxConcurrentConnections = 10_000;
        limits.MaxRequestLineSize = 8 << 10;
        limits.MaxRequestHeadersTotalSize = 16 << 10;
        limits.MaxRequestHeaderCount = 64;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(120);
        limits.MaxRequestBufferSize = 256 << 10;
        limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 1_024, gracePeriod: TimeSpan.FromSeconds(5));
        limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 1_024, gracePeriod: TimeSpan.FromSeconds(5));
    }
}
