using System.Text.Json;
using Roster.Client;

namespace Roster.Tests.Client;

/// <summary>What a program writes with the library, on every engine.</summary>
public abstract class ClientWriteContract(RosterHost host)
{
    [Fact]
    public async Task A_batch_is_created_changed_and_left_alone()
    {
        var client = await host.NewClientAsync();
        var byId = new UpsertOptions { MatchOn = MatchOn.ExternalId };

        var made = await client.UpsertAsync(Clients.Some(3), byId);
        var changed = await client.UpsertAsync(
            [new() { ExternalId = "crm-0", Phone = null }, new() { ExternalId = "crm-1", Name = "Partner 1" }], byId);

        Assert.Equal((1, 3, 0, 0), (made.Revision, made.Created, made.Updated, made.Unchanged));
        Assert.Equal((2, 0, 1, 1), (changed.Revision, changed.Created, changed.Updated, changed.Unchanged));
        Assert.Equal(["Partner 0", "Partner 1"], changed.Partners.Select(partner => partner.Name!));
        Assert.Null(changed.Partners[0].Phone);
        Assert.Equal(made.Partners[1], await client.GetAsync(made.Partners[1].Id), SameValues);
    }

    [Fact]
    public async Task Faults_hold_the_items_that_they_are_about()
    {
        var client = await host.NewClientAsync();
        PartnerWrite[] items = [new() { Name = "a" }, new() { Name = "b", Email = "b" }, new()];
        PartnerWrite[] twice = [new() { Name = "c", ExternalId = "x" }, new() { Name = "d", ExternalId = "x" }];

        var refused = await Assert.ThrowsAsync<RosterException>(() => client.UpsertAsync(items));

        Assert.Equal(("validation_failed", 400), (refused.Code, refused.Status));
        Assert.Equal(2, refused.FaultCount);
        Assert.Equal(
            [(1, "email", "invalid_email"), (2, "name", "name_required")],
            refused.Faults.Select(fault => (fault.Index!.Value, fault.Field!, fault.Code)));
        Assert.All(refused.Faults, fault => Assert.Same(items[fault.Index!.Value], fault.Input));
        var fault = (await Assert.ThrowsAsync<RosterException>(() => client.UpsertAsync(twice))).Faults.Single();
        Assert.Equal("duplicate_external_id", fault.Code);
        Assert.Equal((twice[0], twice[1]), (fault.OtherInput, fault.Input));
        Assert.NotNull(refused.RequestId);
        Assert.Empty(await client.ListAsync().AllAsync());
    }

    [Fact]
    public async Task What_was_read_is_edited_and_sent_back_unless_somebody_else_was_faster()
    {
        var client = await host.NewClientAsync();
        var ada = (await client.UpsertAsync(
            [new()
            {
                Name = "Ada", Email = "ada@example.com", Tags = new[] { "gold" },
                Metadata = new Dictionary<string, string?> { ["region"] = "emea" },
            }])).Partners[0];

        Assert.Equal(1, (await client.UpsertAsync([ada.ToWrite()])).Unchanged);
        await client.UpsertAsync([ada.ToWrite() with { Phone = "1" }]);
        var late = await Assert.ThrowsAsync<RosterException>(
            () => client.UpsertAsync([ada.ToWrite(ifUnchanged: true) with { Email = null }]));

        Assert.Equal("changed_since", late.Faults.Single().Code);
        Assert.Equal("1", late.Faults[0].Current!.Phone);
        Assert.Equal("ada@example.com", (await client.GetAsync(ada.Id))!.Email);
    }

    [Fact]
    public async Task A_preview_shows_the_changes_and_holds_only_at_its_revision()
    {
        var client = await host.NewClientAsync();
        var options = new UpsertOptions { MatchOn = MatchOn.ExternalId, ReturnChanges = true };
        await client.UpsertAsync(Clients.Some(2), options);
        PartnerWrite[] batch = [new() { ExternalId = "crm-1", Tags = new[] { "new", "Gold" } }, new() { ExternalId = "crm-2", Name = "c" }];

        var seen = await client.UpsertAsync(batch, options with { DryRun = true });

        Assert.Equal((1, 1, 1), (seen.Revision, seen.Created, seen.Updated));
        Assert.Equal(["updated", "created"], seen.Changes.Select(change => change.Change));
        Assert.Equal(new FieldChange("", "Gold|new", true), seen.Changes[0].Fields["tags"]);
        Assert.Null(seen.Changes[1].Id);
        Assert.Equal(2, (await client.UpsertAsync(batch, options with { IfRevision = seen.Revision })).Revision);
        var moved = await Assert.ThrowsAsync<RosterException>(
            () => client.UpsertAsync(batch, options with { IfRevision = seen.Revision }));
        Assert.Equal(("revision_changed", 412, 2), (moved.Code, moved.Status, moved.CurrentRevision));
    }

