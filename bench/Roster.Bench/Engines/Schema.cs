using Roster.Storage;

namespace Roster.Bench.Engines;

/// <summary>The server's schema: the engine alone works on the same partner table and indexes.</summary>
internal static class Schema
{
    /// <summary>The SQL of each migration, oldest first.</summary>
    /// <param name="engine">As in the names of the resources.</param>
    public static IEnumerable<string> Migrations(string engine)
    {
        var storage = typeof(Store).Assembly;
        foreach (var name in storage.GetManifestResourceNames().Order(StringComparer.Ordinal))
        {
            if (!name.StartsWith($"{engine}/migrations/", StringComparison.Ordinal))
                continue;
            using var reader = new StreamReader(storage.GetManifestResourceStream(name)!);
            yield return reader.ReadToEnd();
        }
    }
}
