using Roster.Partners;

namespace Roster.Storage.Sqlite.Search;

/// <summary>What partners have, or must have, in the table <c>term</c>.</summary>
/// <param name="Kind">One of the constants.</param>
/// <param name="Text">A tag folded, a key of metadata, or <c>key=value</c>: no key has a <c>=</c>.</param>
internal readonly record struct SqliteSearchTerm(int Kind, string Text)
{
    public const int Tag = (int)TermKind.Tag;
    public const int Key = (int)TermKind.MetadataKey;
    public const int KeyAndValue = 2;

    /// <summary>A partner's terms, each once.</summary>
    public static List<SqliteSearchTerm> Of(string? tags, string? metadata)
    {
        var terms = new List<SqliteSearchTerm>();
        foreach (var tag in TagText.Split(tags))
            terms.Add(OfTag(tag));
        foreach (var (key, value) in MetadataText.Read(metadata))
        {
            terms.Add(new(Key, key));
            terms.Add(OfValue(key, value));
        }
        return terms;
    }

    /// <summary>What a filter asks for: terms that a partner must have, and such that it must not have.</summary>
    public static (List<SqliteSearchTerm> Wanted, List<SqliteSearchTerm> Unwanted) Of(PartnerFilter filter)
    {
        var wanted = (filter.Tags ?? []).Select(OfTag).ToList();
        var unwanted = new List<SqliteSearchTerm>();
        foreach (var condition in filter.Metadata ?? [])
            if (!condition.IsThere)
                unwanted.Add(new(Key, condition.Key));
            else
                wanted.Add(condition.Value is { } value ? OfValue(condition.Key, value) : new(Key, condition.Key));
        return (wanted, unwanted);
    }

    /// <summary>The texts of those of one kind.</summary>
    public static IEnumerable<string> Texts(List<SqliteSearchTerm> terms, int kind) =>
        terms.Where(term => term.Kind == kind).Select(term => term.Text);

    private static SqliteSearchTerm OfTag(string tag) => new(Tag, TagText.Fold(tag));

    private static SqliteSearchTerm OfValue(string key, string value) => new(KeyAndValue, $"{key}={value}");
}
