using System.Text;
using Roster.Access;
using Roster.Client;

namespace Roster.Tests.Client;

/// <summary>What a program reads with the library, on every engine: lists, exports, the log, keys.</summary>
public abstract class ClientReadContract(RosterHost host)
{
    [Fact]
    public async Task A_list_is_filtered_sorted_and_read_page_by_page()
    {
        var client = await host.NewClientAsync();
        await client.UpsertAsync(Clients.Some(5));
        var ada = (await client.UpsertAsync(
            [new()
            {
                Name = "Ada", Email = "ada+news@example.com", ExternalId = "a&b=c", Tags = new[] { "gold", "x y" },
                Metadata = new Dictionary<string, string?> { ["region"] = "Île" },
            }])).Partners[0];

        var names = (await client.ListAsync(new() { Take = 2, Sort = PartnerSort.OldestFirst }).AllAsync()).ConvertAll(one => one.Name);
        Assert.Equal(["Partner 0", "Partner 1", "Partner 2", "Partner 3", "Partner 4", "Ada"], names);
        PartnerQuery[] queries =
        [
            new() { Search = "ADA" }, new() { Email = "ADA+news@example.com" }, new() { Email = "*" }, new() { Phone = "" },
            new() { ExternalId = "a&b=c" }, new() { Id = ada.Id }, new() { Tags = ["Gold", "x y"] },
            new() { Metadata = new Dictionary<string, string> { ["region"] = "Île" } }, new() { UpdatedSince = ada.UpdatedAt },
            new() { Sort = PartnerSort.Name, Take = 1 }, new() { Take = 1 },
            new() { Take = 1, Sort = PartnerSort.LastUpdatedFirst }, new() { Skip = 5, Sort = PartnerSort.OldestFirst },
        ];
        foreach (var query in queries)
            Assert.Equal(ada.Id, (await client.ListPageAsync(query)).Partners.Single().Id);
        var page = await client.ListPageAsync(new() { Count = true, Take = 4, Include = PartnerInclude.Revision });
        Assert.Equal((4, 6, 2), (page.Partners.Count, page.Total, page.Partners[0].Revision));
        Assert.Equal(2, (await client.ListPageAsync(new() { Cursor = page.Next })).Partners.Count);
        var wrong = await Assert.ThrowsAsync<RosterException>(() => client.ListPageAsync(new() { Take = 0 }));
        Assert.Equal("invalid_parameter", wrong.Code);
    }

    [Fact]
    public async Task The_directory_is_exported_in_each_format()
    {
        var client = await host.NewClientAsync();
        await client.UpsertAsync([new() { Name = "Ada", Phone = "+44", Tags = new[] { "gold" } }]);

        Assert.Contains(@",Ada,\N,+44,", await ExportAsync(ExportFormat.Csv, new()), StringComparison.Ordinal);
        Assert.Contains(",Ada,,'+44,", await ExportAsync(ExportFormat.SpreadsheetCsv, new()), StringComparison.Ordinal);
        Assert.Contains(",gold", await ExportAsync(ExportFormat.Csv, new() { Include = PartnerInclude.Tags }), StringComparison.Ordinal);
        Assert.StartsWith("""{"id":""", await ExportAsync(ExportFormat.Ndjson, new() { Search = "ada" }), StringComparison.Ordinal);

        async Task<string> ExportAsync(ExportFormat format, PartnerQuery query)
        {
            using var stream = new MemoryStream();
            await client.ExportAsync(stream, format, query);
            return Encoding.UTF8.GetString(stream.ToArray());
        }
    }

