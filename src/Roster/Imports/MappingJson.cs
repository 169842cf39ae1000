using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Roster.Imports;

/// <summary>
/// A mapping as JSON:
/// <c>{"columns":[{"column":"E-mail 1 - Value","target":"email","empty":"keep","trim":true}]}</c>. Without <c>target</c>,
/// or with null, a column is not imported, and neither is one that the mapping leaves out; <c>empty</c> is <c>keep</c> or
/// <c>clear</c>.
/// </summary>
public static class MappingJson
{
    /// <summary>Most bytes of a mapping.</summary>
    public const int MaxBytes = 64 << 10;

    private const string Keep = "keep";
    private const string Clear = "clear";

    /// <summary>Names in any script stay readable; the JSON is never put into HTML.</summary>
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Deeper JSON than a mapping has is refused unread.</summary>
    private static readonly JsonReaderOptions Shallow = new() { MaxDepth = 8 };

    public static byte[] Write(IReadOnlyList<ColumnMapping> mapping)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Readable))
            Write(json, mapping);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Writes the mapping as one JSON object.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<ColumnMapping> mapping)
    {
        json.WriteStartObject();
        json.WriteStartArray("columns"u8);
        foreach (var (column, target, clears, trims) in mapping)
        {
            json.WriteStartObject();
            json.WriteString("column"u8, column);
            json.WriteString("target"u8, target);
            json.WriteString("empty"u8, clears ? Clear : Keep);
            json.WriteBoolean("trim"u8, trims);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Reads a mapping and checks it by <see cref="MappingRules"/>.</summary>
    /// <param name="columns">The file's columns; null if the mapping is for no certain file.</param>
    public static MappingReading Read(ReadOnlySpan<byte> utf8, IReadOnlyList<string>? columns = null)
    {
        if (utf8.StartsWith("\uFEFF"u8))
            utf8 = utf8["\uFEFF"u8.Length..];
        return utf8.Length > MaxBytes ? new([], [new("", $"The mapping is larger than {MaxBytes} bytes.")]) : ReadStored(utf8, columns);
    }

    /// <summary>Reads a mapping that was stored, which may be longer than what was sent.</summary>
    /// <inheritdoc cref="Read"/>
    public static MappingReading ReadStored(ReadOnlySpan<byte> utf8, IReadOnlyList<string>? columns = null)
    {
        var faults = new List<MappingFault>();
        List<ColumnMapping> mapping = [];
        try
        {
            var json = new Utf8JsonReader(utf8, Shallow);
            json.Read();
            ReadMapping(ref json, mapping, faults);
            // Throws if something follows.
            json.Read();
        }
        catch (JsonException error)
        {
            return new([], [new("", $"The mapping is not JSON at line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}.")]);
        }
        if (faults.Count == 0)
            faults.AddRange(MappingRules.Check(mapping, columns));
        return new(faults.Count == 0 ? mapping : [], faults);
    }

    private static void ReadMapping(ref Utf8JsonReader json, List<ColumnMapping> mapping, List<MappingFault> faults)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            faults.Add(new("", "The mapping must be an object with the member columns."));
            json.Skip();
            return;
        }
        var isGiven = false;
        while (json.Read() && json.TokenType != JsonTokenType.EndObject)
        {
            var name = Text(ref json);
            json.Read();
            if (name != "columns")
                Reject(ref json, faults, Named(name), "There is no such member; the only one is columns.");
            else if (isGiven)
                Reject(ref json, faults, "columns", "columns is given twice; give it once.");
            else
                ReadColumns(ref json, mapping, faults);
            isGiven |= name == "columns";
        }
        if (!isGiven)
            faults.Add(new("columns", "columns is missing: an array with an object for each column."));
    }

    private static void ReadColumns(ref Utf8JsonReader json, List<ColumnMapping> mapping, List<MappingFault> faults)
    {
        if (json.TokenType != JsonTokenType.StartArray)
        {
            Reject(ref json, faults, "columns", "columns must be an array with an object for each column.");
            return;
        }
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (mapping.Count == MappingRules.MaxColumns)
            {
                faults.Add(new("columns", $"The mapping has more than {MappingRules.MaxColumns} columns."));
                while (json.TokenType != JsonTokenType.EndArray)
                {
                    json.Skip();
                    json.Read();
                }
                return;
            }
            var place = $"columns[{mapping.Count}]";
            if (json.TokenType == JsonTokenType.StartObject)
                mapping.Add(ReadColumn(ref json, place, faults));
            else
            {
                Reject(ref json, faults, place, "A column must be an object, such as {\"column\":\"E-mail\",\"target\":\"email\"}.");
                mapping.Add(new ColumnMapping("", null));
            }
        }
    }

    private static ColumnMapping ReadColumn(ref Utf8JsonReader json, string place, List<MappingFault> faults)
    {
        var mapping = new ColumnMapping("", null);
        var given = new HashSet<string>(StringComparer.Ordinal);
        while (json.Read() && json.TokenType != JsonTokenType.EndObject)
        {
            var name = Text(ref json);
            var member = $"{place}.{Named(name)}";
            json.Read();
            if (name is not ("column" or "target" or "empty" or "trim"))
                Reject(ref json, faults, member, "There is no such member; a column has column, target, empty and trim.");
            else if (!given.Add(name))
                Reject(ref json, faults, member, $"{name} is given twice; give it once.");
            else if (name == "trim" && json.TokenType is JsonTokenType.True or JsonTokenType.False)
                mapping = mapping with { Trims = json.TokenType == JsonTokenType.True };
            else if (name == "trim")
                Reject(ref json, faults, member, "trim must be true or false.");
            else if (name == "target" && json.TokenType == JsonTokenType.Null)
                mapping = mapping with { Target = null };
            else if (json.TokenType != JsonTokenType.String || Text(ref json) is not { } text)
                Reject(ref json, faults, member, $"{name} must be a string{(name == "target" ? " or null" : "")}.");
            else if (name == "column")
                mapping = mapping with { Column = text };
            else if (name == "target")
                mapping = mapping with { Target = text };
            else if (text is Keep or Clear)
                mapping = mapping with { Clears = text == Clear };
            else
                Reject(ref json, faults, member, "empty must be keep or clear: what an empty cell does to the field.");
        }
        if (!given.Contains("column"))
            faults.Add(new($"{place}.column", "column is missing: the name of a column of the file."));
        return mapping;
    }

    private static void Reject(ref Utf8JsonReader json, List<MappingFault> faults, string member, string message)
    {
        if (faults.Count < MappingRules.MaxFaults)
            faults.Add(new(member, message));
        json.Skip();
    }

    /// <summary>The name or text at the reader; null if it has a lone surrogate or invalid UTF-8.</summary>
    private static string? Text(ref Utf8JsonReader json)
    {
        try
        {
            return json.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string Named(string? name) => name is null ? "?" : Batches.BatchBuilder.ShownName(name);
}
