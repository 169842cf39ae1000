using System.IO.Pipelines;

namespace Roster.Server.Guard;

/// <summary>
/// The bodies that hold memory of writes while they come in. Where others wait for that memory, the body that comes in
/// slowest is refused, so slow senders block nobody. Each of them holds two units at least, which bounds their number.
/// </summary>
internal sealed class ArrivingBodies(TimeProvider clock)
{
    /// <summary>Who sends as fast as this, in bytes a second, is never refused: a body of 10 MiB takes 40 seconds.</summary>
    public const int EnoughRate = 256 << 10;

    /// <summary>A sender is not refused before the server has waited for it so long.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _clock = clock;
    private readonly Lock _lock = new();
    private readonly List<Body> _bodies = [];

    /// <param name="cancel">Ends the request.</param>
    public Body Enter(CancellationToken cancel)
    {
        var body = new Body(this, cancel);
        lock (_lock)
            _bodies.Add(body);
        return body;
    }

    /// <summary>Refuses the slowest sender, for somebody who waits. One at a time: its memory may be enough.</summary>
    public void RefuseSlowest()
    {
        lock (_lock)
            if (!_bodies.Exists(body => body.IsRefused))
                _bodies.Where(body => body.IsTooSlow).MinBy(body => body.Rate)?.Refuse();
    }

    /// <summary>A body that comes in. Dispose it when it has been read, or when its memory is given back.</summary>
    internal sealed class Body(ArrivingBodies bodies, CancellationToken cancel) : IDisposable
    {
        private readonly CancellationTokenSource _refused = CancellationTokenSource.CreateLinkedTokenSource(cancel);

        /// <summary>Since when the server waits for bytes; null while it works on them.</summary>
        private long? _since;

        /// <summary>How long it has waited before that.</summary>
        private TimeSpan _waited;

        private long _bytes;

        public bool IsRefused { get; private set; }

        public bool IsTooSlow => _since is not null && Waited > Grace && Rate < EnoughRate;

        /// <summary>In bytes per second for which the server has waited.</summary>
        public double Rate => _bytes / Waited.TotalSeconds;

        private TimeSpan Waited => _since is { } since ? _waited + bodies._clock.GetElapsedTime(since) : _waited;

        /// <summary>Waits for bytes.</summary>
        /// <param name="passed">How many bytes of the body have been consumed.</param>
        /// <exception cref="BadHttpRequestException">Others wait for memory, and this is the slowest sender (408).</exception>
        public async ValueTask<ReadResult> ReadAtLeastAsync(PipeReader body, int wanted, long passed)
        {
            lock (bodies._lock)
                _since = bodies._clock.GetTimestamp();
            try
            {
                var read = await body.ReadAtLeastAsync(wanted, _refused.Token);
                _bytes = passed + read.Buffer.Length;
                return read;
            }
            catch (OperationCanceledException) when (IsRefused)
            {
                throw new BadHttpRequestException("The body came in too slowly.", StatusCodes.Status408RequestTimeout);
            }
            finally
            {
                lock (bodies._lock)
                    (_waited, _since) = (Waited, null);
            }
        }

        public void Refuse()
        {
            IsRefused = true;
            // What waits for the bytes goes on elsewhere, not under the lock.
            _ = _refused.CancelAsync();
        }

        public void Dispose()
        {
            lock (bodies._lock)
                if (bodies._bodies.Remove(this))
                    _refused.Dispose();
        }
    }
}
