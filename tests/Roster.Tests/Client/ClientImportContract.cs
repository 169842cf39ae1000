using System.Text;
using Roster.Client;
using ImportCalls = Roster.Client.ImportCalls;

namespace Roster.Tests.Client;

/// <summary>Files that a program imports with the library, on every engine.</summary>
public abstract class ClientImportContract(RosterHost host)
{
    private const string File = "Nr;Nom;E-mail\n1;Ada Lovelace;ada@example.com\n2;Grace Hopper;grace\n3;Joan Clarke;joan@example.com\n";

    [Fact]
    public async Task A_file_is_uploaded_mapped_planned_mended_applied_and_undone()
    {
        var client = await host.NewClientAsync();
        var imports = client.Imports;
        var sent = new List<long>();

        var import = await imports.UploadAsync(Stream(File), "people.csv", "text/csv", new Progress(sent));
        Assert.Equal(("uploaded", 3, "semicolon"), (import.State, import.Rows, import.File.Delimiter));
        Assert.Equal(["Nr", "Nom", "E-mail"], import.Columns.Select(column => column.Column));
        Assert.Equal(File.Length, sent[^1]);
        await imports.PutMappingAsync(
            "crm", new([new("Nr", "externalId"), new("Nom", "name"), new("E-mail", "email") { Empty = "clear" }]));
        import = await imports.ChangeAsync(import.Id, new() { MappingName = "crm", MatchOn = ImportMatch.ExternalId, Mode = "upsert" });
        Assert.Equal(("named", "externalId"), (import.MappingFrom, import.MatchOn));
        Assert.Equal("clear", (await imports.GetMappingAsync("crm")).Columns[2].Empty);
        Assert.Equal("crm", Assert.Single(await imports.ListMappingsAsync()).Name);

        await imports.PlanAsync(import.Id);
        import = await imports.WaitAsync(import.Id);
        Assert.Equal((2, 1), (import.Counts!.Created, import.Counts.Faulty));
        var faulty = (await imports.ListRowsAsync(import.Id, new() { FaultyOnly = true }).AllAsync()).Single();
        Assert.Equal(
            (3, "grace", "invalid_email", "E-mail"),
            (faulty.Line!.Value, faulty.Cells["E-mail"], faulty.Faults[0].Code, faulty.Faults[0].Column));
        Assert.Contains("roster_faults", await ExportRowsAsync(imports, import.Id), StringComparison.Ordinal);
        var seen = import;
        await imports.MendAsync(import.Id, [new(3) { Cells = new Dictionary<string, string?> { ["E-mail"] = "grace@example.com" } }]);
        await imports.MendAsync(import.Id, [new(4) { Skip = true }]);
        import = await imports.WaitAsync(import.Id);
        Assert.Equal((2, 0, 1), (import.Counts!.Created, import.Counts.Faulty, import.Counts.Skipped));
        var grace = (await imports.ListRowsPageAsync(import.Id, new() { Search = "grace" })).Items.Single();
        Assert.Equal(new FieldChange(null, "Grace Hopper"), grace.Fields["name"]);

        var moved = await Assert.ThrowsAsync<RosterException>(
            () => imports.ApplyAsync(seen with { Counts = seen.Counts! with { Created = 3 } }));
        Assert.Equal("plan_changed", moved.Code);
        await imports.ApplyAsync(import);
        import = await imports.WaitAsync(import.Id);
        Assert.Equal(("applied", 1), (import.State, import.Revisions.Single()));
        Assert.Equal(import.Id, (await client.GetChangeSetAsync(1))!.Import!.Id);

        var ada = (await client.ListPageAsync(new() { ExternalId = "1" })).Partners.Single();
        await client.UpsertAsync([new() { Id = ada.Id, Phone = "1" }]);
        await imports.UndoAsync(import.Id, dryRun: true);
        Assert.Equal(ada.Id, (await imports.WaitAsync(import.Id)).UndoConflicts.Single().Id);
        await imports.UndoAsync(import.Id, skipConflicts: true);
        Assert.Equal("undone", (await imports.WaitAsync(import.Id)).State);
        Assert.Equal([ada.Id], (await client.ListAsync().AllAsync()).ConvertAll(partner => partner.Id));
        await imports.DeleteAsync(import.Id);
        Assert.NotNull((await imports.ListAsync().AllAsync()).Single().File.Gone);
        await imports.DeleteMappingAsync("crm");
        Assert.Equal("not_found", (await Assert.ThrowsAsync<RosterException>(() => imports.GetMappingAsync("crm"))).Code);
    }

    [Fact]
    public async Task A_file_that_is_none_is_refused_with_its_reason_and_an_import_can_be_cancelled()
    {
        var imports = (await host.NewClientAsync()).Imports;

        var refused = await Assert.ThrowsAsync<RosterException>(() => imports.UploadAsync(Stream("%PDF-1.7\n%..."), "a.pdf"));
        Assert.Equal(("file_refused", "not_a_table"), (refused.Code, refused.Reason));

        var import = await imports.UploadAsync(Stream(File), "people.csv");
        Assert.Equal("cancelled", (await imports.CancelAsync(import.Id)).State);
    }

    [Fact]
    public async Task An_upload_whose_stream_cannot_go_back_is_sent_once()
    {
        using var proxy = new CuttingProxy(host.Address);
        var client = Clients.Of(proxy.Address, (await host.NewWorkspaceAsync()).Key!, proxy.Http);
        // A stream that cannot seek.
        await using var once = System.IO.Pipelines.PipeReader.Create(Stream(File)).AsStream();
        proxy.CutAnswerAfter(0);

        var lost = await Assert.ThrowsAsync<RosterException>(() => client.Imports.UploadAsync(once, "people.csv"));

        Assert.Equal(RosterErrors.NoAnswer, lost.Code);
        Assert.Single(await client.Imports.ListAsync().AllAsync());
    }

    private static MemoryStream Stream(string text) => new(Encoding.UTF8.GetBytes(text));

    private static async Task<string> ExportRowsAsync(ImportCalls imports, Guid id)
    {
        using var stream = new MemoryStream();
        await imports.ExportRowsAsync(id, stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private sealed class Progress(List<long> sent) : IProgress<long>
    {
        public void Report(long value) => sent.Add(value);
    }
}

public sealed class ClientImportsOnSqlite(SqliteHost host) : ClientImportContract(host);

public sealed class ClientImportsOnPostgres(PostgresHost host) : ClientImportContract(host);
