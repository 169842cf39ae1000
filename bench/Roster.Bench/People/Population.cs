using Roster.Partners;

namespace Roster.Bench.People;

/// <summary>One row of a batch: a partner's index in the population, and its new data.</summary>
internal readonly record struct Row(int Partner, bool IsNew, Person Person);

/// <summary>
/// The partners of the directory. Both databases get the same batches, so one population describes both. Each side has
/// a list of ids with the same indexes.
/// </summary>
internal sealed class Population(int seed)
{
    /// <summary>The largest number in one request.</summary>
    public const int BatchSize = PartnerRules.MaxItems;

    private readonly Random _random = new(seed);
    private readonly List<int> _personOf = [];
    private int _nextPerson;

    public int Count => _personOf.Count;

    public Row[] Creates() => Make(_ => true);

    /// <summary>Different partners in random order, each with all its fields changed.</summary>
    public Row[] Updates() => Make(_ => false);

    /// <summary>Creates and updates in turn.</summary>
    public Row[] Half() => Make(i => i % 2 == 0);

    /// <summary>Different partners in random order, with their present data.</summary>
    public Row[] Unchanged() =>
        [.. PickDifferent(BatchSize).Select(partner => new Row(partner, false, Person.Of(_personOf[partner])))];

    /// <summary>A random partner of the directory.</summary>
    public Person Someone(Random random) => Person.Of(_personOf[random.Next(_personOf.Count)]);

    /// <summary>Updates of partners picked at random, some of them more than once.</summary>
    /// <returns>The rows, and a callback that takes the number of those carried out.</returns>
    public (Row[] Rows, Action<int> Apply) Singles(int count)
    {
        var first = _nextPerson;
        _nextPerson += count;
        var rows = new Row[count];
        for (var i = 0; i < count; i++)
            rows[i] = new Row(_random.Next(_personOf.Count), false, Person.Of(first + i));
        return (rows, done =>
        {
            for (var i = 0; i < done; i++)
                _personOf[rows[i].Partner] = first + i;
        }
        );
    }

    private Row[] Make(Func<int, bool> isNew)
    {
        var existing = new Queue<int>(PickDifferent(Enumerable.Range(0, BatchSize).Count(i => !isNew(i))));
        var rows = new Row[BatchSize];
        for (var i = 0; i < rows.Length; i++)
        {
            var person = _nextPerson++;
            var partner = isNew(i) ? _personOf.Count : existing.Dequeue();
            if (isNew(i))
                _personOf.Add(person);
            else
                _personOf[partner] = person;
            rows[i] = new Row(partner, isNew(i), Person.Of(person));
        }
        return rows;
    }

    private HashSet<int> PickDifferent(int count)
    {
        var picked = new HashSet<int>(count);
        while (picked.Count < count)
            picked.Add(_random.Next(_personOf.Count));
        return picked;
    }
}
