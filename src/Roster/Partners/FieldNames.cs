using System.Globalization;

namespace Roster.Partners;

/// <summary>Finds the field that is meant by a written name.</summary>
public static class FieldNames
{
    /// <summary>Most edits between a name and the field that is suggested for it.</summary>
    private const int MaxDistance = 2;

    /// <summary>
    /// Shortest field that is suggested if the name contains it. Excludes id, which many words contain.
    /// </summary>
    private const int MinPart = 4;

    /// <summary>All field names, for messages.</summary>
    public static string AllTexts { get; } = string.Join(", ", PartnerField.All);

    /// <summary>The field that a column header means, ignoring case, spaces, hyphens and underscores.</summary>
    /// <returns>Null if it is not a field.</returns>
    public static PartnerField? Meant(string header)
    {
        var plain = Plain(header);
        foreach (var field in PartnerField.All)
            if (plain.Equals(field.WireName, StringComparison.OrdinalIgnoreCase))
                return field;
        return null;
    }

    /// <summary>The field of a column and, for metadata such as <c>metadata.region</c>, the key.</summary>
    /// <returns>No field if there is none; an empty key if the text after the point is not a key.</returns>
    public static (PartnerField? Field, string? Key) MeantColumn(string header)
    {
        var point = header.IndexOf('.');
        if (point < 0 || Meant(header[..point]) is not { Kind: FieldKind.Metadata } metadata)
            return (Meant(header), null);
        var key = header[(point + 1)..].Trim();
        return (metadata, MetadataText.IsKey(key) ? key : "");
    }

    /// <summary>Suggests the nearest field for an unknown name, or lists all.</summary>
    /// <returns>The end of a sentence.</returns>
    public static string Suggest(string name) =>
        Nearest(name, PartnerField.All.Select(field => field.WireName)) is { } near ? $"did you mean {near}?"
            : $"the fields are {AllTexts}.";

    /// <summary>The one of these names that is contained in a name, or else differs least from it.</summary>
    /// <returns>Null if all differ much.</returns>
    internal static string? Nearest(string name, IEnumerable<string> names)
    {
        var plain = Plain(name);
        return names.Where(field => field.Length >= MinPart && plain.Contains(field, StringComparison.OrdinalIgnoreCase))
                .MaxBy(field => field.Length)
            ?? names.Select(field => (Field: field, Distance: Distance(plain, field)))
                .Where(one => one.Distance <= MaxDistance && one.Distance < one.Field.Length / 2)
                .OrderBy(one => one.Distance).Select(one => one.Field).FirstOrDefault();
    }

    /// <summary>Removes underscores, hyphens, white space and invisible characters, which no field name has.</summary>
    private static string Plain(string header) => string.Concat(header.Where(c =>
        c is not ('_' or '-') && !char.IsWhiteSpace(c) && char.GetUnicodeCategory(c) != UnicodeCategory.Format));

    /// <summary>
    /// The edit distance, ignoring case: letters added, removed, changed or swapped. int.MaxValue if the lengths differ
    /// by more than <see cref="MaxDistance"/>.
    /// </summary>
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
