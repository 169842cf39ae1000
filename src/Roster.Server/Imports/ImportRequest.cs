using System.Runtime.InteropServices;
using System.Text.Json;
using Roster.Batches;
using Roster.Changes;
using Roster.Imports;
using Roster.Partners;
using Roster.Server.Http;

namespace Roster.Server.Imports;

/// <summary>The body of PATCH /api/imports/{id}: what it gives is set, the rest stays.</summary>
internal sealed class ImportRequest
{
    private const string Members =
        "The members are encoding, delimiter, headerRow, sheet, mapping, matchOn, mode, maxDeletes and withoutKey.";

    private readonly List<Func<AskedShape, AskedShape>> _reading = [];
    private readonly List<Func<Import, Import>> _changes = [];

    private ImportRequest()
    {
    }

    /// <summary>The mapping as JSON; null if it is not given.</summary>
    public byte[]? Mapping { get; private set; }

    /// <summary>The name of a stored mapping; null if none is named.</summary>
    public string? MappingName { get; private set; }

    /// <summary>Whether to forget what was remembered for this header, and to suggest a mapping anew.</summary>
    public bool IsMappingReset { get; private set; }

    /// <summary>Whether the file has to be read anew.</summary>
    public bool IsReading => _reading.Count > 0;

    /// <summary>How the file is to be read: as it is read now, but for what the request says.</summary>
    public AskedShape ShapeAfter(FileShape? now)
    {
        // A divider, a header or a sheet that was found under other conditions says nothing about the new ones.
        var asked = _reading.Aggregate(AskedShape.Nothing, (shape, change) => change(shape));
        var isSame = asked == AskedShape.Nothing || asked with { HeaderLine = null } == AskedShape.Nothing;
        return now is null || !isSame ? asked with { Encoding = asked.Encoding ?? now?.Encoding, Sheet = asked.Sheet ?? now?.Sheet }
            : new AskedShape(now.Encoding, now.Divider, asked.HeaderLine ?? now.HeaderLine ?? AskedShape.NoHeader, now.Sheet);
    }

    /// <returns>What the request says about the reading of the file that does not go with its format; null if all does.</returns>
    public string? NotFor(FileFormat format)
    {
        var asked = _reading.Aggregate(AskedShape.Nothing, (shape, change) => change(shape));
        return asked.Divider is not null && format != FileFormat.Csv ? "delimiter is for CSV."
            : asked.Sheet is not null && format != FileFormat.Xlsx ? "sheet is for workbooks."
            : asked.Encoding is not null && format == FileFormat.Xlsx ? "A workbook has no encoding to choose."
            : asked.HeaderLine is not null && format is FileFormat.Json or FileFormat.Ndjson ? "headerRow is for CSV and workbooks."
            : null;
    }

    public Import Onto(Import import) => _changes.Aggregate(import, (changed, change) => change(changed));

    /// <returns>The request, or what is wrong with it.</returns>
    public static async Task<(ImportRequest? Request, Problem? Problem)> ReadAsync(HttpRequest request, CancellationToken cancel)
    {
        var (body, problem) = await JsonBody.ReadAsync(request, MappingJson.MaxBytes + (4 << 10), cancel);
        if (body is null)
            return (null, problem);
        using (body)
        {
            var read = new ImportRequest();
            var given = new HashSet<string>(StringComparer.Ordinal);
            foreach (var member in body.RootElement.EnumerateObject())
            {
                var name = JsonBody.NameOf(member);
                if (!given.Add(name))
                    return (null, JsonBody.Wrong($"{name} is given twice; give it once."));
                if (read.Take(name, member.Value) is { } wrong)
                    return (null, JsonBody.Wrong(wrong));
            }
            return (read, null);
        }
    }

