using Npgsql;
using Roster.Partners;
using Roster.Storage.Checks;
using Roster.Storage.Postgres.Connections;
using Roster.Storage.Postgres.Search;
using Roster.Storage.Postgres.Tools;
using Roster.Storage.Postgres.Writing;
using Roster.Storage.Sqlite;

namespace Roster.Storage.Postgres;

/// <summary>The directory in a PostgreSQL database. This part opens and closes it.</summary>
internal sealed partial class PostgresStore : IRosterStore
{
    /// <summary>The server's settings. A missing setting counts as safe: this engine has no such choice.</summary>
    private const string SelectSettings = """
        select current_setting('transaction_read_only'), current_setting('server_encoding'),
            coalesce(current_setting('fsync', true), 'on'), coalesce(current_setting('synchronous_commit', true), 'on'),
            coalesce(current_setting('full_page_writes', true), 'on'), exists (select 1 from pg_extension where extname = 'citus')
        """;

    /// <summary>How long running calls may take when the store is closed without a limit of its own.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    /// <summary>The tables, and the rights that a server needs on each.</summary>
    private static readonly (string Table, string[] Rights)[] Needed =
    [
        ("workspace", ["select", "insert"]),
        ("api_key", ["select", "insert", "update"]),
        ("session", ["select", "insert", "update", "delete"]),
        ("console_link", ["select", "insert", "delete"]),
        ("log_end", ["select", "insert", "update"]),
        ("partner", ["select", "insert", "update", "delete"]),
        ("change_set", ["select", "insert", "update"]),
        ("idempotency", ["select", "insert", "update", "delete"]),
        ("audit_event", ["select", "insert"]),
        ("search_state", ["select", "insert", "update"]),
        ("partner_search", ["select", "insert", "delete"]),
        ("search_term", ["select", "insert", "update", "delete"]),
        ("day_count", ["select", "insert", "update", "delete"]),
        ("import", ["select", "insert", "update"]),
        ("import_part", ["select", "insert"]),
        ("import_mapping", ["select", "insert", "update", "delete"]),
        ("import_block", ["select", "insert", "update", "delete"]),
    ];

    private const string SelectLacking = """
        select needed.relation, needed.what, to_regclass(needed.relation) is null
        from unnest($1::text[], $2::text[]) as needed (relation, what)
        where not coalesce(has_table_privilege(to_regclass(needed.relation), needed.what), false)
        """;

    /// <summary>Reads each table and index that requests read, for a workspace that does not exist.</summary>
    private static PostgresStatement[] Reads =>
    [
        new(SelectEnd, 0L),
        new(SelectNamed, 0L, new[] { Guid.Empty }),
        new(PostgresRowReader.SelectHolders, 0L, (string[])[""]),
        new(SelectChangeSets, 0L, long.MaxValue, 1L),
        new(SelectLogBackwards, 0L, (long[])[0L]),
        new(SelectRemembered, 0L, Array.Empty<byte>(), 0L, 0L),
        new(SelectAudit, 0L, 1L),
        new(SelectKeysByHash, new[] { Array.Empty<byte>() }),
        new(SelectSessionByHash, Array.Empty<byte>()),
        new(SelectLinkByHash, Array.Empty<byte>()),
        new(SelectWorkspaceByName, ""),
        new(PostgresSearch.SelectReached, 0L),
        new(PostgresSearch.SelectCounted, 0L),
        PostgresSearchQuery.Count(0, new PartnerFilter()),
        new(PostgresSearch.SelectTerms, 0L, 0, "", 1L),
        new(PostgresSearch.SelectStatistics, 0L, 0, 1L),
        new(SelectImport, 0L, Guid.Empty),
        new(SelectImportParts, 0L, Guid.Empty),
        new(SelectMapping, 0L, ""),
        new(SelectBlock, 0L, Guid.Empty, 0, 0),
    ];

    private const string SelectServer = "select current_setting('server_version'), pg_database_size(current_database())";

    private readonly PostgresAddress _address;
    private readonly PostgresDatabase _database;
    private readonly TimeProvider _clock;
    private readonly SteadyClock _steady;
    private readonly PostgresWriter _writer;
    private readonly PostgresRowReader _rowReader;
    private readonly PostgresKeysByHash _keysByHash;
    private readonly PostgresSearch? _search;

