using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Roster.Cli.Commands;
using Roster.Client;

namespace Roster.Cli.Sync;

/// <summary>
/// How a file is read, and what its rows do: of sync and plan. Without them the server decides, and says what it decided.
/// </summary>
internal sealed class FileOptions
{
    public Argument<string> File { get; } = new Argument<string>("file")
    {
        Description = "CSV, XLSX, JSON or NDJSON, of up to 1,000,000 rows; - for standard input",
    }.NotEmpty();

    private readonly Option<string?> _match = new("--match")
    {
        Description = "How rows without an id find their partner",
        HelpName = "externalId|email|none",
    };

    private readonly Option<bool> _mirror = new("--mirror")
    {
        Description = "Delete partners that no row names: the file is the whole directory",
    };

    private readonly Option<bool> _updateOnly = new("--update-only") { Description = "A row that finds no partner is a fault" };
    private readonly Option<bool> _createOnly = new("--create-only") { Description = "A row that finds a partner is a fault" };
    private readonly Option<string?> _maxDeletes = new("--max-deletes")
    {
        Description = "Most partners that --mirror deletes, such as 100 or 5%, which is the default",
        HelpName = "NUMBER|PERCENT",
    };

    private readonly Option<bool> _createWithoutKey = new("--create-without-key")
    {
        Description = "A row without id and key creates a partner each time, instead of being a fault",
    };

    private readonly Option<string?> _mapping = new("--mapping")
    {
        Description = "What the columns mean: a mapping stored on the server, a file ending with .json, or \"suggested\"",
        HelpName = "NAME|FILE",
    };

    private readonly Option<string?> _encoding = new("--encoding")
    {
        Description = "The encoding",
        HelpName = "utf-8|utf-16le|utf-16be|windows-1252|…",
    };

    private readonly Option<string?> _delimiter = new("--delimiter")
    {
        Description = "The delimiter of CSV",
        HelpName = "comma|semicolon|tab|pipe",
    };

    private readonly Option<int?> _headerRow = new("--header-row")
    {
        Description = "The line with the names of the columns, from 1; 0 if there is none",
        HelpName = "LINE",
    };

    private readonly Option<string?> _sheet = new("--sheet") { Description = "The sheet of a workbook", HelpName = "NAME" };

    private static readonly JsonSerializerOptions MappingJson =
        new(RosterJson.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    public void AddTo(Command command)
    {
        command.Arguments.Add(File);
        foreach (var option in (IEnumerable<Option>)
        [
            _match, _mirror, _updateOnly, _createOnly, _maxDeletes, _createWithoutKey, _mapping, _encoding, _delimiter, _headerRow, _sheet,
        ])
            command.Options.Add(option);
    }

    /// <summary>The settings, as the server takes them.</summary>
    /// <exception cref="CommandException">Options exclude each other, or a value cannot be.</exception>
    public ImportSettings SettingsOf(ParseResult parsed)
    {
        var modes = new (bool IsSet, string Mode)[]
        {
            (parsed.GetValue(_mirror), "mirror"), (parsed.GetValue(_updateOnly), "update"), (parsed.GetValue(_createOnly), "create"),
        }.Where(mode => mode.IsSet).Select(mode => mode.Mode).ToList();
        if (modes.Count > 1)
            throw CommandException.Usage("--mirror, --update-only and --create-only exclude each other.");
        if (parsed.GetValue(_maxDeletes) is not null && modes is not ["mirror"])
            throw CommandException.Usage("--max-deletes goes with --mirror; nothing else deletes.");
        var mapping = parsed.GetValue(_mapping);
        var isFile = mapping?.EndsWith(".json", StringComparison.OrdinalIgnoreCase) == true;
        return new ImportSettings
        {
            Encoding = parsed.GetValue(_encoding),
            Delimiter = parsed.GetValue(_delimiter),
            HeaderRow = parsed.GetValue(_headerRow),
            Sheet = parsed.GetValue(_sheet),
            Mapping = isFile ? ReadMapping(mapping!) : null,
            MappingName = isFile ? null : mapping,
            MatchOn = parsed.GetValue(_match) switch
            {
                null => null,
                "externalId" => ImportMatch.ExternalId,
                "email" => ImportMatch.Email,
                "none" => ImportMatch.Nothing,
                var other => throw CommandException.Usage($"--match is externalId, email or none, not '{other}'."),
            },
            Mode = modes is [var mode] ? mode : "upsert",
            MaxDeletes = parsed.GetValue(_maxDeletes),
            CreateWithoutKey = parsed.GetValue(_createWithoutKey) ? true : null,
        };
    }

    /// <summary>Reads a mapping as strictly as the server does: a column whose target was misspelt would not be imported.</summary>
    private static ImportMapping ReadMapping(string file)
    {
        ReadOnlySpan<byte> bytes = System.IO.File.ReadAllBytes(file);
        // Editors of Windows write it.
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        try
        {
            var type = (JsonTypeInfo<ImportMapping>)MappingJson.GetTypeInfo(typeof(ImportMapping));
            return JsonSerializer.Deserialize(bytes, type) is { Columns: not null } mapping ? mapping
                : throw CommandException.Usage($"{file} is no mapping: it has no columns.");
        }
        catch (JsonException wrong)
        {
            throw CommandException.Usage(
                $"{file} is no mapping: {wrong.Message} A mapping has columns; each has column, target, empty and trim.");
        }
    }
}
