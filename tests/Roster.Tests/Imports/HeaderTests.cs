using Roster.Imports;

namespace Roster.Tests.Imports;

/// <summary>The headers of other systems' files, in tests/data/headers, each with the mapping that is expected.</summary>
public sealed class HeaderTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "data", "headers");

    public static TheoryData<string> Headers =>
        new(Directory.EnumerateFiles(Folder, "*.txt").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)!);

    [Theory]
    [MemberData(nameof(Headers))]
    public void A_known_header_is_mapped(string name)
    {
        var known = KnownHeader.Read(Path.Combine(Folder, name + ".txt"));

        var suggestion = MappingSuggestion.For(known.Columns);

        var imported = suggestion.Mapping.Where(one => one.Target is not null).Select(one => $"{one.Target}: {one.Column}");
        Assert.Equal(known.Expected.Order(StringComparer.Ordinal), imported.Order(StringComparer.Ordinal));
        Assert.Equal(known.Columns.Select(column => column.Name), suggestion.Mapping.Select(one => one.Column));
        Assert.Equal(known.IsExact, suggestion.IsExact);
        Assert.Empty(MappingRules.Check(suggestion.Mapping, [.. known.Columns.Select(column => column.Name)]));
        Assert.All(suggestion.Columns, one => Assert.True(one.Mapping.Target is null || one.Reason != MappingReason.None));
    }

    [Fact]
    public void At_least_25_headers_are_known_each_with_its_source()
    {
        var files = Directory.GetFiles(Folder, "*.txt");
        Assert.InRange(files.Length, 25, int.MaxValue);
        Assert.All(files, file => Assert.StartsWith("# ", File.ReadAllText(file), StringComparison.Ordinal));
    }

    /// <summary>
    /// A file of tests/data/headers: comments that name the source, "sample COLUMN: cell" lines, "header: NAME,NAME",
    /// and "TARGET: COLUMN" lines; "exact: all" if nothing is to be asked.
    /// </summary>
    private sealed record KnownHeader(IReadOnlyList<ImportColumn> Columns, IReadOnlyList<string> Expected, bool IsExact)
    {
        private const string Sample = "sample ";
        private const string Header = "header: ";
        private const string Exact = "exact: all";

        public static KnownHeader Read(string file)
        {
            var lines = File.ReadAllLines(file).Where(line => line.Length > 0 && line[0] != '#').ToList();
            var samples = lines.Where(line => line.StartsWith(Sample, StringComparison.Ordinal))
                .Select(line => line[Sample.Length..].Split(": ", 2))
                .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
            var header = lines.Single(line => line.StartsWith(Header, StringComparison.Ordinal))[Header.Length..];
            return new KnownHeader(
                [.. header.Split(header.Contains(';', StringComparison.Ordinal) ? ';' : ',').Select(name => Column(name, samples))],
                [.. lines.Where(line => !line.StartsWith(Sample, StringComparison.Ordinal)
                    && !line.StartsWith(Header, StringComparison.Ordinal) && line != Exact)],
                lines.Contains(Exact));
        }

        private static ImportColumn Column(string name, Dictionary<string, string> samples) =>
            samples.TryGetValue(name, out var sample) ? new(name, [sample], 1) : new(name, []);
    }
}
