using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Roster.Client;
using Roster.Client.Extensions;
using RosterClient = Roster.Client.RosterClient;

namespace Roster.Tests.Client;

/// <summary>
/// The code of docs/how-to/clients/csharp.md, and of the packages' README.md, is the code between <c>// page</c> and <c>// end</c>
/// below, and works.
/// </summary>
public sealed class ClientPageTests(SqliteHost host)
{
    private const string Here = "tests/Roster.Tests/Client/ClientPageTests.cs";

    private static readonly string[] Pages =
        ["docs/how-to/clients/csharp.md", "src/Roster.Client/README.md", "src/Roster.Client.Extensions/README.md"];

    [Fact]
    public async Task The_code_of_the_page_works_from_top_to_bottom()
    {
        var (address, key) = (host.Address.ToString(), (await host.NewWorkspaceAsync()).Key!);
        var log = new List<string>();

        // page
        var client = new RosterClient(new HttpClient(), new RosterClientOptions
        {
            Address = new Uri(address), // such as https://roster.example
            Key = key,
        });
        Identity me = await client.WhoAmIAsync();
        // end
        Assert.Equal("test", me.Actor.Name);
        await AddAsync(new ServiceCollection(), address, key);

        // page
        var options = new UpsertOptions { MatchOn = MatchOn.ExternalId };
        await client.UpsertAsync(
            [
                new PartnerWrite { ExternalId = "crm-1", Name = "Ada Lovelace", Phone = "+44 20 7946 0000" },
                new PartnerWrite { ExternalId = "crm-2", Name = "Grace Hopper", Email = "grace@example.com" },
            ],
            options);

        WriteResult result = await client.UpsertAsync(
            [new PartnerWrite { ExternalId = "crm-1", Email = "ada@example.com", Phone = null }],
            options);
        // end
        Assert.Equal(("Ada Lovelace", "ada@example.com", null),
            (result.Partners[0].Name, result.Partners[0].Email, result.Partners[0].Phone));

        // page
        Partner ada = (await client.ListPageAsync(new PartnerQuery { ExternalId = "crm-1" })).Partners[0];
        PartnerWrite edited = ada.ToWrite(ifUnchanged: true);
        edited.Tags = new[] { "pioneer" };
        await client.UpsertAsync([edited]);
        // end
        Assert.Equal("pioneer", (await client.GetAsync(ada.Id))!.Tags.Single());

        // page
        try
        {
            await client.UpsertAsync(
                [
                    new PartnerWrite { ExternalId = "crm-3", Name = "Radia Perlman" },
                    new PartnerWrite { ExternalId = "crm-4", Name = "Barbara Liskov", Email = "barbara" },
                ],
                options);
        }
        catch (RosterException refused) when (refused.Code == "validation_failed")
        {
            foreach (RosterFault fault in refused.Faults)
                log.Add($"{fault.Input!.ExternalId}: {fault.Message}");
        }
        // end
        Assert.Equal(["crm-4: email is not an address such as name@example.com."], log);

        // page
        WriteResult seen = await client.UpsertAsync(
            [new PartnerWrite { ExternalId = "crm-2", Phone = "+1 212 555 0100" }],
            options with { DryRun = true, ReturnChanges = true });
        FieldChange phone = seen.Changes[0].Fields["phone"];

        await client.UpsertAsync(
            [new PartnerWrite { ExternalId = "crm-2", Phone = "+1 212 555 0100" }],
            options with { IfRevision = seen.Revision });
        // end
        Assert.Equal((null, "+1 212 555 0100"), (phone.Old, phone.New));

        var (rows, progress) = (Clients.Some(10_001), new Progress<UpsertProgress>());
        // page
        WriteResult large = await client.UpsertAsync(rows, options, progress);
        await client.Imports.UndoAsync(large.ImportId!.Value);
        // end
        Assert.Equal("undone", (await client.Imports.WaitAsync(large.ImportId.Value)).State);

        log.Clear();
        // page
        await foreach (Partner partner in client.ListAsync(new PartnerQuery { Search = "lovelace" }))
            log.Add(partner.Name!);

        PartnerPage page = await client.ListPageAsync(new PartnerQuery { Take = 1, Count = true });
        PartnerPage next = await client.ListPageAsync(new PartnerQuery { Take = 1, Cursor = page.Next });
        // end
        Assert.Equal(["Ada Lovelace"], log);
        Assert.Equal(("Grace Hopper", 2, "Ada Lovelace"), (page.Partners[0].Name, page.Total, next.Partners[0].Name));
        using var follower = new Follower(client, enough: 2);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(follower.FollowAsync);
    }

