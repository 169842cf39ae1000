using System.Text.Json;
using System.Text.Json.Serialization;

namespace Roster.Client;

/// <summary>A write that changed something: one revision of the workspace.</summary>
public sealed record ChangeSet
{
    public long Revision { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>
    /// <c>upsert</c>, <c>mirror</c>, <c>create</c>, <c>delete</c>, <c>restore</c>, <c>undo</c>, <c>erase</c>, <c>import</c> or
    /// <c>recover</c> (the directory was restored from a backup).
    /// </summary>
    public string Kind { get; init; } = "";

    public Guid KeyId { get; init; }

    /// <summary>The key that made it, with its name now; null for an operator's command.</summary>
    public Actor? Actor { get; init; }

    public Guid RequestId { get; init; }

    public int Created { get; init; }

    public int Updated { get; init; }

    public int Unchanged { get; init; }

    public int Deleted { get; init; }

    public int Restored { get; init; }

    /// <summary>The revision that this one undoes.</summary>
    public long? Undoes { get; init; }

    /// <summary>The newest revision that undoes this one.</summary>
    public long? UndoneBy { get; init; }

    /// <summary>The import that it is a part of.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImportPart? Import { get; init; }
}

/// <summary>A key that did something, with its name now.</summary>
public sealed record Actor
{
    public Guid Id { get; init; }

    public string Name { get; init; } = "";

    /// <summary><c>key</c> for a program's, <c>person</c> for a person's.</summary>
    public string Kind { get; init; } = "";
}

/// <summary>Which part of which import a change set is.</summary>
public sealed record ImportPart
{
    public Guid Id { get; init; }

    /// <summary>From 1.</summary>
    public int Part { get; init; }

    public int Parts { get; init; }
}

/// <summary>What a write does, or did, to one partner.</summary>
public sealed record PartnerChange
{
    /// <summary>The item's place in the batch, from 0; null if there is no item.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Index { get; init; }

    /// <summary>Null only for what a dry run would create.</summary>
    public Guid? Id { get; init; }

    /// <summary><c>created</c>, <c>updated</c>, <c>unchanged</c>, <c>deleted</c>, <c>restored</c> or <c>erased</c>.</summary>
    public string Change { get; init; } = "";

    /// <summary>
    /// The fields that differ, by name: <c>name</c>, <c>email</c>, <c>phone</c>, <c>externalId</c>, <c>tags</c>,
    /// <c>deletedAt</c>, and each key of metadata as <c>metadata.region</c>.
    /// </summary>
    public IReadOnlyDictionary<string, FieldChange> Fields { get => field ?? FieldChange.None; init; }

    /// <summary>Whether the values are not kept any more, or the partner was erased.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Gone { get; init; }
}

/// <summary>A step of a partner's history.</summary>
public sealed record HistoryStep
{
    public long Revision { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>As <see cref="ChangeSet.Kind"/>.</summary>
    public string Kind { get; init; } = "";

    public Guid KeyId { get; init; }

    public Actor? Actor { get; init; }

    public Guid RequestId { get; init; }

    /// <summary><c>created</c>, <c>updated</c>, <c>deleted</c> or <c>restored</c>.</summary>
    public string Change { get; init; } = "";

    /// <summary>As <see cref="PartnerChange.Fields"/>.</summary>
    public IReadOnlyDictionary<string, FieldChange> Fields { get => field ?? FieldChange.None; init; }

    /// <summary>Whether the values are not kept any more.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Gone { get; init; }
}

/// <summary>A field's value before and after. Null is no value. Tags are joined by <c>|</c>.</summary>
/// <param name="IsList">Whether it is a list in JSON: tags.</param>
[JsonConverter(typeof(FieldChangeConverter))]
public sealed record FieldChange(string? Old, string? New, bool IsList = false)
{
    internal static readonly Dictionary<string, FieldChange> None = [];
}

/// <summary>Reads and writes <c>{"old": …, "new": …}</c>, whose values are texts, or arrays of texts for tags.</summary>
internal sealed class FieldChangeConverter : JsonConverter<FieldChange>
{
    public override FieldChange Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var (old, now, isList) = (default(string), default(string), false);
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString();
            reader.Read();
            isList |= reader.TokenType == JsonTokenType.StartArray;
            var value = ReadValue(ref reader);
            (old, now) = name switch { "old" => (value, now), "new" => (old, value), _ => (old, now) };
        }
        return new FieldChange(old, now, isList);
    }

