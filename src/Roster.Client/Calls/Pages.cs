using System.Runtime.CompilerServices;

namespace Roster.Client;

/// <summary>Lists of several pages.</summary>
internal static class Pages
{
    /// <param name="page">Gets the page at a cursor; null is the first one.</param>
    public static async IAsyncEnumerable<T> AllAsync<T>(
        Func<string?, CancellationToken, Task<Page<T>>> page, [EnumeratorCancellation] CancellationToken cancel)
    {
        var cursor = default(string);
        do
        {
            var (items, next) = await page(cursor, cancel).ConfigureAwait(false);
            foreach (var item in items)
                yield return item;
            cursor = next;
        }
        while (cursor is not null);
    }
}
