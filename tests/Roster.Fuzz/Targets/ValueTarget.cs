using System.Text;
using Roster.Access;
using Roster.Changes;
using Roster.Partners;

namespace Roster.Fuzz.Targets;

/// <summary>
/// Short texts that many calls take: times, ids, limits, host names, and the forms in which text is compared and found.
/// </summary>
internal sealed class ValueTarget() : FuzzTarget("value")
{
    public override void Run(byte[] input)
    {
        var text = TextOf(input);
        if (Timestamp.TryParse(text, out var time))
        {
            Accept();
            FuzzException.Unless(Timestamp.TryParse(time.ToString(), out var again), "a written time is refused");
            FuzzException.UnlessSame(time.WholeMilliseconds(), again, "a time");
        }
        if (Uuid.TryParse(text, out var id))
            FuzzException.UnlessSame(text.ToLowerInvariant(), id.ToString(), "an id");
        if (Mirror.Parse(text) is { } mirror)
            FuzzException.Unless(mirror.Allowed(long.MaxValue / 1_000) is >= 0 and <= PartnerRules.MaxItems, "a limit of deletes");
        CheckHosts(text);
        CheckForms(text);
        foreach (var field in PartnerField.Values)
            if (field.Kind == FieldKind.Text && text.Length > 0)
                field.Check(text);
    }

    private static void CheckHosts(string text)
    {
        if (HostnameList.Parse(text.Split('\n'), out _) is { } list)
        {
            FuzzException.Unless(HostnameList.Stored(list.ToStored()).Names.SequenceEqual(list.Names), "stored host names");
            FuzzException.Unless(HostnameList.Parse(list.Names, out _)!.Names.SequenceEqual(list.Names), "host names given again");
            FuzzException.Unless(list.Covers(list), "a list of hosts does not cover itself");
            foreach (var name in list.Names.Where(name => !name.StartsWith("*.", StringComparison.Ordinal)))
                FuzzException.Unless(list.AllowsPage($"https://{(name.Contains(':') && name[0] != '[' ? $"[{name}]" : name)}/"),
                    $"the page of a host that is listed is not allowed: {name}");
        }
        HostnameList.Parse(["example.com", "*.example.org"], out _)!.AllowsPage(text);
    }

    /// <summary>Compared forms are stable: the form of a form is itself.</summary>
    private static void CheckForms(string text)
    {
        var folded = TagText.Fold(text);
        FuzzException.UnlessSame(folded, TagText.Fold(folded), "the compared form of a tag or address");
        FuzzException.UnlessSame(SearchText.Digits(text), SearchText.Digits(SearchText.Digits(text)), "the digits of a phone");
        var searched = SearchText.Fold(text);
        FuzzException.UnlessSame(searched, SearchText.Fold(searched), "the searched form");
        // A part of a text is found by itself.
        var rune = text.EnumerateRunes().FirstOrDefault();
        if (rune.Value != 0)
            FuzzException.Unless(SearchText.SortName(text).Length <= PartnerRules.MaxName, "a sort key is too long");
        FuzzException.Unless(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(searched)) == searched, "the searched form is no text");
    }
}