    /// <returns>What is wrong with a member, or null.</returns>
    private string? Take(string name, JsonElement value) => name switch
    {
        "encoding" => TakeEncoding(value),
        "delimiter" => TakeDivider(value),
        "headerRow" => TakeHeaderRow(value),
        "sheet" => TakeSheet(value),
        "mapping" => TakeMapping(value),
        "matchOn" => TakeMatchOn(value),
        "mode" => TakeMode(value),
        "maxDeletes" => TakeMaxDeletes(value),
        "withoutKey" => TakeWithoutKey(value),
        _ => $"There is no member {BatchBuilder.ShownName(name)}. {Members}",
    };

    private string? TakeEncoding(JsonElement value)
    {
        if (!JsonBody.TryText(value, out var text) || TextEncodings.Names.FirstOrDefault(
            name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) is not { } encoding)
            return $"encoding is one of: {string.Join(", ", TextEncodings.Names)}.";
        _reading.Add(shape => shape with { Encoding = encoding });
        return null;
    }

    private string? TakeDivider(JsonElement value)
    {
        if (!JsonBody.TryText(value, out var text) || CsvFormat.Named(text) is not { } divider)
            return $"delimiter is one of: {string.Join(", ", CsvFormat.Dividers.Select(one => one.Name))}.";
        _reading.Add(shape => shape with { Divider = divider });
        return null;
    }

    private string? TakeHeaderRow(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            _reading.Add(shape => shape with { HeaderLine = AskedShape.NoHeader });
        else if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var line) && line > 0)
            _reading.Add(shape => shape with { HeaderLine = line });
        else
            return "headerRow is the line with the names of the columns, from 1, or null if there is none.";
        return null;
    }

    private string? TakeSheet(JsonElement value)
    {
        if (!JsonBody.TryText(value, out var text))
            return "sheet is the name of a sheet.";
        _reading.Add(shape => shape with { Sheet = text });
        return null;
    }

    private string? TakeMapping(JsonElement value)
    {
        if (JsonBody.TryText(value, out var text))
        {
            if (text == "suggested")
                IsMappingReset = true;
            else
                MappingName = text;
            return null;
        }
        if (value.ValueKind != JsonValueKind.Object)
            return "mapping is an object with columns, the name of a stored mapping, or \"suggested\".";
        // The bytes as they are: they may be no text, which the reader of mappings says.
        Mapping = JsonMarshal.GetRawUtf8Value(value).ToArray();
        return null;
    }

    private string? TakeMatchOn(JsonElement value)
    {
        var text = default(string);
        if (value.ValueKind != JsonValueKind.Null
            && (!JsonBody.TryText(value, out text) || (text != PartnerField.ExternalId.WireName && text != PartnerField.Email.WireName)))
            return "matchOn is externalId, email, or null: then rows without an id create partners.";
        _changes.Add(import => import with { MatchOn = text });
        return null;
    }

    private string? TakeMode(JsonElement value)
    {
        if (!JsonBody.TryText(value, out var text) || Enum.GetValues<ImportMode>().Index().FirstOrDefault(
            mode => JsonNamingPolicy.CamelCase.ConvertName(mode.Item.ToString()) == text, (-1, default)) is not ( >= 0, var mode))
            return "mode is upsert, update, create or mirror.";
        _changes.Add(import => import with { Mode = mode });
        return null;
    }

    private string? TakeMaxDeletes(JsonElement value)
    {
        var text = default(string);
        if (value.ValueKind != JsonValueKind.Null && (!JsonBody.TryText(value, out text) || Mirror.Parse(text) is null))
            return $"maxDeletes is a text: a number of partners up to {PartnerRules.MaxItems}, or of percent, such as \"10%\"; or null.";
        _changes.Add(import => import with { MaxDeletes = text });
        return null;
    }

    private string? TakeWithoutKey(JsonElement value)
    {
        if (!JsonBody.TryText(value, out var text) || text is not ("refuse" or "create"))
            return "withoutKey is refuse or create.";
        _changes.Add(import => import with { CreatesWithoutKey = text == "create" });
        return null;
    }
}