    [Fact]
    public async Task The_code_for_a_line_that_breaks_writes_once()
    {
        using var proxy = new CuttingProxy(host.Address);
        var client = Clients.Of(proxy.Address, (await host.NewWorkspaceAsync()).Key!, proxy.Http);
        var (options, batch) = (new UpsertOptions(), Clients.Some(2).ToList());
        // The answers to the write and to all that asks for it, and then no more.
        proxy.CutAnswers(6);

        // page
        try
        {
            await client.UpsertAsync(batch, options);
        }
        catch (RosterException lost) when (lost.IsTransient)
        {
            // Later, when the server can be reached:
            Receipt receipt = await client.GetReceiptAsync(lost.IdempotencyKey!);
            if (receipt.State != Receipt.Committed)
                await client.UpsertAsync(batch, options with { IdempotencyKey = lost.IdempotencyKey });
        }
        // end
        Assert.Equal(2, (await client.ListAsync().AllAsync()).Count);
    }

    [Fact]
    public void The_pages_show_this_code_and_no_other()
    {
        var works = Codes(File.ReadAllLines(Path.Combine(Repository.Root, Here)));
        var shown = Pages.SelectMany(page => new Page(page).Rest("csharp")).Select(block => block.Text);

        Assert.Equal(works.Order(StringComparer.Ordinal), shown.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_code_of_the_readme_works()
    {
        var (address, key) = (host.Address.ToString(), (await host.NewWorkspaceAsync()).Key!);

        // page
        var client = new RosterClient(new HttpClient(), new RosterClientOptions
        {
            Address = new Uri(address), // such as https://roster.example
            Key = key,
        });

        var result = await client.UpsertAsync(
            [new PartnerWrite { ExternalId = "crm-7", Name = "Grace Hopper", Phone = null }],
            new UpsertOptions { MatchOn = MatchOn.ExternalId });
        // end
        Assert.Equal(1, result.Created);
    }

    private static async Task AddAsync(ServiceCollection services, string address, string key)
    {
        services.AddLogging();
        // page
        services.AddRosterClient(options =>
        {
            options.Address = new Uri(address); // such as https://roster.example
            options.Key = key;
        });
        services.AddHealthChecks().AddRoster();
        // end
        await using var provider = services.BuildServiceProvider();
        Assert.Equal(HealthStatus.Healthy, (await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Status);
    }

    /// <summary>The code between the marks, without the space before it.</summary>
    private static IEnumerable<string> Codes(IEnumerable<string> lines)
    {
        var code = default(List<string>);
        foreach (var line in lines)
            if (code is null)
                code = line.Trim() == "// page" ? [] : null;
            else if (line.Trim() != "// end")
                code.Add(line);
            else
            {
                var margin = code.Where(one => one.Length > 0).Min(one => one.Length - one.TrimStart().Length);
                yield return string.Concat(code.Select(one => (one.Length == 0 ? one : one[margin..]) + '\n'));
                code = null;
            }
    }

    /// <summary>Follows the feed until there are enough partners.</summary>
    private sealed class Follower(RosterClient client, int enough) : IDisposable
    {
        private readonly Dictionary<Guid, Partner> mirror = [];
        private readonly CancellationTokenSource source = new();

        private CancellationToken stop => source.Token;

        private string? stored
        {
            get;
            set
            {
                field = value;
                if (mirror.Count >= enough)
                    source.Cancel();
            }
        }

        public async Task FollowAsync()
        {
            // page
            await foreach (FeedPage changed in client.FollowChangesAsync(after: stored, cancel: stop))
            {
                foreach (Partner partner in changed.Partners)
                    if (partner.DeletedAt is null)
                        mirror[partner.Id] = partner;
                    else
                        mirror.Remove(partner.Id);
                stored = changed.Next; // store it together with the partners
            }
            // end
        }

        public void Dispose() => source.Dispose();
    }
}
