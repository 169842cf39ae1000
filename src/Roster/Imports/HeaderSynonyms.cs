using System.Collections.Frozen;

namespace Roster.Imports;

/// <summary>The names that columns have in other systems, from <c>synonyms.txt</c>.</summary>
internal static class HeaderSynonyms
{
    /// <summary>The company's name: becomes the name if nothing else is.</summary>
    public const string Company = "company";

    /// <summary>Never imported, whatever its cells are.</summary>
    public const string Nothing = "none";

    private const string Beside = " beside ";

    static HeaderSynonyms()
    {
        var names = new Dictionary<string, HeaderSynonym>(StringComparer.Ordinal);
        var conditional = new List<ConditionalSynonym>();
        using var text = new StreamReader(typeof(HeaderSynonyms).Assembly.GetManifestResourceStream("synonyms.txt")!);
        while (text.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            // A name may have a colon in it; a target and the name beside it have none.
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var head = line[..colon].Split(Beside);
            foreach (var name in line[(colon + 1)..].Split(';', StringSplitOptions.TrimEntries).Select(HeaderText.Fold))
            {
                if (head is [var target, var other])
                    conditional.Add(new ConditionalSynonym(name, target, HeaderText.Fold(other)));
                else
                    names.Add(name, new HeaderSynonym(line[..colon], names.Count));
            }
        }
        (ByName, Conditional) = (names.ToFrozenDictionary(StringComparer.Ordinal), conditional);
    }

    /// <summary>By folded name.</summary>
    public static FrozenDictionary<string, HeaderSynonym> ByName { get; }

    public static IReadOnlyList<ConditionalSynonym> Conditional { get; }
}

/// <summary>Where a column of this name goes.</summary>
/// <param name="Target">
/// As <see cref="ColumnMapping.Target"/>, or <see cref="HeaderSynonyms.Company"/>, or <see cref="HeaderSynonyms.Nothing"/>.
/// </param>
/// <param name="Rank">Of two columns with one target, that with the lower rank wins.</param>
internal readonly record struct HeaderSynonym(string Target, int Rank);

/// <summary>Where a column of this folded name goes if the file also has the other one.</summary>
internal sealed record ConditionalSynonym(string Name, string Target, string Other);
