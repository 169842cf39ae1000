using System.Globalization;
using Roster.Partners;

namespace Roster.Changes;

/// <summary>
/// A batch that lists the whole directory: live partners that it does not name are deleted, up to a limit.
/// </summary>
/// <param name="MaxDeletes">The limit: a number of partners, or percent of the live ones.</param>
public sealed record Mirror(int MaxDeletes, bool IsPercent)
{
    /// <summary>5 %, which a truncated file is likely to exceed.</summary>
    public static Mirror Default { get; } = new(5, IsPercent: true);

    /// <summary>Reads <c>100</c> or <c>10%</c>.</summary>
    /// <returns>Null if the text is neither.</returns>
    public static Mirror? Parse(string text)
    {
        var isPercent = text.EndsWith('%');
        return int.TryParse(isPercent ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number <= (isPercent ? 100 : PartnerRules.MaxItems) ? new Mirror(number, isPercent) : null;
    }

    /// <summary>Most partners that may be deleted; never more than <see cref="PartnerRules.MaxItems"/>.</summary>
    public long Allowed(long live) => Math.Min(IsPercent ? live * MaxDeletes / 100 : MaxDeletes, PartnerRules.MaxItems);
}
