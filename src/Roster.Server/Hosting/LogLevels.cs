using Roster.Server.Commands;

namespace Roster.Server.Hosting;

/// <summary>The lowest level that is logged, of all categories and of some.</summary>
/// <param name="Categories">By the beginning of a category's name; the longest one that fits counts.</param>
internal sealed record LogLevels(LogLevel Default, IReadOnlyList<KeyValuePair<string, LogLevel>> Categories)
{
    public static LogLevels Usual { get; } = new(LogLevel.Information, []);

    /// <summary>Libraries say at Information what is no event for an operator. They are heard from this level on, unless named.</summary>
    private const LogLevel OfLibraries = LogLevel.Warning;

    /// <param name="text">Such as <c>Information</c> or <c>Information,Microsoft.AspNetCore=Debug</c>.</param>
    /// <exception cref="SettingException">It is not of that form.</exception>
    public static LogLevels Parse(string text)
    {
        LogLevel? all = null;
        var categories = new List<KeyValuePair<string, LogLevel>>();
        foreach (var entry in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = entry.Split('=', StringSplitOptions.TrimEntries);
            if (LevelOf(parts[^1]) is not { } level || parts.Length > 2 || parts[0].Length == 0 || (parts.Length == 1 && all is not null))
                throw new SettingException(
                    "--log-level takes a level, and levels of categories such as Microsoft.AspNetCore=Debug, divided by commas, "
                    + $"not '{entry}'. Levels are {string.Join(", ", Enum.GetNames<LogLevel>())}.");
            if (parts.Length == 1)
                all = level;
            else
                categories.Add(new(parts[0], level));
        }
        return new LogLevels(all ?? Usual.Default, categories);
    }

    public void Apply(ILoggingBuilder logging)
    {
        var libraries = Default > OfLibraries ? Default : OfLibraries;
        logging.SetMinimumLevel(Default).AddFilter("Microsoft", libraries).AddFilter("System", libraries);
        // ASP.NET Core says under the name of our handler that a key was missing. The line of the request says it better.
        logging.AddFilter("Roster.Server.Guard.ApiKeyAuthentication", libraries);
        // The command line reports in one sentence what prevents the start.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        foreach (var (category, level) in Categories)
            logging.AddFilter(category, level);
    }

    private static LogLevel? LevelOf(string name)
    {
        foreach (var level in Enum.GetValues<LogLevel>())
            if (string.Equals(level.ToString(), name, StringComparison.OrdinalIgnoreCase))
                return level;
        return null;
    }
}
