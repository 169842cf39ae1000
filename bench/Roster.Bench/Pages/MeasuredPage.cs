namespace Roster.Bench.Pages;

/// <summary>The page that has the tables between two comments, and around them what people wrote.</summary>
internal static class MeasuredPage
{
    private const string Begin = "<!-- bench/run.sh writes from here -->";
    private const string End = "<!-- to here -->";

    /// <summary>Writes the tables into the page, or a new page that has nothing else.</summary>
    /// <exception cref="InvalidOperationException">The page has not both comments.</exception>
    public static void Write(string file, string tables)
    {
        var page = File.Exists(file) ? File.ReadAllText(file) : $"{Begin}\n{End}\n";
        var begin = page.IndexOf(Begin, StringComparison.Ordinal);
        var end = page.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
            throw new InvalidOperationException($"{file} has nowhere to write between '{Begin}' and '{End}'.");
        File.WriteAllText(file, $"{page[..(begin + Begin.Length)]}\n\n{tables.Trim()}\n\n{page[end..]}");
    }
}
