using System.Globalization;
using System.Security.Cryptography;
using Roster.Fuzz;

namespace Roster.Tests.Fuzz;

/// <summary>
/// Bytes of strangers are accepted, and then read back as the same, or refused in the documented way: nothing else happens.
/// Here with the inputs that are kept, the files of tests/data, and random changes of both, the same ones in each run.
/// ROSTER_TEST_FUZZ sets how many changes each target gets. tests/fuzz.sh lets afl-fuzz look for more.
/// </summary>
public sealed class FuzzTests
{
    private const int Seed = 20_261_128;

    /// <summary>A larger input takes too long for the suite.</summary>
    private const int MaxLength = 32 << 10;

    /// <summary>Only an endless loop takes so long; then the test says with which input.</summary>
    private static readonly TimeSpan Endless = TimeSpan.FromMinutes(2);

    private static readonly int Changes =
        int.Parse(Environment.GetEnvironmentVariable("ROSTER_TEST_FUZZ") ?? "300", CultureInfo.InvariantCulture);

    public static TheoryData<string> Names => [.. FuzzTarget.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Whatever_bytes_come_they_are_read_back_as_the_same_or_refused(string name)
    {
        var target = FuzzTarget.All.Single(one => one.Name == name);
        var seeds = Seeds(name);
        byte[] running = [];
        var run = Task.Run(() =>
        {
            foreach (var input in seeds)
                Check(target, running = input);
            var mutator = new Mutator(seeds, Seed);
            for (var i = 0; i < Changes; i++)
                Check(target, running = mutator.Next());
        });
        if (await Task.WhenAny(run, Task.Delay(Endless * Math.Max(1, Changes / 1_000))) != run)
            Assert.Fail($"{name} does not end: {Keep(target, running)}");
        await run;
        Assert.True(target.Accepted > 0, "No input was accepted.");
    }

    [Fact]
    public void Each_target_has_inputs_of_its_own() => Assert.Equal(
        FuzzTarget.All.Select(target => target.Name).Order(),
        Directory.GetDirectories(Corpus).Select(Path.GetFileName).Order());

    private static string Corpus => Path.Combine(Repository.Root, "tests", "Roster.Fuzz", "corpus");

    /// <summary>The inputs that are kept for a target, and for those that read files, all of tests/data.</summary>
    private static List<byte[]> Seeds(string name)
    {
        var files = Directory.GetFiles(Path.Combine(Corpus, name)).AsEnumerable();
        if (name is "file" or "csv" or "json")
            files = files.Concat(Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "data"), "*", SearchOption.AllDirectories));
        return [.. files.Order(StringComparer.Ordinal).Select(file => File.ReadAllBytes(file)).Where(bytes => bytes.Length <= MaxLength)];
    }

    private static void Check(FuzzTarget target, byte[] input)
    {
        try
        {
            target.Check(input);
        }
        catch (Exception fault)
        {
            throw new FuzzException($"{target.Name} fails with {Keep(target, input)}\n{fault}");
        }
    }

    /// <summary>Keeps an input, for corpus/ when its fault is mended.</summary>
    private static string Keep(FuzzTarget target, byte[] input)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "fuzz", "found"));
        var file = Path.Combine(folder.FullName, $"{target.Name}-{Convert.ToHexStringLower(SHA256.HashData(input))[..12]}");
        File.WriteAllBytes(file, input);
        return file;
    }
}
