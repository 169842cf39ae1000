using System.Runtime.CompilerServices;

namespace Roster.Client;

public sealed partial class RosterClient
{
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Follows what changes, until it is cancelled: each page as soon as there is something in it. Pages without partners come
    /// too, about every <see cref="FollowOptions.Wait"/>, since their <see cref="FeedPage.Next"/> is a place to store. While the
    /// server cannot be reached, it tries again for <see cref="FollowOptions.MaxOutage"/>.
    /// </summary>
    /// <param name="after">
    /// The <see cref="FeedPage.Next"/> of the last page that was worked in, or a revision. Null: all live partners first.
    /// </param>
    /// <exception cref="RosterException">
    /// <c>feed_gone</c>: the server was restored from a backup without this place; begin again with null.
    /// </exception>
    public async IAsyncEnumerable<FeedPage> FollowChangesAsync(
        string? after, FollowOptions? options = null, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        options ??= new();
        var clock = _caller.Options.TimeProvider;
        var (seen, pause) = (clock.GetTimestamp(), _caller.Options.RetryDelay);
        while (true)
        {
            var page = default(FeedPage);
            try
            {
                page = await GetChangesAsync(after, options, cancel).ConfigureAwait(false);
            }
            catch (RosterException outage) when (outage.IsTransient && clock.GetElapsedTime(seen) < options.MaxOutage)
            {
                pause = Longer(pause, outage.RetryAfter);
            }
            if (page is null)
            {
                await Task.Delay(pause, clock, cancel).ConfigureAwait(false);
                continue;
            }
            yield return page;
            (after, seen, pause) = (page.Next, clock.GetTimestamp(), _caller.Options.RetryDelay);
        }
    }

    /// <summary>One page of the feed.</summary>
    /// <param name="after">As for <see cref="FollowChangesAsync"/>.</param>
    public Task<FeedPage> GetChangesAsync(string? after, FollowOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new();
        var query = new QueryText().Add("after", after).Add("full", after is null ? "true" : null).Add("take", options.Take)
            .Add("wait", (long)options.Wait.TotalSeconds).Add("include", QueryText.IncludeOf(options.Include));
        return _caller.SendAsync(
            new Call("feed", HttpMethod.Get, $"api/partners/changes{query}") { Wait = options.Wait },
            Read.Json(RosterJsonContext.Default.FeedPage), cancel);
    }

    /// <summary>Twice the pause, up to 30 s, or what the server asks for if that is longer.</summary>
    private static TimeSpan Longer(TimeSpan pause, TimeSpan? asked)
    {
        var doubled = pause * 2 < MaxPause ? pause * 2 : MaxPause;
        return asked > doubled ? asked.Value : doubled;
    }
}

/// <summary>How to follow the feed.</summary>
public sealed record FollowOptions
{
    /// <summary>Partners on a page, 1 to 10,000.</summary>
    public int Take { get; init; } = 1_000;

    /// <summary>How long the server waits for a change where there is none: whole seconds, 0 to 30.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the server may be away before the follower fails.</summary>
    public TimeSpan MaxOutage { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Revision and DeletedAt.</summary>
    public PartnerInclude Include { get; init; }
}
