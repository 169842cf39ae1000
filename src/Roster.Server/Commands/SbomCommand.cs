using System.CommandLine;
using System.Reflection;
using System.Text.Json;

namespace Roster.Server.Commands;

/// <summary>sbom: the packages in this build, with .NET's own if it contains them, as CycloneDX 1.5.</summary>
internal static class SbomCommand
{
    private const string Pack = "runtimepack";

    public static Command Create()
    {
        var sbom = new Command("sbom", "Print the software bill of materials of this build: CycloneDX 1.5, JSON.");
        sbom.SetAction(_ =>
        {
            using var output = Console.OpenStandardOutput();
            Write(output);
            return 0;
        });
        return sbom;
    }

    private static void Write(Stream output)
    {
        var assembly = typeof(SbomCommand).Assembly;
        using var dependencies = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Roster.Server.deps.json")));
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true, NewLine = "\n" });
        json.WriteStartObject();
        json.WriteString("bomFormat", "CycloneDX");
        json.WriteString("specVersion", "1.5");
        json.WriteNumber("version", 1);
        json.WriteStartObject("metadata");
        WriteComponent(json, "component", "application", "Roster.Server",
            assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion, null);
        json.WriteEndObject();
        json.WriteStartArray("components");
        foreach (var library in dependencies.RootElement.GetProperty("libraries").EnumerateObject())
        {
            // A published build contains .NET itself, as runtime packs.
            if (library.Value.GetProperty("type").GetString() is not ("package" or Pack))
                continue;
            var name = library.Name.Replace(Pack + ".", "", StringComparison.Ordinal).Split('/');
            WriteComponent(json, null, "library", name[0], name[1], library.Value.GetProperty("sha512").GetString());
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <param name="hash">In NuGet's form: <c>sha512-</c> and base 64.</param>
    private static void WriteComponent(Utf8JsonWriter json, string? member, string type, string name, string version, string? hash)
    {
        const string HashStart = "sha512-";
        if (member is null)
            json.WriteStartObject();
        else
            json.WriteStartObject(member);
        json.WriteString("type", type);
        json.WriteString("name", name);
        json.WriteString("version", version);
        if (type == "library")
            json.WriteString("purl", $"pkg:nuget/{name}@{version}");
        if (hash?.StartsWith(HashStart, StringComparison.Ordinal) == true)
        {
            json.WriteStartArray("hashes");
            json.WriteStartObject();
            json.WriteString("alg", "SHA-512");
            json.WriteString("content", Convert.ToHexStringLower(Convert.FromBase64String(hash[HashStart.Length..])));
            json.WriteEndObject();
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }
}