    private PostgresStore(PostgresAddress address, NpgsqlDataSource source, StoreUse use, TimeProvider clock)
    {
        _address = address;
        _database = new PostgresDatabase(source);
        _clock = clock;
        _steady = new SteadyClock(clock);
        _rowReader = new PostgresRowReader(_database);
        _writer = new PostgresWriter(WriteTogetherAsync);
        _keysByHash = new PostgresKeysByHash(FindKeysAsync);
        _search = use == StoreUse.Serve ? new PostgresSearch(_database, Notices) : null;
    }

    public bool IsShared => true;

    /// <inheritdoc cref="Store.OpenAsync"/>
    public static async Task<PostgresStore> OpenAsync(PostgresAddress address, StoreUse use, TimeProvider clock, CancellationToken cancel)
    {
        var source = NpgsqlDataSource.Create(address.ConnectionString);
        var store = new PostgresStore(address, source, use, clock);
        try
        {
            if (await store.TroubleAsync(cancel) is { } trouble)
                throw new StoreRefusedException(trouble.Message);
            await PostgresMigrations.RequireAsync(source, use, cancel);
            if (use == StoreUse.Serve && await store.SchemaTroubleAsync(cancel) is { } lacking)
                throw new StoreRefusedException(lacking.Message);
            store._search?.Begin();
            return store;
        }
        catch (Exception failure)
        {
            await store.DisposeAsync();
            if (PostgresFailure.IsOutage(failure))
                throw PostgresFailure.Of(failure);
            throw;
        }
    }

    /// <inheritdoc cref="Store.MigrateAsync"/>
    public static Task<IReadOnlyList<string>> MigrateAsync(PostgresAddress address, CancellationToken cancel) =>
        WithSourceAsync(address, source => PostgresMigrations.ApplyAsync(source, cancel));

    /// <inheritdoc cref="Store.DistributeAsync"/>
    public static async Task<IReadOnlyList<string>> DistributeAsync(PostgresAddress address, CancellationToken cancel)
    {
        await MigrateAsync(address, cancel);
        return await WithSourceAsync(address, source => PostgresCitus.DistributeAsync(source, cancel));
    }

    /// <inheritdoc cref="Store.CheckAsync"/>
    public static async Task CheckAsync(PostgresAddress address, string? workspace, Action<CheckPart> tell, CancellationToken cancel)
    {
        // Some statements read for long before their first row.
        var patient = new NpgsqlConnectionStringBuilder(address.ConnectionString) { CommandTimeout = 0 }.ToString();
        await WithSourceAsync(patient, async source =>
        {
            await PostgresMigrations.RequireAsync(source, StoreUse.Administer, cancel);
            await using var connection = await source.OpenConnectionAsync(cancel);
            await new PostgresCheck(connection, tell, cancel).RunAsync(workspace);
            return true;
        });
    }

    /// <inheritdoc cref="Store.ReindexAsync"/>
    public static Task<IReadOnlyList<string>> ReindexAsync(PostgresAddress address, string? workspace, CancellationToken cancel) =>
        WithSourceAsync<IReadOnlyList<string>>(address.ConnectionString, async source =>
        {
            await PostgresMigrations.RequireAsync(source, StoreUse.Administer, cancel);
            await using var connection = await source.OpenConnectionAsync(cancel);
            var workspaces = WorkspaceChoice.Of(await ReadWorkspaceNamesAsync(connection, cancel), workspace);
            // One by one: on Citus each is on a node of its own.
            foreach (var (id, _) in workspaces)
                await connection.RunAsync(cancel, new PostgresStatement(PostgresSearch.Reset, id));
            return [.. workspaces.Select(one => one.Name)];
        });

    /// <inheritdoc cref="Store.CopyAsync"/>
    public static async Task<string?> CopyAsync(
        string path, PostgresAddress address, IProgress<CopyProgress> progress, CancellationToken cancel)
    {
        await MigrateAsync(address, cancel);
        return await WithSourceAsync(address, async source =>
        {
            var trouble = default(string);
            await Task.Run(() => SqliteStore.ReadAlone(path, from => trouble = PostgresCopy.Run(from, source, progress)), cancel);
            return trouble;
        });
    }

    public StoreNotices Notices { get; } = new();

    public async Task<StoreStatus> ReadStatusAsync(long workspaceId, CancellationToken cancel)
    {
        var (version, bytes) = await _database.ReadAsync(
            connection => connection.OneAsync(
                new PostgresStatement(SelectServer), row => (row.GetString(0), row.GetInt64(1)), cancel), cancel);
        var (newest, reached) = await Search.EndsAsync(workspaceId, cancel);
        // Packages add their own version. On Citus the size would be the coordinator's alone.
        return new($"PostgreSQL {version.Split(' ')[0]}", newest, reached, null, _database.IsCitus ? null : bytes);
    }

