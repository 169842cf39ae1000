namespace Roster.Bench.Pages;

/// <summary>A page with the tables between two comments. The text around them is written by people.</summary>
internal static class MeasuredPage
{
    private const string Begin = "<!-- bench/run.sh writes from here -->";
    private const string End = "<!-- to here -->";

    /// <summary>Writes the tables into the page, or into a new page of nothing else.</summary>
    /// <exception cref="InvalidOperationException">The page lacks one of the comments.</exception>
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
