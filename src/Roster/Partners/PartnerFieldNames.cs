using System.Globalization;
using System.Numerics;
using Roster.Batches;

namespace Roster.Partners;

/// <summary>The fields' names on the wire.</summary>
public static class PartnerFieldNames
{
    /// <summary>The most letters in which a name may differ from the field that is suggested for it.</summary>
    private const int MaxDistance = 2;

    /// <summary>A field that is as long is suggested where its name is a part of the name: not id, which is in many words.</summary>
    private const int MinPart = 4;

    public static IReadOnlyList<string> All { get; } =
        ["id", "name", "email", "phone", "externalId", "createdAt", "updatedAt", "deletedAt", "revision", "ifUpdatedAt"];

    /// <summary>All of them, for people.</summary>
    public static string AllTexts { get; } = string.Join(", ", All);

    public static string Of(PartnerFields field) => All[BitOperations.Log2((uint)field)];

    /// <summary>The field that people mean by the header of a column: whatever its case, spaces, hyphens and underscores.</summary>
    /// <returns>None where it is none.</returns>
    public static PartnerFields Meant(string header)
    {
        var plain = Plain(header);
        for (var i = 0; i < All.Count; i++)
            if (plain.Equals(All[i], StringComparison.OrdinalIgnoreCase))
                return (PartnerFields)(1 << i);
        return PartnerFields.None;
    }

    /// <summary>What to send instead of a name that is no field: the nearest one, or any of them.</summary>
    /// <returns>The end of a sentence.</returns>
    public static string Suggest(string name)
    {
        var plain = Plain(name);
        var near = All.Where(field => field.Length >= MinPart && plain.Contains(field, StringComparison.OrdinalIgnoreCase)).MaxBy(field => field.Length)
            ?? All.Select(field => (Field: field, Distance: Distance(plain, field)))
                .Where(one => one.Distance <= MaxDistance && one.Distance < one.Field.Length / 2)
                .OrderBy(one => one.Distance).Select(one => one.Field).FirstOrDefault();
        return near is null ? $"the fields are {AllTexts}." : $"did you mean {near}?";
    }

    /// <summary>Without what people and programs write in headers and fields' names do not have, invisible characters among it.</summary>
    private static string Plain(string header) => string.Concat(header.Where(c =>
        c is not ('_' or '-') && !char.IsWhiteSpace(c) && char.GetUnicodeCategory(c) != UnicodeCategory.Format));

    /// <summary>How many letters are to be added, removed, changed or swapped, whatever their case; many where the lengths say so.</summary>
    private static int Distance(string one, string other)
    {
        if (Math.Abs(one.Length - other.Length) > MaxDistance)
            return int.MaxValue;
        var distance = new int[one.Length + 1, other.Length + 1];
        for (var i = 0; i <= one.Length; i++)
        {
            for (var j = 0; j <= other.Length; j++)
            {
                distance[i, j] = i == 0 || j == 0 ? i + j
                    : Math.Min(Math.Min(distance[i - 1, j], distance[i, j - 1]) + 1, distance[i - 1, j - 1] + (IsSame(i, j) ? 0 : 1));
                if (i > 1 && j > 1 && IsSame(i, j - 1) && IsSame(i - 1, j))
                    distance[i, j] = Math.Min(distance[i, j], distance[i - 2, j - 2] + 1);
            }
        }
        return distance[one.Length, other.Length];

        bool IsSame(int i, int j) => char.ToUpperInvariant(one[i - 1]) == char.ToUpperInvariant(other[j - 1]);
    }
}
