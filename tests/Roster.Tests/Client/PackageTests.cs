using System.IO.Compression;
using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using System.Xml.Linq;
using Roster.Client.Extensions;

namespace Roster.Tests.Client;

/// <summary>The NuGet packages, and what of them is public.</summary>
public sealed class PackageTests
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    /// <summary>
    /// What is public may be added to, and changed only with a new major version. After a change, run this test with
    /// ROSTER_PUBLIC_API=renew, and look at what git says.
    /// </summary>
    [Theory]
    [InlineData("Roster.Client")]
    [InlineData("Roster.Client.Extensions")]
    public void What_is_public_is_what_PublicApi_txt_says(string name)
    {
        var file = Path.Combine(Repository.Root, "src", name, "PublicApi.txt");
        var now = PublicApi.Of(AssemblyOf(name));
        if (Environment.GetEnvironmentVariable("ROSTER_PUBLIC_API") == "renew")
            File.WriteAllText(file, now);
        Assert.Equal(File.ReadAllText(file), now);
    }

    [Theory]
    [InlineData("Roster.Client")]
    [InlineData("Roster.Client.Extensions")]
    public async Task A_package_has_both_frameworks_docs_a_readme_and_symbols_and_no_path_of_this_machine(string name)
    {
        using var folder = new TempFolder();
        await Repository.RunAsync(
            $"src/{name}", "dotnet", "pack", "--no-build", "-c", Configuration, "-o", folder.Path, "-v", "q", "--nologo");

        using var package = ZipFile.OpenRead(Directory.GetFiles(folder.Path, $"{name}.*.nupkg").Single());
        var files = package.Entries.Select(entry => entry.FullName).ToList();
        foreach (var framework in (string[])["net8.0", "net10.0"])
        {
            Assert.Contains($"lib/{framework}/{name}.dll", files);
            Assert.Contains($"lib/{framework}/{name}.xml", files);
            Assert.DoesNotContain(
                Repository.Root, Encoding.UTF8.GetString(BytesOf(package, $"lib/{framework}/{name}.dll")), StringComparison.Ordinal);
        }
        Assert.Contains("README.md", files);
        Assert.DoesNotContain(files, file => file.EndsWith(".png", StringComparison.Ordinal));
        var about = XDocument.Load(new MemoryStream(BytesOf(package, $"{name}.nuspec"))).Descendants()
            .Where(element => !element.HasElements).ToLookup(element => element.Name.LocalName, element => element.Value);
        Assert.Equal(
            (name, "Apache-2.0", "README.md"), (about["id"].Single(), about["license"].Single(), about["readme"].Single()));
        string[] needed = name == "Roster.Client" ? []
            : ["Microsoft.Extensions.Diagnostics.HealthChecks", "Microsoft.Extensions.Http", "Roster.Client"];
        Assert.Equal(needed, XDocument.Load(new MemoryStream(BytesOf(package, $"{name}.nuspec"))).Descendants()
            .Where(element => element.Name.LocalName == "dependency").Select(element => element.Attribute("id")!.Value)
            .Distinct().Order(StringComparer.Ordinal));

        using var symbols = ZipFile.OpenRead(Directory.GetFiles(folder.Path, $"{name}.*.snupkg").Single());
        Assert.Equal(
            [$"lib/net10.0/{name}.pdb", $"lib/net8.0/{name}.pdb"],
            symbols.Entries.Select(entry => entry.FullName).Where(file => file.EndsWith(".pdb", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal));
        Assert.DoesNotContain(
            Repository.Root, Encoding.UTF8.GetString(BytesOf(symbols, $"lib/net10.0/{name}.pdb")), StringComparison.Ordinal);

        // The older framework has the same members.
        var older = new AssemblyLoadContext(name, isCollectible: true);
        Assert.Equal(
            PublicApi.Of(AssemblyOf(name)),
            PublicApi.Of(older.LoadFromStream(new MemoryStream(BytesOf(package, $"lib/net8.0/{name}.dll")))));
        older.Unload();
    }

    private static Assembly AssemblyOf(string name) =>
        (name == "Roster.Client" ? typeof(Roster.Client.RosterClient) : typeof(RosterClientServices)).Assembly;

    private static byte[] BytesOf(ZipArchive package, string name)
    {
        using var bytes = new MemoryStream();
        using var entry = package.GetEntry(name)!.Open();
        entry.CopyTo(bytes);
        return bytes.ToArray();
    }
}
