using System.Text.RegularExpressions;
using Npgsql;
using Roster.Storage.Postgres.Search;
using Roster.Storage.Sqlite;

namespace Roster.Storage.Postgres;

/// <summary>The directory in a PostgreSQL database: opening and closing it. What it stores is in the other parts.</summary>
internal sealed partial class PostgresStore : IRosterStore
{
    /// <summary>A setting that this engine does not have counts as safe: it has no such choice.</summary>
    private const string SelectSettings = """
        select current_setting('transaction_read_only'), current_setting('server_encoding'),
            coalesce(current_setting('fsync', true), 'on'), coalesce(current_setting('synchronous_commit', true), 'on'),
            coalesce(current_setting('full_page_writes', true), 'on')
        """;

    private const string SelectEngine = "select version(), exists (select 1 from pg_extension where extname = 'citus')";

    private readonly PostgresAddress _address;
    private readonly PostgresDatabase _database;
    private readonly TimeProvider _clock;
    private readonly PostgresWriter _writer;
    private readonly PostgresKeysByHash _keysByHash;
    private readonly PostgresSearch? _search;

    private PostgresStore(PostgresAddress address, NpgsqlDataSource source, StoreUse use, TimeProvider clock)
    {
        _address = address;
        _database = new PostgresDatabase(source);
        _clock = clock;
        _writer = new PostgresWriter(WriteTogetherAsync);
        _keysByHash = new PostgresKeysByHash(FindKeysAsync);
        _search = use == StoreUse.Serve ? new PostgresSearch(_database, clock) : null;
    }

    /// <summary>
    /// Whether the engine is PostgreSQL itself, in which a row can be found again by its ctid. The others that speak its language have none,
    /// or it is not certain what theirs means: they are asked by key.
    /// </summary>
    internal bool TellsPlaces { get; set; }

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
            store.TellsPlaces = (await store._database.ReadNowAsync(connection => connection.ListAsync(
                new PostgresStatement(SelectEngine), row => IsPlain(row.GetString(0)) && !row.GetBoolean(1), cancel), cancel))[0];
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

    /// <inheritdoc cref="Store.CopyAsync"/>
    public static async Task CopyAsync(string path, PostgresAddress address, IProgress<CopyProgress> progress, CancellationToken cancel)
    {
        await MigrateAsync(address, cancel);
        await WithSourceAsync(address, async source =>
        {
            await Task.Run(() => SqliteStore.ReadAlone(path, from => PostgresCopy.Run(from, source, progress)), cancel);
            return true;
        });
    }

    public async Task CheckAsync(CancellationToken cancel)
    {
        if (await TroubleAsync(cancel) is { } trouble)
            throw trouble;
    }

    /// <summary>Finishes the writes that wait.</summary>
    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        if (_search is not null)
            await _search.DisposeAsync();
        await _database.DisposeAsync();
    }

    /// <returns>Null where the database can be read and written, and keeps what it acknowledges.</returns>
    private async Task<StoreException?> TroubleAsync(CancellationToken cancel)
    {
        var settings = (await _database.ReadNowAsync(connection => connection.ListAsync(
            new PostgresStatement(SelectSettings),
            row => (IsReadOnly: row.GetString(0) == "on", Encoding: row.GetString(1), Fsync: row.GetString(2), Commit: row.GetString(3), Pages: row.GetString(4)),
            cancel), cancel))[0];
        if (settings.IsReadOnly)
            return new StoreException(StoreTrouble.ReadOnly, "PostgreSQL is read-only here: it is a standby, or default_transaction_read_only is on.");
        if (settings.Encoding != "UTF8")
            return new StoreException(StoreTrouble.Unavailable, $"The database's encoding is {settings.Encoding}; Roster needs UTF8 (createdb --encoding UTF8 --template template0).");
        if ((settings.Fsync, settings.Commit, settings.Pages) is not ("on", not "off", "on") && !_address.IsUnsafeAccepted)
            return new StoreException(StoreTrouble.Unavailable,
                $"PostgreSQL can lose what it has acknowledged: fsync is {settings.Fsync}, synchronous_commit {settings.Commit}, full_page_writes {settings.Pages}. "
                + "Turn them on, or accept that with --unsafe-database on.");
        return null;
    }

    /// <summary>Whether it is a PostgreSQL whose version is only numbers ("15.2-YB-..." is not).</summary>
    /// <param name="version">What <c>version()</c> gives.</param>
    internal static bool IsPlain(string version) => PlainVersion().IsMatch(version);

    [GeneratedRegex(@"^PostgreSQL [0-9.]+[ ,]")]
    private static partial Regex PlainVersion();

    /// <summary>Does an operator's work on a database that is not opened for serving.</summary>
    private static async Task<T> WithSourceAsync<T>(PostgresAddress address, Func<NpgsqlDataSource, Task<T>> work)
    {
        await using var source = NpgsqlDataSource.Create(address.ConnectionString);
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
