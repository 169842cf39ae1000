using System.Globalization;
using Roster.Partners;

namespace Roster.Changes;

/// <summary>A batch that is the whole truth: live partners that it does not name are deleted, if they are not too many.</summary>
/// <param name="MaxDeletes">A number of partners, or of percent of the live ones.</param>
public sealed record Mirror(int MaxDeletes, bool IsPercent)
{
    /// <summary>5 %: a truncated file deletes more than that.</summary>
    public static Mirror Default { get; } = new(5, IsPercent: true);

    /// <summary>Reads <c>100</c> or <c>10%</c>.</summary>
    /// <returns>Null where the text is neither.</returns>
    public static Mirror? Parse(string text)
    {
        var isPercent = text.EndsWith('%');
        return int.TryParse(isPercent ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number <= (isPercent ? 100 : PartnerRules.MaxItems) ? new Mirror(number, isPercent) : null;
    }

    /// <summary>How many partners may be deleted of so many live ones; never more than a batch may have items.</summary>
    public long Allowed(long live) => Math.Min(IsPercent ? live * MaxDeletes / 100 : MaxDeletes, PartnerRules.MaxItems);
}
