namespace Roster.Tests.Pages;

/// <summary>
/// The themes in which pages are looked at, each with a width of the screen. The suite has a short form, in which a test sees one of
/// them; ROSTER_TEST_LOOKS=all is all of them, with pictures, as in CI.
/// </summary>
internal static class Looks
{
    /// <summary>A theme and a width.</summary>
    private static readonly (string Theme, int Width)[] Each = [("light", 1_440), ("dark", 320)];

    public static bool IsAll { get; } = Environment.GetEnvironmentVariable("ROSTER_TEST_LOOKS") == "all";

    /// <param name="theme">The one in the short form.</param>
    public static TheoryData<string, int> Of(string theme) => new(Each.Where(one => IsAll || one.Theme == theme));
}
