using System.Text.Json;

namespace Roster.Client;

/// <summary>How an import's file is read, what its columns mean, and how its rows find partners. A null member stays as it is.</summary>
public sealed record ImportSettings
{
    /// <summary>
    /// <c>utf-8</c>, <c>utf-16le</c>, <c>utf-16be</c>, <c>windows-1252</c>, <c>windows-1250</c>, <c>windows-1251</c>,
    /// <c>windows-1254</c>, <c>windows-1256</c>, <c>shift_jis</c> or <c>gb18030</c>.
    /// </summary>
    public string? Encoding { get; init; }

    /// <summary><c>comma</c>, <c>semicolon</c>, <c>tab</c> or <c>pipe</c>.</summary>
    public string? Delimiter { get; init; }

    /// <summary>The line with the names of the columns, from 1; 0 if there is none.</summary>
    public int? HeaderRow { get; init; }

    /// <summary>The name of a sheet.</summary>
    public string? Sheet { get; init; }

    /// <summary>Replaces the whole mapping. Columns that it leaves out are not imported.</summary>
    public ImportMapping? Mapping { get; init; }

    /// <summary>Uses this stored mapping; <c>suggested</c> forgets what is remembered for the header and suggests anew.</summary>
    public string? MappingName { get; init; }

    /// <summary>How rows without an id find their partner; <see cref="ImportMatch.Nothing"/> for not at all.</summary>
    public ImportMatch? MatchOn { get; init; }

    /// <summary><c>upsert</c>, <c>update</c>, <c>create</c> or <c>mirror</c>.</summary>
    public string? Mode { get; init; }

    /// <summary>Most partners that a mirror deletes: <c>100</c>, or <c>10%</c> of the live ones; never more than 10,000.</summary>
    public string? MaxDeletes { get; init; }

    /// <summary>Whether a row without id and key creates a partner each time; otherwise it is a fault.</summary>
    public bool? CreateWithoutKey { get; init; }

    internal byte[] ToJson()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            foreach (var (name, text) in ((string, string?)[])[("encoding", Encoding), ("delimiter", Delimiter), ("sheet", Sheet),
                ("mapping", MappingName), ("mode", Mode), ("maxDeletes", MaxDeletes),
                ("withoutKey", CreateWithoutKey switch { null => null, true => "create", false => "refuse" })])
                if (text is not null)
                    json.WriteString(name, text);
            if (HeaderRow == 0)
                json.WriteNull("headerRow");
            else if (HeaderRow is { } row)
                json.WriteNumber("headerRow", row);
            if (Mapping is not null)
            {
                json.WritePropertyName("mapping");
                JsonSerializer.Serialize(json, Mapping, RosterJsonContext.Default.ImportMapping);
            }
            if (MatchOn is { } match)
                json.WriteString(
                    "matchOn", match switch { ImportMatch.ExternalId => "externalId", ImportMatch.Email => "email", _ => null });
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }
}

/// <summary>How rows without an id find their partner.</summary>
public enum ImportMatch
{
    /// <summary>Not at all: each creates a partner.</summary>
    Nothing,
    ExternalId,
    Email,
}

/// <summary>What becomes of each column of a file.</summary>
public sealed record ImportMapping(IReadOnlyList<MappedColumn> Columns);

/// <summary>A mapping that is stored under a name.</summary>
/// <param name="UpdatedAt">When it was stored last.</param>
public sealed record NamedMapping(string Name, DateTimeOffset UpdatedAt);

/// <summary>What becomes of a column.</summary>
/// <param name="Column">Its name in the file.</param>
/// <param name="Target">As <see cref="ImportColumn.Target"/>; null: not imported.</param>
/// <param name="Empty">What an empty cell does: <c>keep</c> or <c>clear</c>.</param>
/// <param name="Trim">Whether white space around values is taken off.</param>
public sealed record MappedColumn(string Column, string? Target, string Empty = "keep", bool Trim = true);

/// <summary>The counts of a plan, as somebody has seen them: apply writes exactly that, or nothing.</summary>
internal sealed record SeenCounts(long Created, long Updated, long Deleted);
