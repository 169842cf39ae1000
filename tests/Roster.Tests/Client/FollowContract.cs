using System.Text.RegularExpressions;
using Roster.Client;

namespace Roster.Tests.Client;

/// <summary>The feed, followed while its server is stopped and started again.</summary>
public abstract partial class FollowContract : IDisposable
{
    private readonly TempFolder _folder = new();

    [GeneratedRegex("roster_[0-9A-Za-z]{38}")]
    private static partial Regex Key();

    /// <summary>What the server is told about its database.</summary>
    private protected abstract string[] Arguments { get; }

    [Fact]
    public async Task The_feed_goes_on_over_a_restart_of_the_server()
    {
        var url = $"http://127.0.0.1:{Ports.Free()}";
        string[] arguments = [.. Arguments, "--urls", url];
        using var first = RosterProcess.Serve(_folder.Path, arguments);
        var client = new Roster.Client.RosterClient(new HttpClient(), new RosterClientOptions
        {
            Address = new Uri(url),
            Key = Key().Match(first.Output()).Value,
            RetryDelay = TimeSpan.FromMilliseconds(20),
        });
        await client.CreateAsync([new() { Name = "before" }]);
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await using var feed = client.FollowChangesAsync(null, cancel: stop.Token).GetAsyncEnumerator(stop.Token);
        Assert.Equal("before", await NextAsync());

        await client.CreateAsync([new() { Name = "while it runs" }]);
        Assert.Equal("while it runs", await NextAsync());

        var waiting = NextAsync();
        first.Kill();
        using var second = RosterProcess.Serve(_folder.Path, arguments);
        await client.CreateAsync([new() { Name = "after" }]);
        Assert.Equal("after", await waiting);

        async Task<string?> NextAsync()
        {
            while (await feed.MoveNextAsync())
                if (feed.Current.Partners.Count > 0)
                    return Assert.Single(feed.Current.Partners).Name;
            return null;
        }
    }

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _folder.Dispose();
    }
}

public sealed class FollowOnSqlite : FollowContract
{
    private protected override string[] Arguments => [];
}

public sealed class FollowOnPostgres(PostgresHost host) : FollowContract
{
    private protected override string[] Arguments => ["--database", host.NewDatabase()];
}
