using System.Net;
using System.Net.Sockets;

namespace Roster.Server.Guard;

/// <summary>
/// Bounds what guessing at keys costs. An address can fail so many times at once, and once more each second. A key that is not known
/// to be good is looked up only while its address can still fail, so beyond that a guess costs the database nothing. Failures that need no
/// look-up are counted apart: whoever sends no key, or half of one, holds up nobody else's.
/// </summary>
/// <param name="atOnce">How many failures of each kind an address has.</param>
internal sealed class KeyGuesses(int atOnce, TimeProvider clock)
{
    /// <summary>In seconds: one more failure comes each second.</summary>
    public const int RetryAfter = 1;

    /// <summary>Addresses that are told apart; those beyond share one allowance.</summary>
    private const int MaxNetworks = 50_000;

    /// <summary>Requests of one address that wait for its look-ups.</summary>
    private const int MaxWaiting = 1_000;

    private static readonly TimeSpan BetweenSweeps = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Allowance> _allowances = [];
    private long _sweptAt = clock.GetTimestamp();

    /// <summary>
    /// Takes one of the address's failures for a look-up. Where look-ups that are under way hold the last ones, waits for what comes of
    /// those: many valid keys that come at once are no guesses.
    /// </summary>
    /// <returns>To be given to <see cref="End"/>; null where the address has failed too often.</returns>
    public async Task<Allowance?> BeginAsync(IPAddress? address)
    {
        Allowance allowance;
        Task<bool> turn;
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
            var waiting = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            allowance.Waiting.Enqueue(waiting);
            turn = waiting.Task;
        }
        return await turn ? allowance : null;
    }

    /// <summary>Says what came of a look-up; one that found a valid key gives back what it took.</summary>
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
                allowance.Waiting.Dequeue().SetResult(true);
            }
            while (allowance.UnderWay == 0 && allowance.Waiting.TryDequeue(out var refused))
                refused.SetResult(false);
        }
    }

    /// <summary>Counts a failure that asked nothing of the database.</summary>
    /// <returns>False where the address has failed too often.</returns>
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

    /// <summary>An IPv6 client has a whole /64 to choose addresses from, so that is who it is.</summary>
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

    /// <summary>Forgets the addresses that have all of their failures again.</summary>
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

    /// <summary>What one address has left; its look-ups under way, and who waits for them.</summary>
    internal sealed class Allowance
    {
        public double LookUps { get; set; }

        /// <summary>Failures that ask nothing of the database.</summary>
        public double Others { get; set; }

        /// <summary>When it had so many.</summary>
        public long At { get; set; }

        public int UnderWay { get; set; }

        public Queue<TaskCompletionSource<bool>> Waiting { get; } = [];
    }
}
