using System.CommandLine;
using System.CommandLine.Parsing;
using Roster.Cli.Terminal;

namespace Roster.Cli.Commands;

/// <summary>Options that every command has.</summary>
internal sealed class GlobalOptions
{
    public Option<string?> Url { get; } = new("--url")
    {
        Description = "The server [env: ROSTER_URL]",
        HelpName = "ADDRESS",
        Recursive = true,
    };

    public Option<string?> KeyFile { get; } = new Option<string?>("--key-file")
    {
        Description = "A file with the API key, or - for standard input [env: ROSTER_KEY_FILE, or ROSTER_KEY with the key]",
        HelpName = "FILE",
        Recursive = true,
    }.NotEmpty();

    public Option<string?> Profile { get; } = new("--profile")
    {
        Description = "A server and key that login has stored under this name [env: ROSTER_PROFILE]",
        HelpName = "NAME",
        Recursive = true,
    };

    public Option<ResultFormat> Output { get; } = new("--output")
    {
        Description = "How results are written. A table has tabs instead of columns where it is piped",
        HelpName = "table|json|ndjson|csv",
        Recursive = true,
        CustomParser = ParseFormat,
        CompletionSources = { "table", "json", "ndjson", "csv" },
    };

    public Option<bool> NoColour { get; } = new("--no-color")
    {
        Description = "Write without colours [env: NO_COLOR]",
        Recursive = true,
    };

    public Option<bool> Quiet { get; } = new("--quiet")
    {
        Description = "Write results, warnings and errors only",
        Recursive = true,
    };

    public IEnumerable<Option> All => [Url, KeyFile, Profile, Output, NoColour, Quiet];

    /// <summary>Of the commands that plan a file.</summary>
    public static Option<string?> Faults() => new Option<string?>("--faults")
    {
        Description = "Write all faulty rows into this CSV file",
        HelpName = "FILE",
    }.NotEmpty();

    /// <summary>Of the commands that write a plan.</summary>
    public static Option<bool> SkipConflicts() =>
        new("--skip-conflicts") { Description = "Leave out rows whose partners others changed since the plan" };

    private static ResultFormat ParseFormat(ArgumentResult parsed)
    {
        switch (parsed.Tokens[0].Value)
        {
            case "table":
                return ResultFormat.Table;
            case "json":
                return ResultFormat.Json;
            case "ndjson":
                return ResultFormat.Ndjson;
            case "csv":
                return ResultFormat.Csv;
            default:
                parsed.AddError($"--output is table, json, ndjson or csv, not '{parsed.Tokens[0].Value}'.");
                return default;
        }
    }

    /// <summary>Answers questions beforehand; of the commands that ask.</summary>
    public static Option<bool> Yes(string what) => new("--yes", "-y") { Description = what };
}
