using Roster.Storage;

namespace Roster.Bench;

/// <summary>The server's own schema, so that the engine alone works on the same partner table and indexes.</summary>
internal static class Schema
{
    private const string Resources = "sqlite/migrations/";

    /// <summary>The SQL of each migration, oldest first.</summary>
    public static IEnumerable<string> Migrations()
    {
        var storage = typeof(Store).Assembly;
        foreach (var name in storage.GetManifestResourceNames().Order(StringComparer.Ordinal))
        {
            if (!name.StartsWith(Resources, StringComparison.Ordinal))
                continue;
            using var reader = new StreamReader(storage.GetManifestResourceStream(name)!);
            yield return reader.ReadToEnd();
        }
    }
}
