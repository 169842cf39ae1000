namespace Roster.Storage;

internal static class IdOrder
{
    /// <summary>By id, as partners lie in every engine's table: so pages are touched one after the other.</summary>
    public static T[] InIdOrder<T>(this IEnumerable<T> all, Converter<T, Guid> id)
    {
        T[] ordered = [.. all];
        Array.Sort(Array.ConvertAll(ordered, id), ordered);
        return ordered;
    }
}
