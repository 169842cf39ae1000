using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Roster.Client.Extensions;

/// <summary>Whether the server answers, and knows the key.</summary>
internal sealed class RosterHealthCheck(IHttpClientFactory http, IOptions<RosterClientOptions> options) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var once = new RosterClient(http.CreateClient(RosterClientServices.HttpClientName), new RosterClientOptions
        {
            Address = options.Value.Address,
            Key = options.Value.Key,
            MaxAttempts = 1,
            AttemptTimeout = options.Value.AttemptTimeout,
            TimeProvider = options.Value.TimeProvider,
        });
        try
        {
            var me = await once.WhoAmIAsync(cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy($"Roster {me.Version}, workspace {me.Workspace.Name}.");
        }
        catch (RosterException failed)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, failed.Message, failed);
        }
    }
}
