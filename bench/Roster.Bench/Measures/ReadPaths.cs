using Roster.Bench.People;
using Roster.Bench.Servers;
using Roster.Partners;

namespace Roster.Bench.Measures;

/// <summary>Paths of read requests for existing partners, always the same for the same directory.</summary>
internal sealed class ReadPaths(Contest contest)
{
    public const string Partners = "/api/partners";
    public const int PageSize = 50;

    private const int Stride = PartnerRules.MaxItems;

    private static readonly double[] Depths = [0, 0.25, 0.5, 0.75, 0.99];

    private readonly Random _random = new(1);

    public string LookupByEmail() => $"{Partners}?email={Escape(Someone().Email)}";

    public string LookupByPhone() => $"{Partners}?phone={Escape(Someone().Phone)}";

    /// <summary>A part of a partner's name, of that many characters.</summary>
    public string Search(int min, int max)
    {
        var name = Someone().Name;
        var length = Math.Min(_random.Next(min, max + 1), name.Length);
        var part = name.Substring(_random.Next(name.Length - length + 1), length).Trim();
        return $"{Partners}?q={Escape(part.Length > 1 ? part : "an")}";
    }

    public string SearchWhole() => $"{Partners}?q={Escape(Someone().Name)}";

    public string SearchInVain() => $"{Partners}?q=zqxjkv{_random.Next(1_000)}";

    /// <summary>Pages at each depth, found once by following the links.</summary>
    public async Task<IReadOnlyList<(double Depth, string Path)>> PagesAsync(ApiClient client, CancellationToken cancel)
    {
        var pages = new List<(double, string)>();
        var path = $"{Partners}?take={Stride}";
        for (var passed = 0; path is not null; passed += Stride)
        {
            foreach (var depth in Depths)
                if (passed <= depth * contest.Partners && depth * contest.Partners < passed + Stride)
                    pages.Add((depth, path.Replace($"take={Stride}", $"take={PageSize}", StringComparison.Ordinal)));
            path = (await client.GetAsync(path, null, cancel)).Next;
        }
        return pages;
    }

    private static string Escape(string text) => Uri.EscapeDataString(text);

    private Person Someone() => contest.Someone(_random);
}
