using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Roster.Storage.Postgres.Search;

/// <summary>Lists of numbers under keys, packed into pages in the order of the keys.</summary>
/// <param name="First">The key of its first list.</param>
/// <param name="Lists">One after the other: the key (four bytes), the list's length in bytes, and the list.</param>
internal readonly record struct SearchPage(int First, byte[] Lists)
{
    /// <summary>The list under a key; empty where the page has none.</summary>
    public static ReadOnlyMemory<byte> Find(byte[] lists, int key)
    {
        ReadOnlyMemory<byte> rest = lists;
        while (TryTake(ref rest, out var next, out var list) && next <= key)
            if (next == key)
                return list;
        return default;
    }

    /// <summary>Takes the first list off a page.</summary>
    public static bool TryTake(ref ReadOnlyMemory<byte> lists, out int key, out ReadOnlyMemory<byte> list)
    {
        (key, list) = (0, default);
        if (lists.IsEmpty)
            return false;
        key = BinaryPrimitives.ReadInt32LittleEndian(lists.Span);
        var start = sizeof(int);
        var length = SearchList.ReadNumber(lists.Span, ref start);
        list = lists.Slice(start, length);
        lists = lists[(start + length)..];
        return true;
    }
}

/// <summary>Packs lists into pages. Each list is whole in one page, and a long one has a page for itself.</summary>
internal sealed class SearchPages
{
    /// <summary>Four lie in one of the database's pages. A longer one than these would be moved out of its row.</summary>
    private const int Size = 1_900;

    private readonly List<byte> _page = [];
    private readonly List<SearchPage> _done = [];
    private int _first;

    /// <param name="key">Greater than all before.</param>
    public void Add(int key, IReadOnlyList<int> numbers)
    {
        var list = SearchList.Pack(numbers);
        if (_page.Count + list.Length > Size)
            EndPage();
        if (_page.Count == 0)
            _first = key;
        Span<byte> keyBytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(keyBytes, key);
        _page.AddRange(keyBytes);
        SearchList.WriteNumber(_page, list.Length);
        _page.AddRange(list);
    }

    /// <summary>The pages that are full; with <paramref name="isEnd"/> the last one too.</summary>
    public SearchPage[] Take(bool isEnd)
    {
        if (isEnd)
            EndPage();
        SearchPage[] done = [.. _done];
        _done.Clear();
        return done;
    }

    private void EndPage()
    {
        if (_page.Count > 0)
            _done.Add(new SearchPage(_first, [.. _page]));
        _page.Clear();
    }
}

/// <summary>A list of ascending numbers as bytes: each as its distance from the one before, in 7-bit groups, the lowest first.</summary>
internal static class SearchList
{
    public static byte[] Pack(IReadOnlyList<int> numbers)
    {
        var bytes = new List<byte>(numbers.Count * 2);
        var before = 0;
        for (var i = 0; i < numbers.Count; i++)
        {
            WriteNumber(bytes, numbers[i] - before);
            before = numbers[i];
        }
        return [.. bytes];
    }

    public static List<int> Unpack(ReadOnlySpan<byte> list)
    {
        var numbers = new List<int>();
        CollectionsMarshal.SetCount(numbers, list.Length);
        var span = CollectionsMarshal.AsSpan(numbers);
        var (at, number, count) = (0, 0, 0);
        while (at < list.Length)
        {
            // Most are near the one before.
            number += list[at] < 0x80 ? list[at++] : ReadNumber(list, ref at);
            span[count++] = number;
        }
        CollectionsMarshal.SetCount(numbers, count);
        return numbers;
    }

    public static void WriteNumber(List<byte> bytes, int number)
    {
        var rest = (uint)number;
        for (; rest > 0x7f; rest >>= 7)
            bytes.Add((byte)(rest | 0x80));
        bytes.Add((byte)rest);
    }

    public static int ReadNumber(ReadOnlySpan<byte> bytes, ref int at)
    {
        var number = 0;
        for (var shift = 0; ; shift += 7)
        {
            var group = bytes[at++];
            number |= (group & 0x7f) << shift;
            if (group < 0x80)
                return number;
        }
    }

    /// <summary>The numbers that are in both lists.</summary>
    public static List<int> Both(List<int> left, List<int> right)
    {
        var both = new List<int>();
        var lefts = CollectionsMarshal.AsSpan(left);
        var rights = CollectionsMarshal.AsSpan(right);
        var (i, j) = (0, 0);
        while (i < lefts.Length && j < rights.Length)
        {
            var (one, other) = (lefts[i], rights[j]);
            if (one == other)
                both.Add(one);
            i += one <= other ? 1 : 0;
            j += other <= one ? 1 : 0;
        }
        return both;
    }

    /// <summary>The numbers of two lists, twice where both have them.</summary>
    public static List<int> Either(List<int> left, List<int> right)
    {
        if (left.Count == 0 || right.Count == 0)
            return left.Count == 0 ? right : left;
        var all = new List<int>(left.Count + right.Count);
        var (i, j) = (0, 0);
        while (i < left.Count && j < right.Count)
            all.Add(left[i] < right[j] ? left[i++] : right[j++]);
        all.AddRange(CollectionsMarshal.AsSpan(left)[i..]);
        all.AddRange(CollectionsMarshal.AsSpan(right)[j..]);
        return all;
    }
}
