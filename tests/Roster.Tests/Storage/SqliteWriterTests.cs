using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Writing;

namespace Roster.Tests.Storage;

public sealed class SqliteWriterTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly SqliteDatabase _database;

    public SqliteWriterTests()
    {
        _database = SqliteDatabase.Open(_folder.File("writer.db"), creates: true);
        _database.Execute("pragma journal_mode = wal");
        _database.Execute("create table line (text text not null) strict");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Jobs_that_wait_together_share_a_transaction_and_one_that_fails_leaves_the_others()
    {
        var transactions = 0;
        var writer = new SqliteWriter(_database, _ => transactions++);
        using var busy = new BusyWriter(writer);
        var together = Enumerable.Range(0, 100).Select(i => writer.RunAsync(1, database =>
        {
            Insert(database, $"line {i}");
            return i % 10 == 0 ? throw new InvalidOperationException("a bug") : i;
        }, CancellationToken.None)).ToList();

        await busy.LetGoAsync();
        foreach (var (job, i) in together.Select((job, i) => (job, i)))
        {
            if (i % 10 == 0)
                await Assert.ThrowsAsync<InvalidOperationException>(() => job);
            else
                Assert.Equal(i, await job);
        }
        Assert.Equal(90, await CountAsync(writer));
        writer.Dispose();
        Assert.Equal(3, transactions);
    }

    [Fact]
    public async Task A_small_job_waits_for_one_large_one_at_most_and_a_large_one_for_no_more_than_a_transaction_of_small_ones()
    {
        var transactions = 0;
        var order = new List<int>();
        var writer = new SqliteWriter(_database, _ => transactions++);
        using var busy = new BusyWriter(writer);
        var jobs = new[] { 10_001, 10_002, 10_003, 1, 2, 900, 3 }.Select(rows => writer.RunAsync(rows, _ =>
        {
            order.Add(rows);
            return true;
        }, CancellationToken.None)).ToList();

        await busy.LetGoAsync();
        await Task.WhenAll(jobs);
        writer.Dispose();

        Assert.Equal([10_001, 1, 2, 900, 3, 10_002, 10_003], order);
        Assert.Equal(5, transactions);
    }

    [Fact]
    public async Task A_full_disk_fails_the_job_whole_and_the_next_one_is_not_the_worse_for_it()
    {
        using var writer = new SqliteWriter(_database, _ => { });
        // A page limit of SQLite gives the same error as a full disk.
        await writer.RunAsync(0, database => database.ReadInt64("pragma max_page_count = 10"), CancellationToken.None);

        var failure = await Assert.ThrowsAsync<StoreException>(() => writer.RunAsync(1, database =>
        {
            for (var i = 0; i < 10_000; i++)
                Insert(database, "too much");
            return true;
        }, CancellationToken.None));

        Assert.Equal(StoreTrouble.Full, failure.Trouble);
        Assert.Equal(0, await CountAsync(writer));
        await writer.RunAsync(1, database =>
        {
            Insert(database, "fits");
            return true;
        }, CancellationToken.None);
        Assert.Equal(1, await CountAsync(writer));
    }

    [Fact]
    public async Task No_more_jobs_wait_than_the_queue_takes_and_one_too_many_is_told_so()
    {
        using var writer = new SqliteWriter(_database, _ => { });
        using var busy = new BusyWriter(writer);
        var waiting = Enumerable.Range(0, SqliteWriter.MaxWaiting).Select(i => writer.RunAsync(1, _ => i, CancellationToken.None)).ToList();

        var refused = await Assert.ThrowsAsync<StoreException>(() => writer.RunAsync(1, _ => -1, CancellationToken.None));

        Assert.Equal(StoreTrouble.Overloaded, refused.Trouble);
        await busy.LetGoAsync();
        Assert.Equal(Enumerable.Range(0, SqliteWriter.MaxWaiting), await Task.WhenAll(waiting));
    }

    [Fact]
    public async Task A_job_that_was_taken_back_begins_no_transaction()
    {
        var transactions = 0;
        using var cancel = new CancellationTokenSource();
        var writer = new SqliteWriter(_database, _ => transactions++);
        using var busy = new BusyWriter(writer);
        var takenBack = writer.RunAsync(1, _ => true, cancel.Token);
        await cancel.CancelAsync();

        await busy.LetGoAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => takenBack);
        writer.Dispose();
        Assert.Equal(1, transactions);
    }

    [Fact]
    public async Task A_closed_writer_takes_no_jobs_and_says_why()
    {
        var writer = new SqliteWriter(_database, _ => { });
        writer.Dispose();

        Assert.Contains("The server stops", (await Assert.ThrowsAsync<StoreException>(
            () => writer.RunAsync(1, _ => 1, CancellationToken.None))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Jobs_that_wait_for_another_program_s_lock_are_all_told_when_it_is_not_given_back_in_time()
    {
        using var writer = new SqliteWriter(_database, _ => { });
        using var other = SqliteDatabase.Open(_folder.File("writer.db"));
        other.Execute("begin immediate");
        // Each of these begins a transaction of its own.
        var waiting = Enumerable.Range(0, 10)
            .Select(i => writer.RunAsync(SqliteWriter.MaxRowsTogether, _ => i, CancellationToken.None)).ToList();

        var failures = await Task.WhenAll(waiting.Select(job => Assert.ThrowsAsync<StoreException>(() => job)));

        // The first may have begun to wait before the others came; the others waited together.
        Assert.InRange(failures.Distinct().Count(), 1, 2);
        Assert.Equal(StoreTrouble.Unavailable, failures[0].Trouble);
        other.Execute("rollback");
        Assert.Equal(1, await writer.RunAsync(1, _ => 1, CancellationToken.None));
    }

    [Fact]
    public async Task A_closed_writer_has_finished_what_waited()
    {
        var writer = new SqliteWriter(_database, _ => { });
        var jobs = Enumerable.Range(0, 100).Select(i => writer.RunAsync(1, _ => i, CancellationToken.None)).ToList();

        writer.Dispose();

        Assert.Equal(Enumerable.Range(0, 100), await Task.WhenAll(jobs));
    }

    private static void Insert(SqliteDatabase database, string text) =>
        database.Prepare("insert into line (text) values (?1)").Bind(1, text).Run();

    private static Task<long> CountAsync(SqliteWriter writer) =>
        writer.RunAsync(0, database => database.ReadInt64("select count(*) from line"), CancellationToken.None);

    /// <summary>Keeps the writer busy with a transaction, so that jobs wait together.</summary>
    private sealed class BusyWriter : IDisposable
    {
        private readonly ManualResetEventSlim _begun = new();
        private readonly ManualResetEventSlim _letGo = new();
        private readonly Task _job;

        public BusyWriter(SqliteWriter writer)
        {
            _job = writer.RunAsync(1, _ =>
            {
                _begun.Set();
                return _letGo.Wait(TimeSpan.FromSeconds(30));
            }, CancellationToken.None);
            _begun.Wait(TimeSpan.FromSeconds(30));
        }

        public Task LetGoAsync()
        {
            _letGo.Set();
            return _job;
        }

        public void Dispose()
        {
            _begun.Dispose();
            _letGo.Dispose();
        }
    }
}