    public override void Write(Utf8JsonWriter writer, FieldChange value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (name, text) in ((string, string?)[])[("old", value.Old), ("new", value.New)])
            if (!value.IsList)
                writer.WriteString(name, text);
            else
            {
                writer.WriteStartArray(name);
                foreach (var one in text?.Split('|', StringSplitOptions.RemoveEmptyEntries) ?? [])
                    writer.WriteStringValue(one);
                writer.WriteEndArray();
            }
        writer.WriteEndObject();
    }

    private static string? ReadValue(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is JsonTokenType.Null or JsonTokenType.String)
            return reader.GetString();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return null;
        }
        var texts = new List<string>();
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
            texts.Add(reader.GetString()!);
        return string.Join('|', texts);
    }
}

/// <summary>Which change sets to list.</summary>
public sealed record ChangeSetQuery
{
    /// <summary>Only those of this key.</summary>
    public Guid? Actor { get; init; }

    /// <summary>Only those made then or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Only those of this kind: see <see cref="ChangeSet.Kind"/>.</summary>
    public string? Kind { get; init; }

    /// <summary>Change sets on a page, 1 to 1,000.</summary>
    public int Take { get; init; } = 50;

    internal string ToQuery(string? cursor) => new QueryText()
        .Add("actor", Actor?.ToString()).Add("since", QueryText.Time(Since)).Add("kind", Kind).Add("take", Take).Add("cursor", cursor)
        .ToString();
}

/// <summary>What an undo did, or would do.</summary>
public sealed record UndoResult
{
    /// <summary>The revision that it made; for a dry run, the newest one.</summary>
    public long Revision { get; init; }

    /// <summary>The revision that it undoes.</summary>
    public long Undoes { get; init; }

    public int Created { get; init; }

    public int Updated { get; init; }

    public int Unchanged { get; init; }

    public int Deleted { get; init; }

    public int Restored { get; init; }

    public IReadOnlyList<PartnerChange> Changes { get; init; } = [];

    /// <summary>With <see cref="UndoOptions.SkipConflicts"/>: the partners that stay as they are, and why.</summary>
    public IReadOnlyList<RosterFault> Kept { get; init; } = [];
}

/// <summary>How to undo.</summary>
public sealed record UndoOptions
{
    /// <summary>Answers with what would happen, and changes nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Leaves partners that were changed since as they are. Otherwise nothing is undone if there is one.</summary>
    public bool SkipConflicts { get; init; }

    /// <summary>Only if the workspace is at this revision; otherwise <c>revision_changed</c>.</summary>
    public long? IfRevision { get; init; }

    /// <summary>1 to 255 printable characters of ASCII; null: a new one. The same call with the same key is carried out once.</summary>
    public string? IdempotencyKey { get; init; }
}

/// <summary>What became of the write with an idempotency key.</summary>
public sealed record Receipt
{
    /// <summary><see cref="State"/> of a write that was carried out.</summary>
    public const string Committed = "committed";

    /// <summary><see cref="State"/> of a write that is being carried out.</summary>
    public const string Running = "running";

    /// <summary><see cref="State"/> if no write with the key was carried out, or its answer is not kept any more (24 hours).</summary>
    public const string Unseen = "unseen";

    public string State { get; init; } = "";

    /// <summary>The revision in its answer; only if it was carried out, as the members below.</summary>
    public long? Revision { get; init; }

    public DateTimeOffset? At { get; init; }

    public Guid? KeyId { get; init; }

    public Actor? Actor { get; init; }

    public Guid? RequestId { get; init; }
}

/// <summary>Partners that were changed after a place in the log, each as it is now.</summary>
public sealed record FeedPage
{
    /// <summary>In the order of the log. Those that were deleted or erased have <see cref="Partner.DeletedAt"/>.</summary>
    public IReadOnlyList<Partner> Partners { get; init; } = [];

    /// <summary>The place after this page. Store it together with what you make of the partners, and go on from there.</summary>
    public string Next { get; init; } = "";

    /// <summary>Whether more can be read now.</summary>
    public bool More { get; init; }
}
