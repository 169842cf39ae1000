using Roster.Cli.Terminal;
using Roster.Client;

namespace Roster.Cli.Sync;

/// <summary>Asks for the encoding of a file that fits several: only a person can tell which one reads right.</summary>
internal static class EncodingChoice
{
    /// <summary>Encodings that one key can choose.</summary>
    private const int Most = 9;

    /// <exception cref="CommandException">One must be chosen, and nobody is there.</exception>
    public static async Task<ImportSettings> AddAsync(
        Screen screen, Import import, ImportSettings settings, CancellationToken cancel)
    {
        if (settings.Encoding is not null || import.File.Encoding is not null || import.Encodings.Count == 0)
            return settings;
        screen.Warn("The file does not say its encoding. It reads as:");
        var choices = import.Encodings.Take(Most).ToList();
        for (var at = 0; at < choices.Count; at++)
        {
            screen.Warn($"  {at + 1}  {choices[at].Encoding}");
            foreach (var line in choices[at].Lines)
                screen.Warn($"       {Tables.OneLine(line)}");
        }
        var digits = string.Concat(Enumerable.Range(1, choices.Count));
        var chosen = await screen.AskAsync(
            "Which one reads right? Its number:", digits, $"--encoding, such as --encoding {choices[0].Encoding}", cancel);
        return settings with { Encoding = choices[chosen - '1'].Encoding };
    }
}
