using System.Diagnostics;
using System.Text;

namespace Roster.Bench.Load;

/// <summary>
/// Sends requests from one thread. Closed loop: each connection sends its next request when it has its answer. Open
/// loop: requests come at random moments of a given rate; while no connection is free, a request waits, and the wait
/// counts.
/// </summary>
internal sealed class LoadGenerator : IDisposable
{
    /// <summary>How long answers may take after the last request was due.</summary>
    private static readonly long Grace = 60 * Stopwatch.Frequency;

    private readonly Requests _requests;
    private readonly byte[] _demanded;
    private readonly Connection[] _connections;
    private readonly Poll _poll;
    private readonly Queue<int> _idle;
    private readonly Random _random = new(1);
    private readonly List<long> _latencies = [];
    private int _sent;

    public LoadGenerator(Requests requests, int port, int connections)
    {
        _requests = requests;
        _demanded = Encoding.ASCII.GetBytes(requests.Demanded);
        _connections = [.. Enumerable.Range(0, connections).Select(_ => new Connection(port))];
        _poll = new Poll(_connections.Select(connection => connection.Socket));
        _idle = new Queue<int>(Enumerable.Range(0, connections));
    }

    /// <param name="perSecond">Requests per second; null for a closed loop.</param>
    public LoadResult Run(TimeSpan duration, double? perSecond)
    {
        _latencies.Clear();
        var processor = Process.GetCurrentProcess().TotalProcessorTime;
        var start = Stopwatch.GetTimestamp();
        var end = start + Ticks(duration.TotalSeconds);
        var last = start;
        // When the next request is due. In a closed loop: always now, until the time is up.
        for (var due = start; ;)
        {
            var now = Stopwatch.GetTimestamp();
            for (; _idle.Count > 0 && HasMore() && due <= now; due = perSecond is null ? now : due + Ticks(Gap()))
                Send(perSecond is null ? now : due);
            if (!HasMore() && _idle.Count == _connections.Length)
                break;
            if (now > end + Grace)
                throw new InvalidOperationException("The server does not come to an end with its requests.");
            var wait = HasMore() && _idle.Count > 0 ? Math.Max(0, due - now) : Stopwatch.Frequency;
            if (_poll.Wait(TimeSpan.FromSeconds((double)wait / Stopwatch.Frequency)) > 0)
                last = Receive() ?? last;
            if (perSecond is null)
                due = last;

            bool HasMore() => _sent < _requests.Each.Count && due < end;
        }
        processor = Process.GetCurrentProcess().TotalProcessorTime - processor;
        return LoadResult.Of(_sent, _latencies, TimeSpan.FromSeconds((double)(last - start) / Stopwatch.Frequency), processor);

        // Poisson arrivals: independent clients come at any moment with equal probability.
        double Gap() => -Math.Log(1 - _random.NextDouble()) / perSecond!.Value;
    }

    public void Dispose()
    {
        foreach (var connection in _connections)
            connection.Dispose();
    }

    private static long Ticks(double seconds) => (long)(seconds * Stopwatch.Frequency);

    private void Send(long intended) => _connections[_idle.Dequeue()].Send(_requests.Each[_sent++], intended);

    /// <returns>When the last answer was complete; null if none was.</returns>
    private long? Receive()
    {
        long? last = null;
        for (var i = 0; i < _connections.Length; i++)
        {
            if (!_poll.IsReadable(i) || !_connections[i].Receive(_demanded))
                continue;
            var now = Stopwatch.GetTimestamp();
            _latencies.Add(now - _connections[i].Intended);
            _idle.Enqueue(i);
            last = now;
        }
        return last;
    }
}
