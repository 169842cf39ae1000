using Roster.Partners;

namespace Roster.Bench.People;

/// <summary>One row of a batch: a partner, by its place in the population, and what it is afterwards.</summary>
internal readonly record struct Row(int Partner, bool IsNew, Person Person);

/// <summary>
/// Who is in the directory. Both databases get the same batches, so one population is true of both; each side keeps the
/// partners' ids at their places here.
/// </summary>
internal sealed class Population(int seed)
{
    /// <summary>The most that one request may carry.</summary>
    public const int BatchSize = PartnerRules.MaxItems;

    private readonly Random _random = new(seed);
    private readonly List<int> _personOf = [];
    private int _nextPerson;

    public int Count => _personOf.Count;

    public Row[] Creates() => Make(_ => true);

    /// <summary>Different partners in random order, each with all its fields changed.</summary>
    public Row[] Updates() => Make(_ => false);

    /// <summary>A create, an update, a create, and so on.</summary>
    public Row[] Half() => Make(i => i % 2 == 0);

    /// <summary>Different partners in random order, each as it is.</summary>
    public Row[] Unchanged() =>
        [.. PickDifferent(BatchSize).Select(partner => new Row(partner, false, Person.Of(_personOf[partner])))];

    /// <summary>Somebody who is in the directory now.</summary>
    public Person Someone(Random random) => Person.Of(_personOf[random.Next(_personOf.Count)]);

    /// <summary>Updates of partners picked at random, some of them more than once.</summary>
    /// <returns>The rows, and what takes note of how many of them were carried out.</returns>
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
