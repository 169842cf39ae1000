namespace Roster.Storage;

/// <summary>
/// Writes that wait. Small ones that fit share a transaction, a large one has its own, and the two kinds take turns: a small
/// write waits for one large one at most, however many there are, and small ones keep no large one waiting. Each kind is in
/// order. Not for several threads at once.
/// </summary>
/// <param name="rows">The rows that a write touches.</param>
/// <param name="fits">Whether the second one can share a transaction with the first one, whatever their rows are.</param>
internal sealed class WaitingWrites<T>(Func<T, int> rows, Func<T, T, bool> fits)
{
    /// <summary>Most rows of writes that share a transaction.</summary>
    public const int MaxRowsTogether = 1_000;

    private readonly Queue<T> _small = [];
    private readonly Queue<T> _large = [];
    private bool _isLargeNext;

    public int Count => _small.Count + _large.Count;

    /// <summary>The rows of all of them.</summary>
    public long Rows { get; private set; }

    public void Add(T one)
    {
        (rows(one) > MaxRowsTogether ? _large : _small).Enqueue(one);
        Rows += rows(one);
    }

    /// <returns>The writes of the next transaction, in order; none if none wait.</returns>
    public List<T> TakeTogether()
    {
        var isLarge = _large.Count > 0 && (_isLargeNext || _small.Count == 0);
        var queue = isLarge ? _large : _small;
        var taken = new List<T>();
        var together = 0;
        while (queue.TryPeek(out var next) && (taken.Count == 0
            || (!isLarge && together + Math.Max(1, rows(next)) <= MaxRowsTogether && fits(taken[0], next))))
        {
            together += Math.Max(1, rows(next));
            taken.Add(Dequeue(queue));
        }
        _isLargeNext = !isLarge;
        return taken;
    }

    /// <summary>Takes those in front of each kind, as long as they are meant.</summary>
    public List<T> TakeWhile(Func<T, bool> isMeant)
    {
        var taken = new List<T>();
        foreach (var queue in new[] { _small, _large })
            while (queue.TryPeek(out var next) && isMeant(next))
                taken.Add(Dequeue(queue));
        return taken;
    }

    private T Dequeue(Queue<T> queue)
    {
        var one = queue.Dequeue();
        Rows -= rows(one);
        return one;
    }
}
