using System.Buffers;
using System.Text;
using System.Text.Json;
using Roster.Partners;

namespace Roster.Storage;

/// <summary>
/// What lists are filtered by beside fields: a tag, a key of metadata, or a key with its value, as the search indexes
/// have them.
/// </summary>
/// <param name="Kind">One of the constants.</param>
/// <param name="Text">A tag folded, a key of metadata, or <c>key=value</c>: no key has a <c>=</c>.</param>
internal readonly record struct SearchTerm(int Kind, string Text)
{
    public const int Tag = (int)TermKind.Tag;
    public const int Key = (int)TermKind.MetadataKey;
    public const int KeyAndValue = 2;

    /// <summary>Only counted: one term for each partner, and one each for those with an e-mail address and with a phone.</summary>
    public const int Presence = 3;

    public static readonly SearchTerm Partner = new(Presence, "partner");
    public static readonly SearchTerm Email = new(Presence, "email");
    public static readonly SearchTerm Phone = new(Presence, "phone");

    /// <summary>A partner's terms, each once, the tags first.</summary>
    public static List<SearchTerm> Of(string? tags, string? metadata)
    {
        var terms = new List<SearchTerm>();
        // Most partners have none.
        if (tags is null && metadata is null)
            return terms;
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
    public static (List<SearchTerm> Wanted, List<SearchTerm> Unwanted) Of(PartnerFilter filter)
    {
        var wanted = (filter.Tags ?? []).Select(OfTag).ToList();
        var unwanted = new List<SearchTerm>();
        foreach (var condition in filter.Metadata ?? [])
            if (!condition.IsThere)
                unwanted.Add(new(Key, condition.Key));
            else
                wanted.Add(condition.Value is { } value ? OfValue(condition.Key, value) : new(Key, condition.Key));
        return (wanted, unwanted);
    }

    /// <summary>Terms as a JSON array of texts, each its kind and its text: <c>["0gold","1region","2region=emea"]</c>.</summary>
    public static string ToJson(IEnumerable<SearchTerm> terms)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var term in terms)
                json.WriteStringValue($"{term.Kind}{term.Text}");
            json.WriteEndArray();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Reads what <see cref="ToJson"/> made.</summary>
    public static List<SearchTerm> FromJson(string json)
    {
        var terms = new List<SearchTerm>();
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        while (reader.Read())
            if (reader.TokenType == JsonTokenType.String && reader.GetString() is [var kind, ..] text)
                terms.Add(new(kind - '0', text[1..]));
        return terms;
    }

    private static SearchTerm OfTag(string tag) => new(Tag, TagText.Fold(tag));

    private static SearchTerm OfValue(string key, string value) => new(KeyAndValue, $"{key}={value}");
}
