using System.Text;

namespace Roster.Access;

/// <summary>
/// Host names of pages on which a key works in browsers: exact names, and <c>*.example.com</c> for every host below
/// <c>example.com</c>. An empty list allows all.
/// </summary>
public sealed class HostnameList
{
    public const int MaxHostnames = 50;

    private const string Wildcard = "*.";

    private readonly IReadOnlyList<string> _names;

    private HostnameList(IReadOnlyList<string> names) => _names = names;

    public static HostnameList Any { get; } = new([]);

    public IReadOnlyList<string> Names => _names;

    public bool IsAny => _names.Count == 0;

    /// <returns>Null if a name is invalid or there are too many; <paramref name="wrong"/> is then that name.</returns>
    public static HostnameList? Parse(IEnumerable<string> names, out string wrong)
    {
        var parsed = new List<string>();
        foreach (var name in names)
        {
            wrong = name;
            var lower = name.ToLowerInvariant();
            var host = lower.StartsWith(Wildcard, StringComparison.Ordinal) ? lower[Wildcard.Length..] : lower;
            if (Uri.CheckHostName(host) is not (UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6)
                || AsSent(host) is null || parsed.Count == MaxHostnames)
                return null;
            parsed.Add(lower);
        }
        wrong = "";
        return new HostnameList(parsed);
    }

    /// <summary>Reads a stored list: the parsed names, separated by spaces; null for any.</summary>
    public static HostnameList Stored(string? names) => names is null ? Any : new HostnameList(names.Split(' '));

    /// <summary>As in the database, for <see cref="Stored"/>.</summary>
    public string? ToStored() => IsAny ? null : string.Join(' ', _names);

    /// <summary>Whether this list allows every page that the other allows.</summary>
    public bool Covers(HostnameList others) => IsAny
        || (!others.IsAny && others._names.All(name => _names.Any(own => Matches(own, Sent(name).Trim('[', ']')))));

    /// <summary>Whether the host of an origin or page is allowed.</summary>
    /// <param name="url">An absolute URL, as in the headers Origin and Referer.</param>
    public bool AllowsPage(string url) => IsAny
        || (Uri.TryCreate(url, UriKind.Absolute, out var page) && page.Scheme is "http" or "https"
            && HostOf(page) is { } host && _names.Any(name => Matches(name, host)));

    private static bool Matches(string name, string host)
    {
        name = Sent(name);
        return name.StartsWith(Wildcard, StringComparison.Ordinal)
            ? host.Length > name.Length - 1 && host.EndsWith(name[1..], StringComparison.OrdinalIgnoreCase)
            : host.Equals(name.Trim('[', ']'), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A name as browsers send it.</summary>
    private static string Sent(string name)
    {
        var isWildcard = name.StartsWith(Wildcard, StringComparison.Ordinal);
        return AsSent(isWildcard ? name[Wildcard.Length..] : name) is not { } sent ? name : isWildcard ? Wildcard + sent : sent;
    }

    /// <summary>
    /// A host as browsers send it: with letters beyond ASCII in the form of RFC 5891 (<c>xn--…</c>), and addresses in one form.
    /// </summary>
    /// <returns>Null if it has no such form.</returns>
    private static string? AsSent(string host)
    {
        var isAddress = host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('[');
        return Uri.TryCreate($"https://{(isAddress ? $"[{host}]" : host)}/", UriKind.Absolute, out var page)
            && HostOf(page) is { } sent && Ascii.IsValid(sent) ? sent : null;
    }

    /// <returns>Null if it has characters that no name may have.</returns>
    private static string? HostOf(Uri page)
    {
        try
        {
            return page.IdnHost;
        }
        catch (UriFormatException)
        {
            return null;
        }
    }
}
