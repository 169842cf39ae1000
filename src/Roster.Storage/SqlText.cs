namespace Roster.Storage;

/// <summary>SQL that is too long for the code, from the assembly's resources.</summary>
internal static class SqlText
{
    /// <summary>The files in a folder, by name.</summary>
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

    /// <summary>The statements of a file, in which semicolons stand nowhere else.</summary>
    public static IEnumerable<string> Statements(string name) =>
        Read(name).Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
