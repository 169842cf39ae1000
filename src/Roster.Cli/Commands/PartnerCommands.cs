using System.CommandLine;
using Roster.Cli.Terminal;
using Roster.Client;

namespace Roster.Cli.Commands;

/// <summary>list, get and export: reading partners.</summary>
internal static class PartnerCommands
{
    private static readonly IReadOnlyList<Column<Partner>> Columns =
    [
        new("id", partner => partner.Id.ToString()), new("name", partner => partner.Name), new("email", partner => partner.Email),
        new("phone", partner => partner.Phone), new("externalId", partner => partner.ExternalId),
        new("tags", partner => string.Join('|', partner.Tags)),
    ];

    public static IEnumerable<Command> Create(GlobalOptions options) => [List(options), Get(options), Export(options)];

    private static ExampleCommand List(GlobalOptions options)
    {
        var filters = new ListOptions();
        var take = new TakeOption(50);
        var command = new ExampleCommand("list", "List partners, the newest first.", "roster list --q ada --output json") { take };
        filters.AddTo(command);
        Invocation.Set(command, options, async (run, cancel) =>
        {
            var all = run.Client.ListAsync(filters.QueryOf(run.Parsed) with { Take = take.PageOf(run.Parsed) }, cancel);
            await run.Results.WriteAsync(take.Of(run.Parsed, all), Columns, "No partner matches.", cancel);
            return ExitCodes.Done;
        });
        return command;
    }

    private static ExampleCommand Get(GlobalOptions options)
    {
        var id = new Argument<Guid>("id") { Description = "The partner's id" };
        var asOf = new Option<long?>("--as-of") { Description = "As it was at this revision", HelpName = "REVISION" };
        var command = new ExampleCommand("get", "Show one partner, deleted or not.", "roster get $ID") { id, asOf };
        Invocation.Set(command, options, async (run, cancel) =>
        {
            var partner = await run.Client.GetAsync(
                run.Parsed.GetRequiredValue(id), run.Parsed.GetValue(asOf), deleted: true,
                PartnerInclude.DeletedAt | (run.Parsed.GetValue(asOf) is null ? PartnerInclude.Revision : PartnerInclude.None), cancel)
                ?? throw CommandException.Failed($"There is no partner {run.Parsed.GetRequiredValue(id)}.");
            run.Results.WriteOne(partner,
            [
                ("id", partner.Id.ToString()), ("name", partner.Name), ("email", partner.Email), ("phone", partner.Phone),
                ("externalId", partner.ExternalId), ("tags", string.Join('|', partner.Tags)),
                .. partner.Metadata.Select(pair => ($"metadata.{pair.Key}", (string?)pair.Value)),
                ("createdAt", Times.Of(partner.CreatedAt)), ("updatedAt", Times.Of(partner.UpdatedAt)),
                ("deletedAt", partner.DeletedAt is { } end ? Times.Of(end) : null), ("revision", partner.Revision?.ToString()),
            ]);
            return ExitCodes.Done;
        });
        return command;
    }

    private static ExampleCommand Export(GlobalOptions options)
    {
        var filters = new ListOptions();
        var to = new Argument<string?>("file")
        {
            Description = "The file to write, or standard output; .ndjson for a JSON object a line, else CSV",
            Arity = ArgumentArity.ZeroOrOne,
        }.NotEmpty();
        var spreadsheet = new Option<bool>("--spreadsheet")
        {
            Description = "CSV for spreadsheets: with a byte order mark, and formulas guarded by an apostrophe",
        };
        var command = new ExampleCommand("export",
            "Write all partners, with tags and metadata, as CSV or NDJSON. Such a file can be synced again.",
            "roster export partners.csv")
        {
            to, spreadsheet,
        };
        filters.AddTo(command);
        Invocation.Set(command, options, async (run, cancel) =>
        {
            var path = run.Parsed.GetValue(to);
            if (run.Results.Format == ResultFormat.Json
                || (run.Results.Format == ResultFormat.Table && path?.EndsWith(".json", StringComparison.OrdinalIgnoreCase) == true))
                throw CommandException.Usage(
                    "An export is CSV or NDJSON, not JSON: use --output ndjson. One JSON array: roster list --take 0 --output json");
            var format = run.Results.Format is ResultFormat.Ndjson || (run.Results.Format != ResultFormat.Csv
                && path?.EndsWith(".ndjson", StringComparison.OrdinalIgnoreCase) == true)
                ? ExportFormat.Ndjson : run.Parsed.GetValue(spreadsheet) ? ExportFormat.SpreadsheetCsv : ExportFormat.Csv;
            var query = filters.QueryOf(run.Parsed);
            if (format != ExportFormat.Ndjson)
                query = query with { Include = query.Include | PartnerInclude.Tags | PartnerInclude.Metadata };
            if (path is null or "-" or "/dev/stdout")
            {
                await using var output = new ReaderStream();
                await run.Client.ExportAsync(output, format, query, cancel);
                return ExitCodes.Done;
            }
            await OutputFile.WriteAsync(path, file => run.Client.ExportAsync(file, format, query, cancel), cancel);
            run.Screen.Note($"Written to {path}.");
            return ExitCodes.Done;
        });
        return command;
    }
}
