namespace Roster.Storage;

/// <summary>SQL files in the assembly's resources.</summary>
internal static class SqlText
{
    /// <summary>The names of the files in a folder, sorted.</summary>
    public static IReadOnlyList<string> Names(string folder) =>
        [.. typeof(SqlText).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(folder, StringComparison.Ordinal))
            .Select(name => name[folder.Length..])
            .Order(StringComparer.Ordinal)];

    public static string Read(string name)
    {
        using var stream = typeof(SqlText).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>The statements of a file. It must not contain other semicolons than those between statements.</summary>
    public static IEnumerable<string> Statements(string name) =>
        Read(name).Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
