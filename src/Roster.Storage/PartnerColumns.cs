using System.Collections.Immutable;
using Roster.Log;
using Roster.Partners;

namespace Roster.Storage;

/// <summary>The columns of the table <c>partner</c>, from the list of fields, as SQL texts of all engines name them.</summary>
internal static class PartnerColumns
{
    /// <summary>Those of the values, in the order of <see cref="PartnerField.Values"/>.</summary>
    public static ImmutableArray<string> Values { get; } = [.. PartnerField.Values.Select(field => field.Column!)];

    /// <summary>All but the workspace's, in the order in which rows are read: the id, the values, and what the server sets.</summary>
    public static string All { get; } = $"id, {Each(column => column)}, created_at, updated_at, deleted_at, revision";

    /// <summary>With the checksum, which comes last: for rows that are compared with it.</summary>
    public static string Checked { get; } = All + ", checksum";

    /// <summary>The value's places in <see cref="All"/> begin here.</summary>
    public const int FirstValue = 1;

    /// <summary>The place of created_at in <see cref="All"/>; the rest follow it.</summary>
    public static int FirstOfServer { get; } = FirstValue + Values.Length;

    /// <summary>The place of the checksum in <see cref="Checked"/>.</summary>
    public static int OfChecksum { get; } = FirstOfServer + 4;

    /// <summary>A row's partner.</summary>
    /// <exception cref="DamagedPartnerException">It is not as it was written.</exception>
    public static Partner Whole(Partner partner, long? checksum) =>
        Checksum.Contradicts(checksum, partner) ? throw new DamagedPartnerException(partner.Id) : partner;

    /// <summary>Something for each value's column, divided by commas.</summary>
    public static string Each(Func<string, string> text) => string.Join(", ", Values.Select(text));

    /// <summary>Something for each value's column and its place in <see cref="Values"/>, divided by commas.</summary>
    public static string Each(Func<string, int, string> text) => string.Join(", ", Values.Select(text));
}
