using Roster.Client;
using RosterClient = Roster.Client.RosterClient;

namespace Roster.Tests.Client;

/// <summary>A line that is cut at any stage of a write: each item is created exactly once.</summary>
public abstract class CutLineContract(RosterHost host)
{
    /// <summary>Bytes of requests: before, in and after the head, in the body, at its end.</summary>
    public static TheoryData<int> OfRequests => [0, 1, 150, 400, 2_000, 20_000, 30_000];

    /// <summary>Bytes of answers: before the first one, in the head, in the body.</summary>
    public static TheoryData<int> OfAnswers => [0, 1, 100, 600, 5_000, 50_000];

    [Theory]
    [MemberData(nameof(OfRequests))]
    public Task A_request_that_is_cut_is_carried_out_once(int bytes) => OnceAsync(proxy => proxy.CutRequestAfter(bytes));

    [Theory]
    [MemberData(nameof(OfAnswers))]
    public Task A_request_whose_answer_is_cut_is_carried_out_once(int bytes) => OnceAsync(proxy => proxy.CutAnswerAfter(bytes));

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task A_line_that_is_cut_again_and_again_is_used_again_and_again(int cuts)
    {
        using var proxy = new CuttingProxy(host.Address);
        var client = await ThroughAsync(proxy);
        // Each attempt, and each look at the receipt, loses its answer.
        proxy.CutAnswers(cuts);

        var made = await client.CreateAsync(Clients.Some(3));

        Assert.Equal((3, 1), (made.Created, made.Revision));
        Assert.Equal(3, (await client.ListAsync().AllAsync()).Count);
    }

    [Fact]
    public async Task Without_an_answer_to_the_last_attempt_the_error_says_so_and_names_the_key()
    {
        using var proxy = new CuttingProxy(host.Address);
        var client = await ThroughAsync(proxy);
        proxy.CutAnswers(int.MaxValue);

        var lost = await Assert.ThrowsAsync<RosterException>(() => client.CreateAsync(Clients.Some(3)));

        Assert.Equal((RosterErrors.NoAnswer, true), (lost.Code, lost.IsTransient));
        proxy.CutAnswers(0);
        Assert.Equal(Receipt.Committed, (await client.GetReceiptAsync(lost.IdempotencyKey!)).State);
        Assert.True((await client.CreateAsync(Clients.Some(3), new() { IdempotencyKey = lost.IdempotencyKey })).IsReplay);
    }

    [Fact]
    public async Task A_key_that_may_have_been_made_is_not_made_again()
    {
        using var proxy = new CuttingProxy(host.Address);
        var client = await ThroughAsync(proxy);
        proxy.CutAnswerAfter(0);

        var lost = await Assert.ThrowsAsync<RosterException>(() => client.Keys.CreateAsync(new("crm", [RosterScopes.PartnersRead])));

        Assert.Equal(RosterErrors.NoAnswer, lost.Code);
        Assert.Single(await client.Keys.ListAsync(), key => key.Name == "crm");
    }

    [Fact]
    public async Task An_export_that_breaks_off_begins_again_where_its_file_can()
    {
        using var proxy = new CuttingProxy(host.Address);
        var client = await ThroughAsync(proxy);
        await client.CreateAsync(Clients.Some(1_000));
        using var file = new MemoryStream();
        proxy.CutAnswerAfter(30_000);

        await client.ExportAsync(file);

        Assert.True(proxy.HasCut);
        Assert.Equal(1_001, System.Text.Encoding.UTF8.GetString(file.ToArray()).Count(c => c == '\n'));
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_is_no_lost_line()
    {
        var client = await host.NewClientAsync();
        await client.CreateAsync(Clients.Some(1));
        using var full = new FullDisk();

        await Assert.ThrowsAsync<IOException>(() => client.ExportAsync(full));

        Assert.Equal(1, full.Writes);
    }

    private async Task OnceAsync(Action<CuttingProxy> cut)
    {
        using var proxy = new CuttingProxy(host.Address);
        var client = await ThroughAsync(proxy);
        cut(proxy);

        var made = await client.CreateAsync(Clients.Some(500));

        Assert.True(proxy.HasCut);
        Assert.Equal((500, 1), (made.Created, made.Revision));
        Assert.Equal(500, made.Partners.Count);
        Assert.Equal(500, (await client.ListAsync().AllAsync()).Count);
        Assert.Single(await client.ListChangeSetsAsync().AllAsync());
    }

    private async Task<RosterClient> ThroughAsync(CuttingProxy proxy) =>
        Clients.Of(proxy.Address, (await host.NewWorkspaceAsync()).Key!, proxy.Http);

    private sealed class FullDisk : MemoryStream
    {
        public int Writes { get; private set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Writes++;
            throw new IOException("No space left on device");
        }
    }
}

public sealed class CutLinesOnSqlite(SqliteHost host) : CutLineContract(host);

public sealed class CutLinesOnPostgres(PostgresHost host) : CutLineContract(host);
