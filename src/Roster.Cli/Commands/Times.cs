namespace Roster.Cli.Commands;

/// <summary>Times as results have them: UTC, ISO 8601, to the second.</summary>
internal static class Times
{
    public static string Of(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
}