    public StoreLoad ReadLoad() => new(_writer.Waiting, _search?.Lag ?? TimeSpan.Zero, null, null);

    public async Task CheckAsync(CancellationToken cancel)
    {
        if ((await TroubleAsync(cancel) ?? await SchemaTroubleAsync(cancel)) is { } trouble)
            throw trouble;
    }

    public void EndWithin(TimeSpan grace) => _database.EndWithin(grace);

    /// <summary>Finishes waiting writes, if the database answers in time.</summary>
    public async ValueTask DisposeAsync()
    {
        _database.EndWithin(Grace);
        await _writer.DisposeAsync();
        await _database.EndNowAsync();
        if (_search is not null)
            await _search.DisposeAsync();
        await _database.DisposeAsync();
    }

    /// <returns>Null if the database can be read and written, and acknowledged writes are durable.</returns>
    private async Task<StoreException?> TroubleAsync(CancellationToken cancel)
    {
        var settings = (await _database.ReadNowAsync(connection => connection.ListAsync(
            new PostgresStatement(SelectSettings),
            row => (IsReadOnly: row.GetString(0) == "on", Encoding: row.GetString(1),
                Settings: new DurableSettings(row.GetString(2), row.GetString(3), row.GetString(4)), IsCitus: row.GetBoolean(5)),
            cancel), cancel))[0];
        _database.IsCitus = settings.IsCitus;
        if (settings.IsReadOnly)
            return new StoreException(
                StoreTrouble.ReadOnly, "PostgreSQL is read-only here: it is a standby, or default_transaction_read_only is on.");
        if (settings.Encoding != "UTF8")
            return new StoreException(
                StoreTrouble.Unavailable,
                $"The database's encoding is {settings.Encoding}; Roster needs UTF8 (createdb --encoding UTF8 --template template0).");
        if (_address.IsUnsafeAccepted)
            return null;
        if (settings.Settings.Trouble("PostgreSQL") is { } unsafely)
            return unsafely;
        return settings.IsCitus ? await _database.ReadNowAsync(PostgresCitus.WorkersTroubleAsync, cancel) : null;
    }

    /// <returns>Null if all tables can be read, and the server's role has the needed rights.</returns>
    private async Task<StoreException?> SchemaTroubleAsync(CancellationToken cancel)
    {
        var needed = Needed.SelectMany(one => one.Rights.Select(right => (one.Table, Right: right))).ToArray();
        var lacking = await _database.ReadNowAsync(
            async connection =>
            {
                var found = await connection.ListAsync(
                    new PostgresStatement(
                        SelectLacking, Array.ConvertAll(needed, one => one.Table), Array.ConvertAll(needed, one => one.Right)),
                    row => (Table: row.GetString(0), Right: row.GetString(1), IsMissing: row.GetBoolean(2)), cancel);
                if (found.Count == 0 && _database.IsCitus)
                    await PostgresCitus.AskWorkersAsync(connection, Reads, ReadAllAsync);
                else if (found.Count == 0)
                    await using (var rows = await connection.QueryAsync(cancel, Reads))
                        await ReadAllAsync(rows);
                return found;
            },
            cancel);
        return lacking switch
        {
            [] => null,
            [{ IsMissing: true, Table: var table }, ..] => new StoreException(
                StoreTrouble.Damaged, $"The table {table} is not in PostgreSQL's database any more; restore it from a backup."),
            [var first, ..] => new StoreException(
                StoreTrouble.Unavailable,
                $"PostgreSQL: the server's role has no right to {first.Right} in the table {first.Table}; grant it."),
        };

        async Task ReadAllAsync(NpgsqlDataReader rows)
        {
            while (await rows.NextResultAsync(cancel))
                continue;
        }
    }

    /// <summary>Runs an operator's command on a database that is not opened for serving.</summary>
    private static Task<T> WithSourceAsync<T>(PostgresAddress address, Func<NpgsqlDataSource, Task<T>> work) =>
        WithSourceAsync(address.ConnectionString, work);

    private static async Task<T> WithSourceAsync<T>(string address, Func<NpgsqlDataSource, Task<T>> work)
    {
        await using var source = NpgsqlDataSource.Create(address);
        try
        {
            return await work(source);
        }
        catch (Exception failure) when (PostgresFailure.IsOutage(failure))
        {
            throw PostgresFailure.Of(failure);
        }
    }
}
