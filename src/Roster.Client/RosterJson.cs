using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Roster.Client;

/// <summary>The JSON of this library's types, as the API has them, without reflection.</summary>
public static class RosterJson
{
    /// <summary>Read-only; <c>Options.GetTypeInfo(typeof(Partner))</c> works in native code too.</summary>
    public static JsonSerializerOptions Options => RosterJsonContext.Default.Options;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(TimeConverter)],
    GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(PartnerWrite))]
[JsonSerializable(typeof(Partner))]
[JsonSerializable(typeof(List<Partner>))]
[JsonSerializable(typeof(List<Guid>))]
[JsonSerializable(typeof(List<PartnerChange>))]
[JsonSerializable(typeof(List<ChangeSet>))]
[JsonSerializable(typeof(List<HistoryStep>))]
[JsonSerializable(typeof(Receipt))]
[JsonSerializable(typeof(FeedPage))]
[JsonSerializable(typeof(Undone))]
[JsonSerializable(typeof(List<Import>))]
[JsonSerializable(typeof(List<ImportRow>))]
[JsonSerializable(typeof(List<RowEdit>))]
[JsonSerializable(typeof(ImportMapping))]
[JsonSerializable(typeof(List<NamedMapping>))]
[JsonSerializable(typeof(SeenCounts))]
[JsonSerializable(typeof(List<ApiKey>))]
[JsonSerializable(typeof(NewApiKey))]
[JsonSerializable(typeof(ApiKeyInput))]
[JsonSerializable(typeof(Identity))]
[JsonSerializable(typeof(WriteResult))]
[JsonSerializable(typeof(UndoResult))]
[JsonSerializable(typeof(List<RosterFault>))]
internal sealed partial class RosterJsonContext : JsonSerializerContext;

/// <summary>The body of an undo's answer.</summary>
internal sealed record Undone
{
    public long Undoes { get; init; }

    public IReadOnlyList<PartnerChange>? Changes { get; init; }

    public IReadOnlyList<RosterFault>? Kept { get; init; }
}

/// <summary>Times as the API writes them: UTC, to the millisecond.</summary>
internal sealed class TimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
}
