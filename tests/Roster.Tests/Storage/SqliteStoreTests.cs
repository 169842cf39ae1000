using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Roster.Access;
using Roster.Batches;
using Roster.Changes;
using Roster.Imports;
using Roster.Log;
using Roster.Partners;
using Roster.Server.Commands;
using Roster.Storage;
using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Search;
using Roster.Storage.Sqlite.Tools;
using Roster.Storage.Sqlite.Writing;

namespace Roster.Tests.Storage;

/// <summary>SQLite only: settings, the file, its lock, migrations.</summary>
public sealed class SqliteStoreTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string File => _folder.File("roster.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_bundled_SQLite_has_no_known_corruption_bug() => Assert.True(SqliteDatabase.LibraryVersion >= 3_051_003);

    [Fact]
    public async Task A_served_file_has_a_write_ahead_log_and_a_closed_one_has_none()
    {
        await using (await OpenAsync())
        {
            Assert.Equal("wal", Scalar("pragma journal_mode"));
            Assert.True(System.IO.File.Exists(File + "-wal"));
        }
        Assert.False(System.IO.File.Exists(File + "-wal"));
    }

    [Fact]
    public async Task The_bytes_of_the_database_are_those_of_its_own_files()
    {
        await using var store = await OpenAsync();
        var workspace = (await store.AddWorkspaceAsync("w", new Timestamp(1), CancellationToken.None))!.Id;
        await store.WriteImportBlocksAsync(
            workspace, Guid.NewGuid(), [new(ImportBlockKind.File, 0, [], new byte[1 << 20])], CancellationToken.None);
        Directory.CreateDirectory($"{File}.search");
        System.IO.File.WriteAllBytes($"{File}.search/another.db", new byte[1 << 20]);
        foreach (var copy in new[] { ".old", "-copy", ".imports.old" })
            System.IO.File.WriteAllBytes(File + copy, new byte[10 << 20]);

        Assert.InRange((await store.ReadStatusAsync(workspace, CancellationToken.None)).DatabaseBytes!.Value, 2 << 20, 5 << 20);
    }

    [Fact]
    public async Task A_second_server_on_the_same_file_is_refused_and_the_first_goes_on()
    {
        await using var first = await OpenAsync();

        var refused = (await Assert.ThrowsAsync<StoreRefusedException>(() => OpenAsync()));

        Assert.Contains("Another Roster server uses", refused.Message, StringComparison.Ordinal);
        await first.CheckAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Opening_again_migrates_nothing()
    {
        await (await OpenAsync()).DisposeAsync();
        var journal = Scalar("select group_concat(ScriptName || Applied) from SchemaVersions");

        await (await OpenAsync()).DisposeAsync();

        Assert.Equal(journal, Scalar("select group_concat(ScriptName || Applied) from SchemaVersions"));
        Assert.Empty(await Store.Parse("sqlite:" + File).MigrateAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_migration_that_was_interrupted_is_whole_after_the_next_start()
    {
        // What a kill within a migration's transaction leaves: a file without anything of the migration.
        using (var database = SqliteDatabase.Open(File, creates: true))
        {
            database.ReadText("pragma journal_mode = wal");
            database.Execute("begin");
            database.Execute("create table workspace (id integer primary key) strict");
        }

        await using var store = await OpenAsync();

        Assert.NotNull(await store.AddWorkspaceAsync("w", new Timestamp(1), CancellationToken.None));
        Assert.Equal(SqliteMigrations.All.Known.Count.ToString(null, null), Scalar("select count(*) from SchemaVersions"));
    }

    [Fact]
    public async Task Keys_from_before_erasing_had_its_scope_get_it_only_where_they_had_all()
    {
        Scopes[] then = [Scopes.All & ~Scopes.PartnersErase, Scopes.LinksWrite, Scopes.All & ~Scopes.PartnersErase & ~Scopes.KeysRead];
        await using (var before = await OpenAsync())
        {
            var workspace = (await before.AddWorkspaceAsync("w", new Timestamp(1), CancellationToken.None))!;
            foreach (var scopes in then)
                await KeyCommands.AddAsync(before, workspace, "k", scopes, new Timestamp(1), null, CancellationToken.None);
        }
        Scalar("delete from SchemaVersions where ScriptName like '%erase_scope.sql'");

        await using var store = await OpenAsync();

        Assert.Equal(
            new[] { Scopes.All, then[1], then[2] }.Order(),
            (await store.ListKeysAsync(null, CancellationToken.None)).Select(key => key.Scopes).Order());
    }

    [Fact]
    public async Task A_file_of_a_newer_Roster_is_refused()
    {
        await (await OpenAsync()).DisposeAsync();
        Scalar("insert into SchemaVersions (ScriptName, Applied) values ('9999_future.sql', '2030-01-01')");

        Assert.Contains("newer Roster", (await Assert.ThrowsAsync<StoreRefusedException>(() => OpenAsync())).Message,
            StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreRefusedException>(() => OpenAsync(StoreUse.Administer));
    }

    [Fact]
    public async Task A_command_does_not_create_a_database_where_the_path_is_mistyped()
    {
        await Assert.ThrowsAsync<StoreRefusedException>(() => OpenAsync(StoreUse.Administer));
        Assert.False(System.IO.File.Exists(File));
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_and_left_alone()
    {
        await System.IO.File.WriteAllTextAsync(File, new string('x', 10_000));

        await Assert.ThrowsAsync<StoreRefusedException>(() => OpenAsync());
        Assert.Equal(new string('x', 10_000), await System.IO.File.ReadAllTextAsync(File));
    }

    [Theory]
    [InlineData("create table message (id integer primary key)")]
    [InlineData("pragma application_id = 252006674")]
    public async Task Another_program_s_file_is_refused_by_name_and_left_alone(string sql)
    {
        Scalar("pragma journal_mode = delete");
        Scalar(sql);
        var before = await System.IO.File.ReadAllBytesAsync(File);

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => OpenAsync());

        Assert.Equal($"{File} is another program's SQLite file. Name a file of Roster's, or one that is not there yet.", refused.Message);
        Assert.Equal(before, await System.IO.File.ReadAllBytesAsync(File));
        await Assert.ThrowsAsync<StoreRefusedException>(() => Store.Parse("sqlite:" + File).MigrateAsync(CancellationToken.None));
    }

    [Fact]
    public async Task All_files_are_their_owner_s_alone()
    {
        const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var path = _folder.File("made/by us/roster.db");
        await using var store = await Store.Parse("sqlite:" + path).OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None);
        var workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
        await store.WriteAsync(workspace.Id, Some.Upsert("""[{"name":"needle"}]"""),
            new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None);
        Assert.Equal(1, await store.CountAsync(workspace.Id, new PartnerFilter(Q: "needle"), CancellationToken.None));

        var modes = Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories)
            .ToDictionary(file => file, System.IO.File.GetUnixFileMode);
        foreach (var name in new[]
        {
            "roster.db", "roster.db-wal", "roster.db-shm", "roster.db.lock", "roster.db.search/1.db", "roster.db.search/1.db-wal",
        })
            Assert.Equal(OwnersFile, modes[_folder.File("made/by us/" + name)]);
        Assert.All(modes.Values, mode => Assert.Equal(OwnersFile, mode));
        foreach (var name in new[] { "made", "made/by us", "made/by us/roster.db.search" })
            Assert.Equal(OwnersFile | UnixFileMode.UserExecute, System.IO.File.GetUnixFileMode(_folder.File(name)));
    }

    [Fact]
    public async Task A_folder_that_is_none_is_refused_in_one_sentence()
    {
        await System.IO.File.WriteAllTextAsync(_folder.File("taken"), "");

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => Store.Parse("sqlite:" + _folder.File("taken/roster.db"))
            .OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None));

        Assert.Contains($"The folder {_folder.File("taken")} cannot be made", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_makes_no_file_where_there_is_none()
    {
        await Assert.ThrowsAsync<StoreException>(() => Task.Run(() => SqliteDatabase.Open(_folder.File("nowhere.db"))));
        Assert.False(System.IO.File.Exists(_folder.File("nowhere.db")));
    }

    [Fact]
    public async Task An_idempotency_key_whose_attempt_has_gone_on_for_too_long_is_taken_over_and_only_one_of_them_writes()
    {
        await using var store = await OpenAsync();
        var workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
        var (first, second) = (Attempt(), Attempt());
        var claimed = new Timestamp(1_000_000_000);

        Assert.IsType<IdempotencyState.Unused>(await ClaimAsync(first, claimed, staleSince: default));
        Assert.IsType<IdempotencyState.Running>(await ClaimAsync(second, claimed, staleSince: claimed));
        Assert.IsType<IdempotencyState.Unused>(
            await ClaimAsync(second, claimed.AddMilliseconds(90_001), staleSince: claimed.AddMilliseconds(1)));

        await Assert.ThrowsAsync<ClaimLostException>(() => WriteAsync(first));
        Assert.Equal(1, (await WriteAsync(second)).Plan.Created);
        Assert.IsType<IdempotencyState.Done>(await ClaimAsync(first, claimed, staleSince: default));
        await Assert.ThrowsAsync<ClaimLostException>(() => WriteAsync(first));
        Assert.Equal(1, await store.CountAsync(workspace.Id, new PartnerFilter(), CancellationToken.None));

        static Idempotency Attempt() => new(new byte[32], new byte[32], Guid.NewGuid(), default, default);

        Task<IdempotencyState> ClaimAsync(Idempotency attempt, Timestamp now, Timestamp staleSince) =>
            store.ClaimAsync(workspace.Id, attempt, now, staleSince, CancellationToken.None);

        Task<WrittenPlan> WriteAsync(Idempotency attempt) => store.WriteAsync(
            workspace.Id,
            new WriteRequest(Some.Upsert("""[{"name":"once"}]"""), new Origin(Guid.NewGuid(), Guid.NewGuid()),
                Idempotency: attempt), CancellationToken.None);
    }

    [Fact]
    public async Task Each_write_is_logged_in_its_own_transaction_with_what_was_before()
    {
        await using var store = await OpenAsync();
        var workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
        var origin = new Origin(Guid.NewGuid(), Guid.NewGuid());

        var created = await store.WriteAsync(
            workspace.Id, Some.Upsert("""[{"name":"a","email":"a@b.example"},{"name":"b"}]"""), origin, CancellationToken.None);
        var first = created.Plan.Answer[0];
        await store.WriteAsync(
            workspace.Id, Some.Upsert($$"""[{"name":"c"},{"id":"{{first.Id}}","name":"z","email":null}]"""),
            origin, CancellationToken.None);

        var log = Log(workspace);
        Assert.Equal(["upsert 1: 2 created, 0 updated", "upsert 2: 1 created, 1 updated"], log.Select(entry => entry.Text));
        Assert.All(log[0].Changes, change => Assert.Null(change.Before));
        Assert.Equal(
            [null, new LoggedState(1, first.UpdatedAt, null, Some.Values("a", "a@b.example"))],
            log[1].Changes.Select(change => change.Before));
        Assert.Equal(first.Id, log[1].Changes[1].Id);
        Assert.Equal("2", Scalar($"select revision from partner where hex(id) = '{first.Id:N}' collate nocase"));
    }

    [Fact]
    public async Task Large_changes_are_read_on_no_more_connections_than_there_are_cores()
    {
        const int Many = 10_000;
        const int OfWriterWitnessCheckpointsAndSearch = 4;
        await using var store = await OpenAsync();
        var workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
        var ids = (await WriteAsync(Enumerable.Range(0, Many).Select(i => (object)new { name = $"before {i}" }))).Answer
            .Select(partner => partner.Id).ToArray();
        Random.Shared.Shuffle(ids);

        for (var i = 0; i < 20; i++)
            Assert.Equal(Many, (await WriteAsync(ids.Select(id => (object)new { id }))).Unchanged);

        var open = new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos().Count(descriptor => descriptor.LinkTarget == File);
        Assert.InRange(open, OfWriterWitnessCheckpointsAndSearch, OfWriterWitnessCheckpointsAndSearch + Environment.ProcessorCount);

        async Task<ChangePlan> WriteAsync(IEnumerable<object> items) => (await store.WriteAsync(
            workspace.Id, Some.Upsert(JsonSerializer.Serialize(items)), new Origin(Guid.NewGuid(), Guid.NewGuid()),
            CancellationToken.None)).Plan;
    }

    [Fact]
    public async Task However_many_filters_are_combined_few_statements_stay_prepared()
    {
        var (open, opened) = (new HashSet<SqliteDatabase>(), 0);
        SqliteDatabase.Opened += Note;
        try
        {
            await using var store = await OpenAsync();
            var workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
            await store.WriteAsync(
                workspace.Id, Some.Upsert("""[{"name":"needle"}]"""), new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None);
            PartnerFilter[] filters =
            [
                .. from deleted in Enum.GetValues<DeletedPartners>()
                   from email in new bool?[] { null, true, false }
                   from phone in new bool?[] { null, true, false }
                   from since in new Timestamp?[] { null, new Timestamp(1) }
                   from q in new[] { null, "needle" }
                   select new PartnerFilter(Q: q, HasEmail: email, HasPhone: phone, UpdatedSince: since, Deleted: deleted),
            ];
            foreach (var filter in filters)
                foreach (var sort in Enum.GetValues<PartnerSort>())
                    await store.ListAsync(workspace.Id, new PartnerQuery(filter, sort, true, 5), CancellationToken.None);

            lock (open)
            {
                Assert.All(open, database => Assert.InRange(database.Texts.Count, 0, SqliteReaders.MaxStatements));
                Assert.InRange(opened, 1, 20);
            }
        }
        finally
        {
            SqliteDatabase.Opened -= Note;
        }

        void Note(SqliteDatabase database)
        {
            if (!database.Path.StartsWith(File, StringComparison.Ordinal))
                return;
            database.Closing += Forget;
            lock (open)
            {
                open.Add(database);
                opened++;
            }
        }

        void Forget(SqliteDatabase database)
        {
            lock (open)
                open.Remove(database);
        }
    }

    [Fact]
    public async Task The_file_of_a_large_import_is_deleted_in_small_transactions_and_its_room_is_given_back()
    {
        const int Mebibytes = 80;
        var id = Guid.NewGuid();
        await using var store = await OpenAsync();
        for (var number = 0; number < Mebibytes; number++)
            await store.WriteImportBlocksAsync(
                1, id, [new ImportBlock(ImportBlockKind.File, number, [], new byte[1 << 20])], CancellationToken.None);
        Assert.InRange(Length(".imports"), Mebibytes << 20, long.MaxValue);

        await store.DeleteImportBlocksAsync(1, id, ImportBlockKind.File, 1, CancellationToken.None);

        // The log begins again with each transaction, and keeps the length of the longest.
        Assert.InRange(Length(".imports-wal"), 1, 32 << 20);
        Assert.NotNull(await store.ReadImportBlockAsync(1, id, ImportBlockKind.File, 0, CancellationToken.None));

        await store.DeleteImportBlocksAsync(1, id, ImportBlockKind.File, 0, CancellationToken.None);

        Assert.Equal(0, Length(".imports-wal"));
        Assert.InRange(Length(".imports"), 1, 1 << 20);

        long Length(string end) => new FileInfo(File + end).Length;
    }

    [Fact]
    public async Task A_cancelled_write_that_waits_is_taken_back()
    {
        await using var store = await OpenAsync();
        var workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.WriteAsync(
            workspace.Id, Some.Upsert("""[{"name":"a"}]"""), default, new CancellationToken(canceled: true)));

        Assert.Equal("0", Scalar("select count(*) from partner"));
        Assert.Equal("0", Scalar("select revision from workspace"));
    }

    [Fact]
    public async Task A_search_index_that_is_lost_or_behind_is_made_anew_and_misses_nothing()
    {
        var workspace = default(Workspace)!;
        await using (var store = await OpenAsync())
        {
            workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
            await store.WriteAsync(workspace.Id, Some.Upsert("""[{"name":"needle one"},{"name":"hay"}]"""),
                default, CancellationToken.None);
            Assert.Single(await SearchAsync(store));
        }
        Directory.Delete(File + ".search", recursive: true);
        await using (var store = await OpenAsync())
            Assert.Single(await SearchAsync(store));
        await System.IO.File.WriteAllTextAsync(System.IO.Path.Combine(File + ".search", $"{workspace.Id}.db"), new string('x', 5_000));
        await using (var store = await OpenAsync())
        {
            await store.WriteAsync(workspace.Id, Some.Upsert("""[{"name":"needle two"}]"""), default, CancellationToken.None);
            Assert.Equal(2, (await SearchAsync(store)).Count);
        }

        async Task<IReadOnlyList<Partner>> SearchAsync(IRosterStore store) => (await store.ListAsync(
            workspace.Id, new PartnerQuery(new PartnerFilter(Q: "needle"), PartnerSort.CreatedAt, true, 50),
            CancellationToken.None)).Partners;
    }

    [Fact]
    public async Task A_search_index_of_addresses_that_were_folded_in_another_way_is_made_anew()
    {
        var workspace = default(Workspace)!;
        await using (var store = await OpenAsync())
        {
            workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
            await store.WriteAsync(workspace.Id, Some.Stored(Some.Row("n", "zoe\u0301@example.com")), default, CancellationToken.None);
            Assert.Equal(1, await CountAsync(store));
        }
        Scalar("update doc set email = 'zoe\u0301@example.com'; pragma user_version = 2",
            System.IO.Path.Combine(File + ".search", $"{workspace.Id}.db"));

        await using (var store = await OpenAsync())
            Assert.Equal(1, await CountAsync(store));

        Task<long> CountAsync(IRosterStore store) =>
            store.CountAsync(workspace.Id, new PartnerFilter(Email: "ZO\u00c9@example.com"), CancellationToken.None);
    }

    [Fact]
    public async Task A_search_index_of_other_writes_than_the_restored_backup_has_is_made_anew()
    {
        Workspace workspace;
        await using (var store = await OpenAsync())
        {
            workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
            await WriteAsync(store, """[{"name":"before the backup"}]""");
        }
        System.IO.File.Copy(File, File + ".backup");
        await using (var store = await OpenAsync())
        {
            for (var i = 0; i < 5; i++)
                await WriteAsync(store, """[{"name":"lost with the disk"}]""");
            Assert.Equal(6, await CountAsync(store, "the"));
        }
        System.IO.File.Copy(File + ".backup", File, overwrite: true);
        await using (var store = await OpenAsync())
        {
            Assert.Equal(1, await CountAsync(store, "the"));
            await WriteAsync(store, """[{"name":"after the backup","email":"after@example.com"}]""");
            Assert.Equal(2, await CountAsync(store, "the"));
            Assert.Equal(0, await CountAsync(store, "lost"));
            var matched = new BatchBuilder(ChangeKind.Upsert, MatchOn.Email);
            var reader = new JsonBatchReader(matched);
            reader.Read(new("""[{"email":"AFTER@example.com","phone":"1"}]"""u8.ToArray()), isFinal: true);
            var plan = await store.WriteAsync(
                workspace.Id, ((BatchReading.Accepted)reader.Finish()).Change, NewOrigin(), CancellationToken.None);
            Assert.Equal((0, 1), (plan.Plan.Created, plan.Plan.Updated));
        }

        Task WriteAsync(IRosterStore store, string json) =>
            store.WriteAsync(workspace.Id, Some.Upsert(json), NewOrigin(), CancellationToken.None);

        async Task<int> CountAsync(IRosterStore store, string q) => (await store.ListAsync(
            workspace.Id, new PartnerQuery(new PartnerFilter(Q: q), PartnerSort.CreatedAt, true, 50),
            CancellationToken.None)).Partners.Count;

        static Origin NewOrigin() => new(Guid.NewGuid(), Guid.NewGuid());
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_an_index_to_be_filled()
    {
        var index = System.IO.Path.Combine(File + ".search", "1.db");
        Workspace workspace;
        await using (var store = await OpenAsync())
        {
            workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
            await store.WriteAsync(
                workspace.Id, Some.Upsert(
                    "[" + string.Join(',', Enumerable.Range(0, 10_000).Select(i => $$"""{"name":"needle {{i}}"}""")) + "]"),
                new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None);
        }

        Assert.False(System.IO.File.Exists(index) && Scalar("select reached from state", index) != "0");
        await using (var store = await OpenAsync())
            Assert.Equal(10_000, await store.CountAsync(workspace.Id, new PartnerFilter(Q: "needle"), CancellationToken.None));
        Assert.Equal("1", Scalar("select reached from state", index));
    }

    [Fact]
    public async Task A_search_index_s_log_goes_into_its_file_and_begins_again()
    {
        const int Many = 10_000;
        var path = _folder.File("index.db");
        var (file, log) = (new FileInfo(path), new FileInfo(path + "-wal"));
        await using var store = await OpenAsync();
        var workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
        using var main = SqliteDatabase.Open(File);
        using var index = new SqliteSearchIndex(path, workspace.Id, _ => null, () => { }, new SqliteOpenIndexes(1));

        await FollowAsync(1);
        await FollowAsync(Many);
        Assert.Equal(0, PartnersInFileAlone());
        index.Log.Settle();
        index.Log.FinishSettling();
        Assert.Equal(1 + Many, PartnersInFileAlone());

        var length = log.Length;
        await FollowAsync(Many);
        log.Refresh();
        Assert.InRange(log.Length, length, length * 3 / 2);
        Assert.Equal(1 + (2 * Many), index.Read(database => database.ReadInt64("select count(*) from doc")));

        async Task FollowAsync(int creates)
        {
            await store.WriteAsync(
                workspace.Id, Some.Upsert(JsonSerializer.Serialize(Enumerable.Range(0, creates)
                    .Select(i => new { name = Convert.ToHexString(SHA512.HashData(BitConverter.GetBytes(i))) }))),
                new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None);
            index.Follow(main, CancellationToken.None);
        }

        long PartnersInFileAlone()
        {
            // The file without its write-ahead log.
            var copy = file.CopyTo(_folder.File("copy.db"), overwrite: true);
            using var alone = SqliteDatabase.Open(copy.FullName);
            return alone.ReadInt64("select count(*) from sqlite_schema where name = 'doc'") == 0 ? 0 : alone.ReadInt64(
                "select count(*) from doc");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whoever_has_a_search_index_that_was_thrown_away_or_lost_never_sees_the_half_full_one_in_its_place(bool isThrownAway)
    {
        var (path, places) = (_folder.File("index.db"), new SqliteOpenIndexes(1));
        await using var store = await OpenAsync();
        var workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
        await store.WriteAsync(
            workspace.Id, Some.Upsert("""[{"name":"a"}]"""), new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None);
        using var main = SqliteDatabase.Open(File);
        using var index = Open(path);
        Assert.True(index.Follow(main, CancellationToken.None));
        Assert.Equal(1, Partners(index));

        if (isThrownAway)
            index.Dispose();
        // It is the only one that is open.
        using var other = Open(_folder.File("other.db"));
        SqliteSearchIndex.Delete(path);
        using var renewed = Open(path);

        for (var tries = 0; tries < 3; tries++)
            Assert.Equal(StoreTrouble.SearchBehind, Assert.Throws<StoreException>(() => Partners(index)).Trouble);
        Assert.True(index.IsDamaged);
        Assert.Equal(0, Partners(renewed));

        SqliteSearchIndex Open(string file) => new(file, workspace.Id, _ => null, () => { }, places);

        static long Partners(SqliteSearchIndex one) => one.Read(search => search.ReadInt64("select count(*) from doc"));
    }

    [Fact]
    public async Task A_filling_lets_others_go_first_and_goes_on_where_it_was_after_its_files_were_closed()
    {
        const int Many = 5_000;
        var places = new SqliteOpenIndexes(1);
        await using var store = await OpenAsync();
        var workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
        var ids = await FillAsync(store, workspace, Many);
        using var main = SqliteDatabase.Open(File);
        using var index = Open("index.db");

        var passes = 1;
        for (; !index.Follow(main, CancellationToken.None); passes++)
        {
            Assert.Equal((0, false), (index.Reached, index.IsSpoiled(main)));
            // It is the only one that is open.
            using var other = Open($"other{passes}.db");
        }

        Assert.InRange(passes, Many / 1_000, int.MaxValue);
        Assert.Equal(
            $"{Many}|{Many}|{Many}",
            index.Read(search => search.ReadText("""
                select count(*) || '|' || max(number) || '|' || (select live from term_count where kind = 3 and term = 'partner') from doc
                """)));

        using var erased = Open("erased.db");
        using var lost = Open("lost.db");
        Assert.False(erased.Follow(main, CancellationToken.None));
        Assert.False(lost.Follow(main, CancellationToken.None));
        using var last = Open("last.db");
        SqliteSearchIndex.Delete(lost.Path);
        Assert.Equal(
            StoreTrouble.SearchBehind, Assert.Throws<StoreException>(() => lost.Follow(main, CancellationToken.None)).Trouble);
        await store.WriteAsync(
            workspace.Id, Some.Erasure(ids[0]), new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None);
        Assert.True(erased.IsSpoiled(main));

        SqliteSearchIndex Open(string file) =>
            new(_folder.File(file), workspace.Id, _ => null, () => { }, places) { FillTime = TimeSpan.Zero };
    }

    [Fact]
    public async Task Searches_of_other_workspaces_go_on_while_the_index_of_a_large_one_is_made_anew()
    {
        const int Many = 80_000;
        await using var store = await OpenAsync();
        var large = (await store.AddWorkspaceAsync("large", new Timestamp(0), CancellationToken.None))!;
        var small = (await store.AddWorkspaceAsync("small", new Timestamp(0), CancellationToken.None))!;
        var ids = await FillAsync(store, large, Many);
        await CountAsync(large);
        await FillAsync(store, small, 1);
        Assert.Equal(1, await CountAsync(small));

        await store.WriteAsync(large.Id, Some.Erasure(ids[0]), new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None);
        var searched = CountAsync(large);
        while (await ShownAsync() != 0)
            await Task.Yield();
        await FillAsync(store, small, 1);

        Assert.Equal(2, await store.CountAsync(small.Id, new PartnerFilter(Q: "needle"), CancellationToken.None));
        Assert.Equal(0, await ShownAsync());
        Assert.Equal(Many - 1, await searched);

        async Task<long> ShownAsync() => (await store.ReadStatusAsync(large.Id, CancellationToken.None)).SearchRevision;

        async Task<long> CountAsync(Workspace workspace)
        {
            while (true)
                try
                {
                    return await store.CountAsync(workspace.Id, new PartnerFilter(Q: "needle"), CancellationToken.None);
                }
                catch (StoreException behind) when (behind.Trouble == StoreTrouble.SearchBehind)
                {
                    // As a client would, try again.
                }
        }
    }

    [Fact]
    public async Task A_write_by_addresses_is_refused_where_the_index_is_so_far_behind_that_others_would_wait_for_reading_the_log()
    {
        const int Together = 10_000;
        await using var store = await OpenAsync();
        var workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
        for (var written = 0; written <= 100_000; written += Together)
            await store.WriteAsync(
                workspace.Id, Some.Upsert(JsonSerializer.Serialize(Enumerable.Repeat(new { name = "n" }, Together))),
                new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None);
        using var main = SqliteDatabase.Open(File);
        using var index = new SqliteSearchIndex(_folder.File("index.db"), workspace.Id, _ => null, () => { }, new SqliteOpenIndexes(1));

        Assert.Equal(
            StoreTrouble.SearchBehind,
            Assert.Throws<StoreException>(() => new SqliteEmailMatches(main, workspace.Id, index, end: 11)).Trouble);
    }

    [Fact]
    public async Task While_erased_values_are_cleaned_up_the_database_is_ready_for_it_reads_and_takes_writes()
    {
        await (await OpenAsync()).DisposeAsync();
        using var other = SqliteDatabase.Open(File);
        other.Execute("update upkeep set cleaning_owed = 1");
        // The cleaning waits for the lock as long as it would take for a large file.
        other.Execute("begin immediate");
        await using var store = await OpenAsync();
        var cleans = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        store.Notices.Follow((notice, begins) =>
        {
            if (begins && notice.Code == StoreNotice.CleaningOwed)
                cleans.TrySetResult();
        });
        if (!store.Notices.Codes.Contains(StoreNotice.CleaningOwed))
            await cleans.Task;

        await store.CheckAsync(CancellationToken.None);

        Assert.Contains(StoreNotice.CleaningOwed, store.Notices.Codes);
        other.Execute("rollback");
    }

    [Fact]
    public async Task A_file_behind_a_symbolic_link_is_served_and_its_lock_and_log_are_beside_it()
    {
        await (await OpenAsync()).DisposeAsync();
        var link = _folder.File("link.db");
        System.IO.File.CreateSymbolicLink(link, File);

        await using (var store = await Store.Parse("sqlite:" + link).OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None))
        {
            await store.CheckAsync(CancellationToken.None);
            Assert.Empty(store.Notices.Codes);
            Assert.NotNull(await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None));
            var second = await Assert.ThrowsAsync<StoreRefusedException>(() => OpenAsync());
            Assert.Contains("Another Roster server uses", second.Message, StringComparison.Ordinal);
        }
        System.IO.File.CreateSymbolicLink(_folder.File("ring.db"), _folder.File("ring.db"));
        Assert.Contains("leads nowhere", Assert.Throws<StoreAddressException>(
            () => Store.Parse("sqlite:" + _folder.File("ring.db"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_erased_is_in_no_byte_of_any_file()
    {
        await using var store = await OpenAsync();
        var workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
        var doomed = await WriteAsync(Some.Upsert("""
            [{"name":"Erasmus Secretus","email":"erasmus@secretus.example","tags":["Order of Secretus"],"metadata":{"house":"Secretus"}}]
            """));
        await WriteAsync(Some.Upsert("[" + string.Join(',', Enumerable.Range(0, 3_000).Select(i => $$"""{"name":"other {{i}}"}""")) + "]"));
        await WriteAsync(Some.Upsert($$"""[{"id":"{{doomed.Answer[0].Id}}","name":"Erasmus Secretus the Second"}]"""));
        Assert.Single(await FindAsync());
        Assert.True(Holds("Secretus") || Holds("secretus"));

        // The continuation must not run on the thread that reports, which is the cleaner's or the search's own.
        var cleaned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await WriteAsync(Some.Erasure(doomed.Answer[0].Id));
        store.Notices.Follow((_, begins) =>
        {
            if (!begins && !store.Notices.Codes.Contains(StoreNotice.CleaningOwed))
                cleaned.TrySetResult();
        });
        if (store.Notices.Codes.Contains(StoreNotice.CleaningOwed))
            await cleaned.Task;

        Assert.Empty(await FindAsync());
        foreach (var part in new[] { "Secretus", "secretus" })
            Assert.False(Holds(part), part);
        Assert.Equal(3_000, await store.CountAsync(workspace.Id, new PartnerFilter(), CancellationToken.None));

        async Task<ChangePlan> WriteAsync(Change change) =>
            (await store.WriteAsync(workspace.Id, change, new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None)).Plan;

        async Task<IReadOnlyList<Partner>> FindAsync() => (await store.ListAsync(
            workspace.Id, new PartnerQuery(new PartnerFilter(Q: "secretus"), PartnerSort.CreatedAt, true, 50),
            CancellationToken.None)).Partners;

        bool Holds(string text) => Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories)
            .Where(file => !file.EndsWith(".lock", StringComparison.Ordinal))
            .Any(file => ReadShared(file).AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(text)) >= 0);

        static byte[] ReadShared(string file)
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
    }

    [Fact]
    public async Task A_key_created_by_a_command_beside_the_server_works_at_once()
    {
        await using var server = await OpenAsync();
        var workspace = (await server.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
        await using var command = await OpenAsync(StoreUse.Administer);

        var secret = await KeyCommands.AddAsync(
            command, workspace, "k", Scopes.PartnersRead, new Timestamp(1), null, CancellationToken.None);

        Assert.Equal("k", (await server.FindKeyAsync(secret.Hash(), CancellationToken.None))!.Name);
    }

    /// <summary>Creates partners, and returns their ids.</summary>
    private static async Task<List<Guid>> FillAsync(IRosterStore store, Workspace workspace, int count)
    {
        const int Together = 10_000;
        var ids = new List<Guid>();
        while (ids.Count < count)
        {
            var items = Enumerable.Range(ids.Count, Math.Min(Together, count))
                .Select(i => new { name = $"needle {i} in a haystack", phone = $"{i}" });
            var written = await store.WriteAsync(
                workspace.Id, Some.Upsert(JsonSerializer.Serialize(items)), new Origin(Guid.NewGuid(), Guid.NewGuid()),
                CancellationToken.None);
            ids.AddRange(written.Plan.Answer.Select(partner => partner.Id));
        }
        return ids;
    }

    private Task<IRosterStore> OpenAsync(StoreUse use = StoreUse.Serve) =>
        Store.Parse("sqlite:" + File).OpenAsync(use, TimeProvider.System, CancellationToken.None);

    private string? Scalar(string sql, string? file = null)
    {
        using var connection = new SqliteConnection($"Data Source={file ?? File};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar()?.ToString();
    }

    private List<(string Text, IReadOnlyList<LoggedChange> Changes)> Log(Workspace workspace)
    {
        var entries = new List<(string, IReadOnlyList<LoggedChange>)>();
        using var connection = new SqliteConnection($"Data Source={File};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "select kind, revision, created, updated, changes from change_set where workspace_id = $1 order by revision";
        command.Parameters.AddWithValue("$1", workspace.Id);
        using var rows = command.ExecuteReader();
        while (rows.Read())
            entries.Add((
                $"{rows.GetString(0)} {rows.GetInt64(1)}: {rows.GetInt64(2)} created, {rows.GetInt64(3)} updated",
                ChangeEncoding.Decode((byte[])rows.GetValue(4))));
        return entries;
    }
}
