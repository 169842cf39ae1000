namespace Roster.Server.Guard;

/// <summary>
/// The bytes of answers that are made and that their clients have not read yet: so many for all requests together. Where there is no room,
/// the client that reads slowest is cut off, so slow readers shut nobody out. An answer counts for what is left of it.
/// </summary>
internal sealed class UnsentAnswers
{
    /// <summary>What a connection holds by itself is not counted.</summary>
    private const int Small = 64 << 10;

    private const long MaxBytes = 64 << 20;

    /// <summary>So many answers may wait for room, each as large as it is.</summary>
    private const int MaxWaiting = 16;

    /// <summary>For so long a client may take its time, whoever waits.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly LinkedList<Sending> _sending = [];
    private readonly LinkedList<object> _waiting = [];
    private TaskCompletionSource _freed = NewSource();
    private long _bytes;

    /// <summary>Waits for room for an answer.</summary>
    /// <param name="isOwed">What was carried out is answered in any case, at once; others make room for it.</param>
    /// <returns>Null where too many wait already.</returns>
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
        // One that is larger than all of it goes alone.
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

    /// <returns>How long to wait until there may be another one that is too slow.</returns>
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

    /// <summary>An answer on its way; dispose it when it is sent, or never will be.</summary>
    internal sealed class Sending(UnsentAnswers answers, HttpContext http, long bytes) : IDisposable
    {
        private readonly long _start = TimeProvider.System.GetTimestamp();
        private readonly long _length = bytes;

        public long Left { get; private set; } = bytes;

        public LinkedListNode<Sending>? Place { get; set; }

        public bool IsCutOff { get; private set; }

        public TimeSpan Age => TimeProvider.System.GetElapsedTime(_start);

        /// <summary>In bytes a second.</summary>
        public double Rate => (_length - Left) / Age.TotalSeconds;

        /// <summary>So many bytes more are out.</summary>
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
            // Not here, where the lock is held: it runs what others have asked for when the connection ends.
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
