using System.Net;
using Roster.Server.Guard;

namespace Roster.Tests.Server;

/// <summary>Who waits for the look-ups of an address.</summary>
public sealed class KeyGuessesTests
{
    private readonly KeyGuesses _guesses = new(1, new MovableClock());

    [Fact]
    public async Task Who_goes_away_while_waiting_leaves_the_turn_to_the_next()
    {
        var first = await BeginAsync(CancellationToken.None);
        using var gone = new CancellationTokenSource();
        var (waiting, next) = (BeginAsync(gone.Token), BeginAsync(CancellationToken.None));
        Assert.False(waiting.IsCompleted);

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        _guesses.End(first!, isFailure: false);

        Assert.NotNull(await next);
    }

    private Task<KeyGuesses.Allowance?> BeginAsync(CancellationToken cancel) => _guesses.BeginAsync(IPAddress.Loopback, cancel);
}
