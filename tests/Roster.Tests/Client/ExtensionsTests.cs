using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Roster.Access;
using Roster.Client.Extensions;
using RosterClient = Roster.Client.RosterClient;

namespace Roster.Tests.Client;

/// <summary>The client in dependency injection.</summary>
public sealed class ExtensionsTests(SqliteHost host)
{
    [Fact]
    public async Task A_program_that_adds_the_client_gets_it()
    {
        var key = (await host.NewWorkspaceAsync()).Key!;
        await using var services = new ServiceCollection()
            .AddRosterClient(options => (options.Address, options.Key) = (host.Address, key)).Services.BuildServiceProvider();

        var made = await services.GetRequiredService<RosterClient>().CreateAsync(Clients.Some(2));

        Assert.Equal(2, made.Created);
    }

    [Fact]
    public async Task The_check_is_healthy_where_the_server_answers_and_knows_the_key()
    {
        var key = (await host.NewWorkspaceAsync()).Key!;

        var writer = (await host.NewWorkspaceAsync(Scopes.PartnersWrite)).Key!;
        Assert.Equal(HealthStatus.Healthy, await CheckAsync(host.Address, key));
        Assert.Equal(HealthStatus.Healthy, await CheckAsync(host.Address, writer));
        Assert.Equal(HealthStatus.Unhealthy, await CheckAsync(host.Address, "roster_unknown"));
        Assert.Equal(HealthStatus.Unhealthy, await CheckAsync(new Uri("http://127.0.0.1:1"), key));
    }

    private static async Task<HealthStatus> CheckAsync(Uri address, string key)
    {
        var collection = new ServiceCollection();
        collection.AddLogging();
        collection.AddRosterClient(options => (options.Address, options.Key) = (address, key));
        collection.AddHealthChecks().AddRoster();
        await using var services = collection.BuildServiceProvider();
        return (await services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Status;
    }
}
