using System.Text;

namespace Roster.Storage.Postgres.Search;

/// <summary>
/// The trigrams of a text, each as a hash with the workspace's id: so one inverted index serves all workspaces, and none pays for
/// what others have. Different trigrams can have one hash, so what is found is looked at once more in the text.
/// </summary>
internal static class Grams
{
    /// <summary>Code points in a gram.</summary>
    public const int Length = 3;

    /// <summary>Four are rarely had by more than a few partners, and each more costs reading its whole list.</summary>
    private const int MaxSought = 4;

    /// <summary>All grams of a text, none twice; none where it is shorter than one.</summary>
    public static int[] Of(long workspaceId, string text)
    {
        var runes = text.EnumerateRunes().ToArray();
        var grams = new HashSet<int>();
        for (var i = 0; i + Length <= runes.Length; i++)
            grams.Add(Hash(workspaceId, runes.AsSpan(i, Length)));
        return [.. grams];
    }

    /// <summary>A few grams that every text has in which this one is found.</summary>
    public static int[] Sought(long workspaceId, string text)
    {
        var runes = text.EnumerateRunes().ToArray();
        var last = runes.Length - Length;
        if (last < 0)
            return [];
        var step = Math.Max(Length, (last + MaxSought) / MaxSought);
        var grams = new HashSet<int>();
        for (var i = 0; i < last + step; i += step)
            grams.Add(Hash(workspaceId, runes.AsSpan(Math.Min(i, last), Length)));
        return [.. grams];
    }

    /// <summary>FNV-1a (draft-eastlake-fnv), over numbers instead of bytes: it must be the same on every node and for ever.</summary>
    private static int Hash(long workspaceId, ReadOnlySpan<Rune> runes)
    {
        const ulong Prime = 0x100000001b3;
        var hash = (0xcbf29ce484222325 ^ (ulong)workspaceId) * Prime;
        foreach (var rune in runes)
            hash = (hash ^ (uint)rune.Value) * Prime;
        return (int)(hash ^ (hash >> 32));
    }
}