    [Fact]
    public async Task The_log_is_read_and_a_change_set_undone_once()
    {
        var client = await host.NewClientAsync();
        var id = (await client.UpsertAsync([new() { Name = "Ada", Phone = "1" }])).Partners[0].Id;
        await client.UpsertAsync([new() { Id = id, Phone = "2" }]);

        var sets = await client.ListChangeSetsAsync(new() { Take = 1 }).AllAsync();
        Assert.Equal([2, 1], sets.Select(set => set.Revision));
        Assert.Equal(("upsert", "test", 1), (sets[0].Kind, sets[0].Actor!.Name, sets[0].Updated));
        Assert.Equal(2, (await client.GetChangeSetAsync(2))!.Revision);
        Assert.Null(await client.GetChangeSetAsync(3));
        Assert.Equal(new FieldChange("1", "2"), (await client.ListChangesAsync(2).AllAsync()).Single().Fields["phone"]);
        Assert.Equal("1", (await client.GetAsync(id, asOf: 1))!.Phone);
        Assert.Equal("1", (await client.ListAsync(new() { AsOf = 1 }).AllAsync()).Single().Phone);

        Assert.Equal((2, 1), ((await client.UndoAsync(2, new() { DryRun = true })).Revision, (await client.UndoAsync(2)).Updated));
        Assert.Equal("1", (await client.GetAsync(id))!.Phone);
        var again = await Assert.ThrowsAsync<RosterException>(() => client.UndoAsync(2));
        Assert.Equal(("already_undone", 3), (again.Code, again.UndoneBy));
        await client.UpsertAsync([new() { Id = id, Phone = "3" }]);
        var conflict = await Assert.ThrowsAsync<RosterException>(() => client.UndoAsync(1));
        Assert.Equal("changed_since", conflict.Faults.Single().Code);
        Assert.Equal("changed_since", (await client.UndoAsync(1, new() { SkipConflicts = true })).Kept.Single().Code);
        Assert.Equal(
            ["updated", "updated", "updated", "created"], (await client.HistoryAsync(id).AllAsync()).ConvertAll(step => step.Change));
    }

    [Fact]
    public async Task Keys_are_made_rotated_and_revoked_and_know_who_they_are()
    {
        var client = await host.NewClientAsync();
        var me = await client.WhoAmIAsync();
        Assert.Equal(("test", "admin"), (me.Actor.Name, me.Role));
        Assert.Contains(RosterScopes.PartnersErase, me.Scopes);

        var made = await client.Keys.CreateAsync(new("crm", [RosterScopes.PartnersRead]) { ExpiresAt = DateTimeOffset.UtcNow.AddDays(1) });
        var reader = Clients.Of(host.Address, made.Key);
        Assert.Empty(await reader.ListAsync().AllAsync());
        var refused = await Assert.ThrowsAsync<RosterException>(() => reader.UpsertAsync(Clients.Some(1)));
        Assert.Equal(("missing_scope", 403), (refused.Code, refused.Status));
        Assert.Equal([RosterScopes.LinksWrite], refused.MissingScopes);
        var rotated = await client.Keys.RotateAsync(made.Id, TimeSpan.Zero);
        Assert.Equal("unauthorized", (await Assert.ThrowsAsync<RosterException>(() => reader.WhoAmIAsync())).Code);
        await client.Keys.RevokeAsync(rotated.Id);
        Assert.NotNull((await client.Keys.ListAsync()).Single(key => key.Id == rotated.Id).RevokedAt);
    }

    [Fact]
    public async Task A_key_that_may_only_create_creates_though_it_cannot_ask_for_receipts()
    {
        using var proxy = new CuttingProxy(host.Address);
        var client = Clients.Of(proxy.Address, (await host.NewWorkspaceAsync(Scopes.PartnersWrite)).Key!, proxy.Http);

        proxy.CutAnswerAfter(0);

        Assert.True((await client.CreateAsync(Clients.Some(2))).IsReplay);
        Assert.True(proxy.HasCut);
    }
}

public sealed class ClientReadsOnSqlite(SqliteHost host) : ClientReadContract(host);

public sealed class ClientReadsOnPostgres(PostgresHost host) : ClientReadContract(host);
