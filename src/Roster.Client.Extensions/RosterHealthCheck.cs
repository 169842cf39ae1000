using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Roster.Client.Extensions;

/// <summary>Whether the server answers, from its database, and knows the key.</summary>
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
            await once.ListPageAsync(new PartnerQuery { Take = 1 }, cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy("Roster answers.");
        }
        catch (RosterException refused) when (refused.Code == "missing_scope")
        {
            // Only a key that the server knows lacks a scope.
            return HealthCheckResult.Healthy("Roster answers; the key may not read partners.");
        }
        catch (RosterException failed)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, failed.Message, failed);
        }
    }
}
