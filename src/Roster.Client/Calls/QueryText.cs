using System.Globalization;
using System.Text;

namespace Roster.Client;

/// <summary>Builds a query string. Null is left out.</summary>
internal sealed class QueryText
{
    private readonly StringBuilder _text = new();

    public QueryText Add(string name, string? value)
    {
        if (value is not null)
            _text.Append(_text.Length == 0 ? '?' : '&').Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
        return this;
    }

    public QueryText Add(string name, long? value) => Add(name, value?.ToString(CultureInfo.InvariantCulture));

    public override string ToString() => _text.ToString();

    public static string? Time(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static string? IncludeOf(PartnerInclude include)
    {
        var names = new List<string>();
        foreach (var (flag, name) in ((PartnerInclude, string)[])[(PartnerInclude.Revision, "revision"),
            (PartnerInclude.DeletedAt, "deletedAt"), (PartnerInclude.Tags, "tags"), (PartnerInclude.Metadata, "metadata")])
            if (include.HasFlag(flag))
                names.Add(name);
        return names.Count == 0 ? null : string.Join(',', names);
    }
}