    [Fact]
    public async Task A_mirror_deletes_what_is_not_named_up_to_its_limit()
    {
        var client = await host.NewClientAsync();
        var options = new UpsertOptions { MatchOn = MatchOn.ExternalId };
        await client.UpsertAsync(Clients.Some(4), options);
        options = options with { Mode = UpsertMode.Mirror };

        var refused = await Assert.ThrowsAsync<RosterException>(() => client.UpsertAsync(Clients.Some(2), options));
        var mirrored = await client.UpsertAsync(Clients.Some(2), options with { MaxDeletes = "50%" });

        Assert.Equal(("too_many_deletes", 2), (refused.Code, refused.FaultCount));
        Assert.Equal((2, 2), (mirrored.Deleted, mirrored.Unchanged));
        var none = await Assert.ThrowsAsync<RosterException>(
            () => client.UpsertAsync([new() { ExternalId = "new", Name = "n" }], options with { Mode = UpsertMode.Update }));
        Assert.Equal("no_match", none.Faults.Single().Code);
        var keyless = await Assert.ThrowsAsync<RosterException>(
            () => client.UpsertAsync([new() { Name = "n" }], options with { Mode = UpsertMode.Upsert }));
        Assert.Equal("match_key_missing", keyless.Faults.Single().Code);
        Assert.Equal(1, (await client.UpsertAsync(
            [new() { Name = "n" }], options with { Mode = UpsertMode.Upsert, CreateWithoutKey = true })).Created);
    }

    [Fact]
    public async Task Partners_are_created_deleted_restored_and_erased()
    {
        var client = await host.NewClientAsync();
        var ids = (await client.CreateAsync(Clients.Some(3))).Partners.Select(partner => partner.Id).ToList();

        Assert.Equal(2, (await client.DeleteAsync(ids[..2], new() { DryRun = true })).Deleted);
        Assert.Equal(2, (await client.DeleteAsync(ids[..2])).Deleted);
        Assert.Null(await client.GetAsync(ids[0]));
        Assert.NotNull((await client.GetAsync(ids[0], deleted: true, include: PartnerInclude.DeletedAt))!.DeletedAt);
        var restored = await client.RestoreAsync([ids[0]]);
        Assert.Equal((1, "Partner 0"), (restored.Restored, restored.Partners.Single().Name));
        Assert.Equal(4, (await client.EraseAsync([ids[1]])).Revision);
        Assert.Null(await client.GetAsync(ids[1], deleted: true));
        var missing = await Assert.ThrowsAsync<RosterException>(() => client.DeleteAsync([ids[1]]));
        Assert.Equal(("partner_not_found", ids[1]), (missing.Faults.Single().Code, missing.Faults[0].Id));
    }

    [Fact]
    public async Task The_same_key_again_gets_the_first_answer_again()
    {
        var client = await host.NewClientAsync();
        var options = new UpsertOptions { IdempotencyKey = "crm 2026-11-25 / 1" };

        Assert.Equal(Receipt.Unseen, (await client.GetReceiptAsync(options.IdempotencyKey)).State);
        var first = await client.UpsertAsync(Clients.Some(1), options);
        var second = await client.UpsertAsync(Clients.Some(1), options);
        var receipt = await client.GetReceiptAsync(options.IdempotencyKey);

        Assert.Equal((false, true), (first.IsReplay, second.IsReplay));
        Assert.Equal(first.Partners.Single().Id, second.Partners.Single().Id);
        Assert.Equal((Receipt.Committed, 1), (receipt.State, receipt.Revision));
        var other = await Assert.ThrowsAsync<RosterException>(() => client.UpsertAsync(Clients.Some(2), options));
        Assert.Equal(("idempotency_mismatch", options.IdempotencyKey), (other.Code, other.IdempotencyKey));
    }

    [Fact]
    public async Task What_cannot_be_sent_is_an_argument_that_is_wrong()
    {
        var client = await host.NewClientAsync();

        await Assert.ThrowsAsync<ArgumentException>(() => client.UpsertAsync(Array.Empty<PartnerWrite>()));
        await Assert.ThrowsAsync<ArgumentException>(() => client.CreateAsync(Clients.Some(10_001)));
        await Assert.ThrowsAsync<ArgumentException>(() => client.DeleteAsync([]));
        await Assert.ThrowsAsync<ArgumentException>(() => client.UpsertAsync(Clients.Some(10_001), new() { IfRevision = 1 }));
        await Assert.ThrowsAsync<ArgumentException>(() => client.UpsertAsync(
            Clients.Some(10_000).Append(new() { Name = "a", IfUpdatedAt = DateTimeOffset.UnixEpoch })));
        await Assert.ThrowsAsync<ArgumentException>(() => client.UpsertAsync(Clients.Some(10_000).Append(new())));
        await Assert.ThrowsAsync<ArgumentException>(() => client.UpsertAsync(
            Clients.Some(10_000).Append(new() { Name = " ", Email = "" })));
        await Assert.ThrowsAsync<ArgumentException>(() => client.UpsertAsync(
            Clients.Some(10_000).Append(new() { Name = "a", Tags = new[] { "b|c" } })));
        Assert.Throws<ArgumentException>(() => Clients.Of(host.Address, "a key\r\nX: y"));
        Assert.Throws<ArgumentException>(() => Clients.Of(new Uri("ftp://example.com"), "key"));
    }

    /// <summary>Collections of records are compared by what is in them.</summary>
    private static bool SameValues(Partner? left, Partner? right) =>
        JsonSerializer.Serialize(left, RosterJson.Options) == JsonSerializer.Serialize(right, RosterJson.Options);
}

public sealed class ClientWritesOnSqlite(SqliteHost host) : ClientWriteContract(host);

public sealed class ClientWritesOnPostgres(PostgresHost host) : ClientWriteContract(host);
