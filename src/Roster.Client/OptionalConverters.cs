using System.Text.Json;
using System.Text.Json.Serialization;

namespace Roster.Client;

/// <summary>Makes the converters of <see cref="Optional{T}"/>, without generated code at run time.</summary>
internal sealed class OptionalConverterFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) => Find(typeToConvert) is not null;

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        Find(typeToConvert) ?? throw new NotSupportedException($"{typeToConvert} is no member of a partner.");

    private static JsonConverter? Find(Type type) =>
        type == typeof(Optional<string>) ? new OptionalText()
        : type == typeof(Optional<string[]>) ? new OptionalTexts()
        : type == typeof(Optional<Dictionary<string, string?>>) ? new OptionalTextsByKey()
        : null;
}

/// <summary>Null is null, and what is absent is never written.</summary>
internal abstract class OptionalConverter<T> : JsonConverter<Optional<T>>
    where T : class
{
    public sealed override bool HandleNull => true;

    public sealed override Optional<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? new Optional<T>(null) : ReadValue(ref reader);

    public sealed override void Write(Utf8JsonWriter writer, Optional<T> value, JsonSerializerOptions options)
    {
        if (!value.HasValue)
            throw new JsonException(
                "An absent Optional cannot be written: null would clear what is stored. Mark its property with "
                + "[JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)].");
        if (value.Value is { } present)
            WriteValue(writer, present);
        else
            writer.WriteNullValue();
    }

    protected abstract T ReadValue(ref Utf8JsonReader reader);

    protected abstract void WriteValue(Utf8JsonWriter writer, T value);

    protected static string TextOf(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException();
}

internal sealed class OptionalText : OptionalConverter<string>
{
    protected override string ReadValue(ref Utf8JsonReader reader) => TextOf(ref reader);

    protected override void WriteValue(Utf8JsonWriter writer, string value) => writer.WriteStringValue(value);
}

internal sealed class OptionalTexts : OptionalConverter<string[]>
{
    protected override string[] ReadValue(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException();
        var texts = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            texts.Add(TextOf(ref reader));
        return [.. texts];
    }

    protected override void WriteValue(Utf8JsonWriter writer, string[] value)
    {
        writer.WriteStartArray();
        foreach (var text in value)
            writer.WriteStringValue(text);
        writer.WriteEndArray();
    }
}

internal sealed class OptionalTextsByKey : OptionalConverter<Dictionary<string, string?>>
{
    protected override Dictionary<string, string?> ReadValue(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException();
        var texts = new Dictionary<string, string?>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            texts[key] = reader.TokenType == JsonTokenType.Null ? null : TextOf(ref reader);
        }
        return texts;
    }

    protected override void WriteValue(Utf8JsonWriter writer, Dictionary<string, string?> value)
    {
        writer.WriteStartObject();
        foreach (var (key, text) in value)
            writer.WriteString(key, text);
        writer.WriteEndObject();
    }
}
