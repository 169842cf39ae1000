using System.Text.Json;
using System.Text.Json.Serialization;

namespace Roster.Cli.Connections;

/// <summary>A server and a key under a name. <c>roster login</c> writes it; in a file that people change, either may be missing.</summary>
internal sealed record Profile(string? Url, string? Key);

/// <summary>All profiles: <c>~/.config/roster/profiles.json</c>, readable by its owner only.</summary>
internal sealed class Profiles
{
    public const string Default = "default";

    public static string FilePath => Path.Combine(Folders.Settings, "profiles.json");

    private readonly Dictionary<string, Profile> _all;

    private Profiles(Dictionary<string, Profile> all) => _all = all;

    public IEnumerable<string> Names => _all.Keys.Order(StringComparer.Ordinal);

    /// <exception cref="CommandException">The file is not one of profiles.</exception>
    public static Profiles Read()
    {
        try
        {
            return new(JsonSerializer.Deserialize(File.ReadAllBytes(FilePath), ProfilesJson.Default.DictionaryStringProfile) ?? []);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return new([]);
        }
        catch (JsonException broken)
        {
            throw CommandException.Failed($"{FilePath} cannot be read: {broken.Message} Mend it, or delete it and log in again.");
        }
    }

    public Profile? Find(string name) => _all.GetValueOrDefault(name);

    public void Write(string name, Profile profile)
    {
        _all[name] = profile;
        Folders.WritePrivate(FilePath, JsonSerializer.SerializeToUtf8Bytes(_all, ProfilesJson.Default.DictionaryStringProfile));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(Dictionary<string, Profile>))]
internal sealed partial class ProfilesJson : JsonSerializerContext;
