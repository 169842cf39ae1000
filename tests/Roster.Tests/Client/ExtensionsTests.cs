using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Roster.Access;
using Roster.Client;
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
    public async Task A_long_upload_is_ended_by_no_time_out_of_the_HTTP_client()
    {
        await using var services = new ServiceCollection()
            .AddRosterClient(options => (options.Address, options.Key) = (host.Address, "roster_x")).Services.BuildServiceProvider();

        using var http = services.GetRequiredService<IHttpClientFactory>().CreateClient(RosterClientServices.HttpClientName);

        Assert.Equal(Timeout.InfiniteTimeSpan, http.Timeout);
    }

    [Fact]
    public async Task An_address_that_has_moved_is_named_as_such_and_not_as_a_wrong_key()
    {
        var key = (await host.NewWorkspaceAsync()).Key!;
        using var old = new TcpListener(IPAddress.Loopback, 0);
        old.Start();
        var moved = AnswerAsync(old, $"HTTP/1.1 301 Moved Permanently\r\nLocation: {host.Address}api/session\r\nContent-Length: 0\r\n\r\n");
        await using var services = new ServiceCollection()
            .AddRosterClient(options => (options.Address, options.Key) = (new Uri($"http://{old.LocalEndpoint}"), key))
            .Services.BuildServiceProvider();

        var refused = await Assert.ThrowsAsync<RosterException>(() => services.GetRequiredService<RosterClient>().WhoAmIAsync());

        Assert.Equal((RosterErrors.InvalidAnswer, 301), (refused.Code, refused.Status));
        await moved;
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

    /// <summary>Answers one request.</summary>
    private static async Task AnswerAsync(TcpListener listener, string answer)
    {
        using var connection = await listener.AcceptTcpClientAsync();
        var request = new StreamReader(connection.GetStream());
        while (await request.ReadLineAsync() is { Length: > 0 })
            continue;
        await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer));
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
