using System.Text.Json;

namespace Roster.Client;

/// <summary>
/// An item as a line of NDJSON for an import, and back. An import's cells are texts: <c>\N</c> clears, and an apostrophe or a
/// backslash in front keeps a text that looks like something else as it is.
/// </summary>
internal static class ImportLine
{
    private const string Metadata = "metadata.";

    /// <summary>Writes an item, and adds the columns that it has.</summary>
    /// <param name="index">Its place in the batch, for messages.</param>
    /// <exception cref="ArgumentException">It has something that an import cannot have.</exception>
    public static void Write(Utf8JsonWriter json, PartnerWrite item, long index, HashSet<string> columns)
    {
        if (item.IfUpdatedAt is not null || item.AddTags is not null || item.RemoveTags is not null || item.Metadata.IsNull)
            throw new ArgumentException(
                $"Item {index} has IfUpdatedAt, AddTags, RemoveTags, or Metadata that is null. More than {RosterClient.MaxItems} items "
                + "are an import, which has none of these; send them in several calls.");
        if (Array.Exists(item.Tags.ValueOrDefault() ?? [], tag => tag.Contains('|', StringComparison.Ordinal)))
            throw new ArgumentException($"Item {index} has a tag with |, which no tag can have: an import would make several of it.");
        var isBlank = true;
        json.WriteStartObject();
        Cell("id", item.Id?.ToString());
        Cell("name", item.Name);
        Field("email", item.Email);
        Field("phone", item.Phone);
        Field("externalId", item.ExternalId);
        if (item.Tags.HasValue)
            // The last divider says that the others in a tag are none.
            Field("tags", item.Tags.Value is { Length: > 0 } tags ? string.Join('|', tags) + '|' : (Optional<string>)null);
        foreach (var (key, value) in item.Metadata.ValueOrDefault() ?? [])
            Field(Metadata + key, value);
        json.WriteEndObject();
        if (isBlank)
            throw new ArgumentException(
                $"Item {index} has no text at all. More than {RosterClient.MaxItems} items are an import, which passes over blank rows.");

        void Field(string column, Optional<string> value)
        {
            if (value.HasValue)
                Write(column, value.IsNull ? @"\N" : Guarded(value.Value!));
        }

        void Cell(string column, string? value)
        {
            if (value is not null)
                Write(column, Guarded(value));
        }

        void Write(string column, string cell)
        {
            columns.Add(column);
            isBlank &= string.IsNullOrWhiteSpace(cell);
            json.WriteString(column, cell);
        }
    }

    /// <summary>Reads a line that <see cref="Write"/> has written.</summary>
    public static PartnerWrite Read(string line)
    {
        var item = new PartnerWrite();
        using var cells = JsonDocument.Parse(line);
        foreach (var cell in cells.RootElement.EnumerateObject())
        {
            var text = cell.Value.GetString()!;
            var value = text == @"\N" ? null : text.StartsWith('\'') || IsMark(text) ? text[1..] : text;
            switch (cell.Name)
            {
                case "id":
                    item.Id = Guid.Parse(text);
                    break;
                case "name":
                    item.Name = value;
                    break;
                case "email":
                    item.Email = value;
                    break;
                case "phone":
                    item.Phone = value;
                    break;
                case "externalId":
                    item.ExternalId = value;
                    break;
                case "tags":
                    item.Tags = value?[..^1].Split('|');
                    break;
                default:
                    if (!item.Metadata.HasValue)
                        item.Metadata = new Dictionary<string, string?>(StringComparer.Ordinal);
                    item.Metadata.Value![cell.Name[Metadata.Length..]] = value;
                    break;
            }
        }
        return item;
    }

    private static string Guarded(string text) => text.StartsWith('\'') ? '\'' + text : IsMark(text) ? '\\' + text : text;

    /// <summary>Whether the text is <c>\N</c>, escaped any number of times.</summary>
    private static bool IsMark(string text) =>
        text.Length >= 2 && text[^1] == 'N' && !text.AsSpan(0, text.Length - 1).ContainsAnyExcept('\\');
}
