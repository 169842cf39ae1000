using System.Globalization;

namespace Roster.Client;

/// <summary>Headers of answers.</summary>
internal static class Headers
{
    public static string? Text(HttpResponseMessage answer, string name) =>
        answer.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    public static long? Number(HttpResponseMessage answer, string name) =>
        long.TryParse(Text(answer, name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    public static int Count(HttpResponseMessage answer, string name) => (int)(Number(answer, name) ?? 0);

    /// <summary>The parameter that leads to the next page, from the <c>Link</c> header; null at the end.</summary>
    public static string? Next(HttpResponseMessage answer, string parameter)
    {
        var link = Text(answer, "Link");
        if (link is null || !link.Contains("rel=\"next\"", StringComparison.Ordinal))
            return null;
        var target = link.Split('<', '>') is [_, var inside, ..] ? inside : "";
        foreach (var pair in target[(target.IndexOf('?', StringComparison.Ordinal) + 1)..].Split('&'))
            if (pair.Split('=', 2) is [var name, var value] && name == parameter)
                return Uri.UnescapeDataString(value.Replace('+', ' '));
        return null;
    }
}
