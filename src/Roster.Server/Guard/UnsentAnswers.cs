namespace Roster.Server.Guard;

/// <summary>
/// Limits the bytes of finished answers that clients have not read yet, for all requests together. If there is no room,
/// the slowest reader is cut off, so slow readers block nobody. An answer counts with its unsent bytes.
/// </summary>
internal sealed class UnsentAnswers
{
    /// <summary>Answers of up to this size are not counted: a connection's own buffers hold them.</summary>
    private const int Small = 64 << 10;

    private const long MaxBytes = 64 << 20;

    /// <summary>The most answers, of any size, that may wait for room.</summary>
    private const int MaxWaiting = 16;

    /// <summary>A client is not cut off before this time.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly LinkedList<Sending> _sending = [];
    private readonly LinkedList<object> _waiting = [];
    private TaskCompletionSource _freed = NewSource();
    private long _bytes;

    /// <summary>Waits for room for an answer.</summary>
    /// <param name="isOwed">
    /// Whether the request was carried out: then it is answered at once, and others make room.
    /// </param>
    /// <returns>Null if too many wait already.</returns>
    public ValueTask<Sending?> EnterAsync(HttpContext http, long bytes, bool isOwed) =>
        bytes <= Small ? new(new Sending(this, http, 0)) : new(EnterLargeAsync(http, bytes, isOwed));

    private async Task<Sending?> EnterLargeAsync(HttpContext http, long bytes, bool isOwed)
    {
        var sending = new Sending(this, http, bytes);
        var place = new LinkedListNode<object>(sending);
        lock (_lock)
        {
            if (TryEnter(sending, place, isOwed))
                return sending;
            if (_waiting.Count >= MaxWaiting)
                return null;
            _waiting.AddLast(place);
        }
        try
        {
            while (true)
            {
                Task freed;
                TimeSpan pause;
                lock (_lock)
                {
                    if (TryEnter(sending, place, isOwed))
                        return sending;
                    freed = _freed.Task;
                    pause = CutOffSlowest();
                }
                await Task.WhenAny(freed, Task.Delay(pause, http.RequestAborted));
                http.RequestAborted.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            lock (_lock)
            {
                _waiting.Remove(place);
                Wake();
            }
        }
    }

    private bool TryEnter(Sending sending, LinkedListNode<object> place, bool isOwed)
    {
        // An answer larger than the limit is sent alone.
        var fits = _bytes + sending.Left <= MaxBytes || _bytes == 0;
        var isNext = _waiting.First is null || _waiting.First == place;
        if (!isOwed && !(fits && isNext))
            return false;
        if (!fits)
            CutOffSlowest();
        _bytes += sending.Left;
        sending.Place = _sending.AddLast(sending);
        return true;
    }

    /// <returns>How long to wait until another client may be too slow.</returns>
    private TimeSpan CutOffSlowest()
    {
        var slowest = _sending.Where(one => !one.IsCutOff && one.Left > 0).MinBy(one => one.Age < Grace ? double.MaxValue : one.Rate);
        if (slowest is null)
            return Grace;
        if (slowest.Age < Grace)
            return Grace - slowest.Age + TimeSpan.FromMilliseconds(1);
        slowest.CutOff();
        return Grace;
    }

    private void Free(long bytes)
    {
        _bytes -= bytes;
        Wake();
    }

    private void Wake()
    {
        if (_waiting.First is null)
            return;
        _freed.SetResult();
        _freed = NewSource();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>An answer being sent. Dispose it when it is sent or given up.</summary>
    internal sealed class Sending(UnsentAnswers answers, HttpContext http, long bytes) : IDisposable
    {
        private readonly long _start = TimeProvider.System.GetTimestamp();
        private readonly long _length = bytes;

        public long Left { get; private set; } = bytes;

        public LinkedListNode<Sending>? Place { get; set; }

        public bool IsCutOff { get; private set; }

        public TimeSpan Age => TimeProvider.System.GetElapsedTime(_start);

        /// <summary>In bytes per second.</summary>
        public double Rate => (_length - Left) / Age.TotalSeconds;

        /// <summary>Counts bytes as sent.</summary>
        public void Sent(long part)
        {
            if (Left == 0)
                return;
            lock (answers._lock)
            {
                part = Math.Min(part, Left);
                Left -= part;
                answers.Free(part);
            }
        }

        public void CutOff()
        {
            IsCutOff = true;
            // Not under the lock: Abort runs callbacks of others.
            ThreadPool.QueueUserWorkItem(static http => http.Abort(), http, preferLocal: false);
        }

        public void Dispose()
        {
            if (Place is null)
                return;
            Sent(Left);
            lock (answers._lock)
                Place.List?.Remove(Place);
        }
    }
}
