using System.Net;
using System.Net.Sockets;

namespace Roster.Server.Guard;

/// <summary>
/// Limits guessing of secrets: of keys, sessions, links and a provider's codes. An address may have a number of failures
/// at once, and one more each second. A secret that is not known as valid is looked up only while its address has
/// failures left, so guesses beyond that cost the database and the provider nothing. Failures without a look-up, as of a
/// missing or malformed key, are counted separately and do not delay look-ups.
/// </summary>
/// <param name="atOnce">How many failures of each kind an address may have at once.</param>
internal sealed class KeyGuesses(int atOnce, TimeProvider clock)
{
    /// <summary>In seconds: each second allows one more failure.</summary>
    public const int RetryAfter = 1;

    /// <summary>The most addresses that are counted separately; all others share one allowance.</summary>
    private const int MaxNetworks = 50_000;

    /// <summary>The most requests of one address that may wait for its look-ups.</summary>
    private const int MaxWaiting = 1_000;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan BetweenSweeps = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Allowance> _allowances = [];
    private long _sweptAt = clock.GetTimestamp();

    /// <summary>
    /// Takes one of the address's failures for a look-up. If none is left but look-ups are under way, waits for their
    /// results, up to 10 seconds: many valid secrets at the same time are not guesses.
    /// </summary>
    /// <returns>The allowance, for <see cref="End"/>; null if the address has failed too often.</returns>
    /// <exception cref="OperationCanceledException" />
    public async Task<Allowance?> BeginAsync(IPAddress? address, CancellationToken cancel)
    {
        Allowance allowance;
        TaskCompletionSource<bool> turn;
        lock (_lock)
        {
            allowance = Of(address);
            if (allowance.Waiting.Count == 0 && TryTake(allowance))
            {
                allowance.UnderWay++;
                return allowance;
            }
            if (allowance.UnderWay == 0 || allowance.Waiting.Count == MaxWaiting)
                return null;
            turn = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            allowance.Waiting.AddLast(turn);
        }
        try
        {
            return await turn.Task.WaitAsync(LongestWait, cancel) ? allowance : null;
        }
        catch (TimeoutException)
        {
            GiveUp(allowance, turn);
            return null;
        }
        catch (OperationCanceledException)
        {
            GiveUp(allowance, turn);
            throw;
        }
    }

    /// <summary>Ends a look-up. One that found a valid secret gives its failure back.</summary>
    public void End(Allowance allowance, bool isFailure)
    {
        lock (_lock)
        {
            allowance.UnderWay--;
            if (!isFailure)
                allowance.LookUps = Math.Min(atOnce, allowance.LookUps + 1);
            while (allowance.Waiting.Count > 0 && TryTake(allowance))
            {
                allowance.UnderWay++;
                Next(allowance).SetResult(true);
            }
            while (allowance.UnderWay == 0 && allowance.Waiting.Count > 0)
                Next(allowance).SetResult(false);
        }
    }

    /// <summary>Counts a failure without a look-up.</summary>
    /// <returns>False if the address has failed too often.</returns>
    public bool TryFail(IPAddress? address)
    {
        lock (_lock)
        {
            var allowance = Of(address);
            Refill(allowance);
            if (allowance.Others < 1)
                return false;
            allowance.Others--;
            return true;
        }
    }

    /// <summary>
    /// An IPv6 client can use any address of its /64 network, so the network is counted as one client.
    /// </summary>
    private static IPAddress Network(IPAddress? address)
    {
        if (address is null)
            return IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    private Allowance Of(IPAddress? address)
    {
        var network = Network(address);
        if (_allowances.TryGetValue(network, out var known))
            return known;
        if (_allowances.Count >= MaxNetworks)
            Sweep();
        if (_allowances.Count >= MaxNetworks && _allowances.TryGetValue(IPAddress.None, out var shared))
            return shared;
        var allowance = new Allowance { LookUps = atOnce, Others = atOnce, At = clock.GetTimestamp() };
        _allowances[_allowances.Count >= MaxNetworks ? IPAddress.None : network] = allowance;
        return allowance;
    }

    /// <summary>Forgets the addresses that have all their failures again.</summary>
    private void Sweep()
    {
        if (clock.GetElapsedTime(_sweptAt) < BetweenSweeps)
            return;
        _sweptAt = clock.GetTimestamp();
        foreach (var (network, allowance) in _allowances)
        {
            Refill(allowance);
            if (allowance.UnderWay == 0 && allowance.LookUps >= atOnce && allowance.Others >= atOnce)
                _allowances.Remove(network);
        }
    }

    private void GiveUp(Allowance allowance, TaskCompletionSource<bool> turn)
    {
        lock (_lock)
            allowance.Waiting.Remove(turn);
        // Its turn may have come meanwhile.
        if (turn.Task is { IsCompleted: true, Result: true })
            End(allowance, isFailure: false);
    }

    private static TaskCompletionSource<bool> Next(Allowance allowance)
    {
        var next = allowance.Waiting.First!.Value;
        allowance.Waiting.RemoveFirst();
        return next;
    }

    private bool TryTake(Allowance allowance)
    {
        Refill(allowance);
        if (allowance.LookUps < 1)
            return false;
        allowance.LookUps--;
        return true;
    }

    private void Refill(Allowance allowance)
    {
        var more = clock.GetElapsedTime(allowance.At).TotalSeconds / RetryAfter;
        allowance.LookUps = Math.Min(atOnce, allowance.LookUps + more);
        allowance.Others = Math.Min(atOnce, allowance.Others + more);
        allowance.At = clock.GetTimestamp();
    }

    /// <summary>What an address has left, its look-ups under way, and the requests that wait for them.</summary>
    internal sealed class Allowance
    {
        public double LookUps { get; set; }

        /// <summary>Failures left without a look-up.</summary>
        public double Others { get; set; }

        /// <summary>When these numbers were computed.</summary>
        public long At { get; set; }

        public int UnderWay { get; set; }

        public LinkedList<TaskCompletionSource<bool>> Waiting { get; } = [];
    }
}
