namespace Roster.Batches;

/// <summary>The items of a batch of which the valid ones are used, whatever is wrong with the others.</summary>
/// <param name="Count">Number of items read, valid or not.</param>
/// <param name="Valid">The items without fault, in order. A doubt may still turn out to be a fault.</param>
/// <param name="Doubts">Faults unless the value is stored, in the order of the items; also those of items with faults.</param>
/// <param name="Faults">The faults of each item that has some, by its index in the batch.</param>
public sealed record ImportedItems(
    int Count, IReadOnlyList<ImportedItem> Valid, IReadOnlyList<Doubt> Doubts, IReadOnlyDictionary<int, IReadOnlyList<Fault>> Faults);

/// <param name="Index">The item's place in the batch, from 0.</param>
public readonly record struct ImportedItem(int Index, BatchRow Row);
