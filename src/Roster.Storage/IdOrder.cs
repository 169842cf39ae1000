using System.Buffers;

namespace Roster.Storage;

internal static class IdOrder
{
    /// <summary>By id, as partners lie in every engine's table: so pages are touched one after the other.</summary>
    public static T[] InIdOrder<T>(this IEnumerable<T> all, Converter<T, Guid> id)
    {
        T[] ordered = [.. all];
        var ids = ArrayPool<Guid>.Shared.Rent(ordered.Length);
        for (var i = 0; i < ordered.Length; i++)
            ids[i] = id(ordered[i]);
        Array.Sort(ids, ordered, 0, ordered.Length);
        ArrayPool<Guid>.Shared.Return(ids);
        return ordered;
    }
}
