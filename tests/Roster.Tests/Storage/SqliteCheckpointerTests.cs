using Roster.Storage.Sqlite;
using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Writing;

namespace Roster.Tests.Storage;

public sealed class SqliteCheckpointerTests : IDisposable
{
    private const int PageBytes = 4_096;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_log_keeps_its_bound_while_reads_overlap_so_that_one_is_always_under_way()
    {
        const int MaxPages = 1_024;
        const int PagesOfWrite = 50;
        const int Writes = 20 * MaxPages / PagesOfWrite;
        var path = _folder.File("log.db");
        using var writer = Open(path);
        writer.Execute("create table line (number integer primary key, text blob not null)");
        Write(writer, 0, 200);
        using var checkpointer = new SqliteCheckpointer(Open(path), MaxPages);
        using var stop = new CancellationTokenSource();
        var reads = 0;
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            using var reader = Open(path);
            while (!stop.IsCancellationRequested)
            {
                reader.ReadInt64("select sum(length(text)) from line");
                Interlocked.Increment(ref reads);
            }
        })).ToArray();

        var longest = 0L;
        for (var i = 0; i < Writes; i++)
        {
            Write(writer, i % 4 * PagesOfWrite, PagesOfWrite);
            checkpointer.AfterCommit(writer);
            longest = Math.Max(longest, new FileInfo(path + "-wal").Length);
        }
        await stop.CancelAsync();
        await Task.WhenAll(readers);

        Assert.InRange(longest, 1, (MaxPages + (2 * PagesOfWrite)) * (PageBytes + 24L));
        Assert.True(reads > 0);
    }

    [Fact]
    public void A_reader_that_goes_on_is_not_disturbed_and_after_it_the_log_begins_again()
    {
        const int MaxPages = 256;
        var path = _folder.File("log.db");
        using var writer = Open(path);
        writer.Execute("create table line (number integer primary key, text blob not null)");
        Write(writer, 0, 10);
        using var checkpointer = new SqliteCheckpointer(Open(path), MaxPages);
        using var reader = Open(path);
        reader.Execute("begin");
        Assert.Equal(10, reader.ReadInt64("select count(*) from line"));

        for (var i = 0; i < 60; i++)
        {
            Write(writer, 0, 10);
            checkpointer.AfterCommit(writer);
        }
        Assert.Equal(10, reader.ReadInt64("select count(*) from line"));
        reader.Execute("rollback");
        var length = new FileInfo(path + "-wal").Length;
        for (var i = 0; i < 60; i++)
        {
            Write(writer, 0, 10);
            checkpointer.AfterCommit(writer);
        }

        // As soon as the reader is gone, the log restarts from its beginning.
        Assert.InRange(new FileInfo(path + "-wal").Length, length, length + ((MaxPages / 16) + 30) * (PageBytes + 24L));
    }

    [Fact]
    public void Connections_that_write_cut_the_log_down_to_256_MiB()
    {
        Open(_folder.File("log.db")).Dispose();
        using var database = SqliteStore.OpenDurable(_folder.File("log.db"));

        Assert.Equal(256 << 20, database.ReadInt64("pragma journal_size_limit"));
    }

    [Fact]
    public void A_log_that_a_long_read_has_made_large_is_cut_down_to_its_bound_when_it_begins_again()
    {
        const int MaxPages = 64;
        var path = _folder.File("log.db");
        using var writer = Open(path);
        SqliteCheckpointer.LimitFile(writer, MaxPages);
        writer.Execute("create table line (number integer primary key, text blob not null)");
        Write(writer, 0, 10);
        using var checkpointer = new SqliteCheckpointer(Open(path), MaxPages);
        using (var reader = Open(path))
        {
            reader.Execute("begin");
            Assert.Equal(10, reader.ReadInt64("select count(*) from line"));
            for (var i = 0; i < 30; i++)
                Write(writer, 0, 10);
            reader.Execute("rollback");
        }
        Assert.InRange(new FileInfo(path + "-wal").Length, 2 * MaxPages * PageBytes, long.MaxValue);

        checkpointer.AfterCommit(writer);
        Write(writer, 0, 10);

        Assert.InRange(new FileInfo(path + "-wal").Length, 1, MaxPages * PageBytes);
    }

    private static SqliteDatabase Open(string path)
    {
        var database = SqliteDatabase.Open(path, creates: true);
        database.ReadText("pragma journal_mode = wal");
        database.ReadInt64("pragma wal_autocheckpoint = 0");
        return database;
    }

    private static void Write(SqliteDatabase database, int from, int pages)
    {
        database.Execute("begin immediate");
        for (var i = 0; i < pages; i++)
            database.Prepare("insert or replace into line (number, text) values (?1, randomblob(3000))").Bind(1, from + i).Run();
        database.Execute("commit");
    }
}
