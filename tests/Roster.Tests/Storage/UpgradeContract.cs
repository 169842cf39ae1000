using System.Collections.Concurrent;
using System.Formats.Tar;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Roster.Storage.Backups;
using Roster.Storage.Sqlite;
using Roster.Storage.Sqlite.Connections;
using Roster.Tests.Server;

namespace Roster.Tests.Storage;

/// <summary>
/// Databases as servers of the past wrote them (tests/data/schemas), opened by the newest server, which is also killed on the way.
/// ROSTER_TEST_UPGRADES says at how many steps of the migration of the first schema, which has all migrations before it; or with
/// <c>all</c>, each step of each schema. Otherwise the first schema and that of the last release are opened.
/// </summary>
public abstract class UpgradeContract : IDisposable
{
    private const string Archives = "tests/data/schemas";

    private const string ArchiveEnd = ".tar.gz";

    /// <summary>What goes by itself, or is made again by the server while it runs.</summary>
    protected static IReadOnlyList<string> MovingTables { get; } =
        ["session", "console_link", "upkeep", "partner_search", "search_term", "search_state", "day_count"];

    protected static IReadOnlyList<string> MovingColumns { get; } = ["last_used_at", "applied", "Applied", "schemaversionsid"];

    /// <summary>What the newest server answers differently: places in the feed, and when a key was used.</summary>
    private static readonly string[] MovingMembers = ["next", "lastUsedAt"];

    private static readonly string Size = Environment.GetEnvironmentVariable("ROSTER_TEST_UPGRADES") ?? "2";

    private readonly ConcurrentBag<IDisposable> _owned = [];

    private static bool IsLong => Size == "all" || Size.Contains('-', StringComparison.Ordinal);

    protected abstract string Engine { get; }

    /// <summary>The folder of the engine's migrations.</summary>
    protected abstract string Migrations { get; }

    /// <summary>Commands that read or write a database of this schema only.</summary>
    protected abstract IEnumerable<string[]> Commands { get; }

    public void Dispose()
    {
        foreach (var one in _owned)
            one.Dispose();
        GC.SuppressFinalize(this);
    }

    protected static TheoryData<string> KeptOf(string engine)
    {
        var all = NamesOf(engine).ToList();
        return [.. IsLong ? all : [all[0], all[^1]]];
    }

    private static IEnumerable<string> NamesOf(string engine) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, Archives), engine + "-*" + ArchiveEnd)
            .Select(file => Path.GetFileName(file)[..^ArchiveEnd.Length]).Order(StringComparer.Ordinal);

    /// <summary>The newest server answers as that of the past did, the check finds no damage, and the last write can be undone.</summary>
    protected async Task DemandAsItWasAsync(string name)
    {
        var kept = Unpack(name);
        using var copy = Begin(kept, null);
        using var server = copy.Serve();
        await DemandAnswersAsync(kept, server, _ => true);
        DemandWhole(copy);

        var api = server.Client(kept.Key);
        var last = (await api.GetAsync("/api/changesets?take=1")).Items[0].GetProperty("revision").GetInt64();
        Assert.Equal(200, (await api.PostAsync("", $"/api/changesets/{last}/undo")).Status);
        Assert.Equal(await ListAsync(api, $"&asOf={last - 1}"), await ListAsync(api, ""));
        DemandWhole(copy);
    }

    [Fact]
    public async Task Killed_at_a_step_of_its_migration_and_started_again_a_database_is_as_if_nothing_had_been()
    {
        var newest = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src/Roster.Storage", Migrations))
            .Max(file => Path.GetFileName(file)[..4]);
        var earlier = NamesOf(Engine).Where(name => string.CompareOrdinal(name[^4..], newest) < 0).ToList();
        var kept = new Dictionary<string, (Kept Kept, string Tables)>();
        var faults = new List<string>();
        foreach (var name in IsLong ? earlier : earlier[..1])
        {
            using var whole = Begin(Unpack(name), "none");
            using var server = whole.Serve();
            var possible = whole.Possible().ToList();
            kept[name] = (whole.Kept, await whole.TablesAsync());
            faults.AddRange(possible.Select(fault => $"{name} {fault}"));
            ScriptRun.Say($"{name}: {possible.Count} steps");
        }
        var chosen = ScriptRun.Some(faults, _ => "", Size);
        var killed = 0;
        var failures = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(chosen, ScriptRun.AtOnce, async (fault, _) =>
        {
            try
            {
                var (from, tables) = kept[fault.Split(' ')[0]];
                if (await IsKilledAsync(from, tables, fault[(fault.IndexOf(' ', StringComparison.Ordinal) + 1)..]))
                    Interlocked.Increment(ref killed);
            }
            catch (Exception failure)
            {
                failures.Add($"{fault}: {failure.Message}");
            }
        });
        ScriptRun.Say($"{chosen.Count} starts, {killed} of them killed before they listened");
        Assert.True(failures.IsEmpty, string.Join("\n\n", failures.Order(StringComparer.Ordinal)));
        // Not every start takes the very same steps.
        Assert.InRange(killed, (chosen.Count + 1) / 2, chosen.Count);
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused_in_one_sentence_and_left_as_it_is()
    {
        using var copy = Begin(Unpack(NamesOf(Engine).Last()), null);
        using (copy.Serve())
        {
            // Its schema is this version's.
        }
        await copy.RunAsync("insert into schemaversions (scriptname, applied) values ('9999_future.sql', '2030-01-01')");
        var before = await copy.TablesAsync();

        var start = Assert.Throws<InvalidOperationException>(copy.Serve).Message;
        Demand(start["The server did not start: ".Length..]);
        foreach (var command in Commands)
        {
            var (exitCode, _, errors) = RosterProcess.Run(copy.Folder, [.. command, "--database", copy.Database]);
            Assert.True(exitCode is 1 or 2, $"{command[0]}: {exitCode} {errors}");
            Demand(errors.TrimEnd());
        }
        Assert.Equal(before, await copy.TablesAsync());

        static void Demand(string sentence)
        {
            Assert.DoesNotContain('\n', sentence);
            Assert.Contains("was written by a newer Roster: it has the migration 9999_future.sql.", sentence, StringComparison.Ordinal);
        }
    }

    private async Task<bool> IsKilledAsync(Kept kept, string tables, string fault)
    {
        using var copy = Begin(kept, fault);
        using (var early = copy.ServeUnlessKilled())
            if (early is not null)
                return false;
        copy.Heal();
        using var again = copy.Serve();
        Assert.Equal(tables, await copy.TablesAsync());
        await DemandAnswersAsync(kept, again, asked => asked.GetProperty("method").GetString() == "GET");
        DemandWhole(copy);
        return true;
    }

    private protected Kept Unpack(string name)
    {
        var kept = new Kept(name);
        _owned.Add(kept);
        using var file = File.OpenRead(Path.Combine(Repository.Root, Archives, name + ArchiveEnd));
        using var unpacked = new GZipStream(file, CompressionMode.Decompress);
        TarFile.ExtractToDirectory(unpacked, kept.Path, overwriteFiles: true);
        Prepare(kept);
        return kept;
    }

    /// <summary>Prepares the database for copies.</summary>
    private protected virtual void Prepare(Kept kept)
    {
    }

    /// <summary>A copy of the database.</summary>
    /// <param name="fault">One of those that <see cref="Copy.Possible"/> has; <c>none</c>, which counts; or null.</param>
    private protected abstract Copy Begin(Kept kept, string? fault);

    private protected static void DemandWhole(Copy copy)
    {
        var check = RosterProcess.Run(copy.Folder, "check", "--database", copy.Database);
        Assert.True(check.ExitCode == 0, check.Output + check.Errors);
    }

    /// <summary>All that was answered then is answered now; newer members may be added.</summary>
    private protected static async Task DemandAnswersAsync(Kept kept, RosterProcess server, Func<JsonElement, bool> isWanted)
    {
        var api = server.Client(kept.Key);
        var known = (await api.GetAsync("/api/partners?take=10000&deleted=true")).Ids.ToHashSet();
        Assert.NotEmpty(known);
        foreach (var asked in kept.Asked.Where(isWanted))
        {
            var path = asked.GetProperty("path").GetString()!;
            var key = asked.TryGetProperty("key", out var given) ? given.GetString() : null;
            var content = asked.GetProperty("body").GetString() is { } body ? new ByteArrayContent(Encoding.UTF8.GetBytes(body)) : null;
            if (content is not null)
                content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            var answer = await api.SendAsync(
                new HttpMethod(asked.GetProperty("method").GetString()!), path, content, headers: [("Idempotency-Key", key)]);
            var then = asked.GetProperty("answer");
            if (answer.Status == 410)
            {
                // Some of it was erased later.
                Assert.Equal((true, "answer_gone"), (key is not null, answer.Code));
                Assert.Contains(IdsOf(then), id => !known.Contains(id));
                continue;
            }
            Assert.True(answer.Status is 200 or 201, $"{path}: {answer.Status} {answer.Text}");
            Assert.Equal(key is not null, answer.Headers.Contains("Idempotent-Replayed"));
            DemandAll(then, answer.Json, path);
        }
    }

    private static void DemandAll(JsonElement then, JsonElement now, string place)
    {
        switch (then.ValueKind)
        {
            case JsonValueKind.Object:
                Assert.True(now.ValueKind == JsonValueKind.Object, place);
                foreach (var member in then.EnumerateObject().Where(member => !MovingMembers.Contains(member.Name)))
                {
                    Assert.True(now.TryGetProperty(member.Name, out var value), $"{place}.{member.Name} is gone");
                    DemandAll(member.Value, value, $"{place}.{member.Name}");
                }
                break;
            case JsonValueKind.Array when place.EndsWith(".scopes", StringComparison.Ordinal):
                // Keys with all scopes got that of erasing when it was made.
                Assert.Equal(Texts(then), Texts(now).Where(scope => scope != "partnersErase" || Texts(then).Contains(scope)));
                break;
            case JsonValueKind.Array:
                Assert.True(
                    now.ValueKind == JsonValueKind.Array && then.GetArrayLength() == now.GetArrayLength(), $"{place}: {then} became {now}");
                foreach (var (i, pair) in then.EnumerateArray().Zip(now.EnumerateArray()).Index())
                    DemandAll(pair.First, pair.Second, $"{place}[{i}]");
                break;
            default:
                Assert.True(JsonElement.DeepEquals(then, now), $"{place}: {then} became {now}");
                break;
        }
    }

    private static IEnumerable<string> Texts(JsonElement array) => array.EnumerateArray().Select(one => one.GetString()!);

    private static IEnumerable<string> IdsOf(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Array => json.EnumerateArray().SelectMany(IdsOf),
        JsonValueKind.Object => json.EnumerateObject().SelectMany(member =>
            member.NameEquals("id") && member.Value.ValueKind == JsonValueKind.String ? [member.Value.GetString()!] : IdsOf(member.Value)),
        _ => [],
    };

    /// <summary>The live partners without the times of their updates.</summary>
    private static async Task<List<string>> ListAsync(RosterClient api, string query) =>
    [
        .. (await api.GetAsync($"/api/partners?take=1000&sort=asc{query}")).Items.Select(partner => string.Join('|',
            new[] { "id", "name", "email", "phone", "createdAt" }.Select(name => partner.GetProperty(name).ToString()))),
    ];

    /// <summary>An archive that is unpacked.</summary>
    private protected sealed class Kept(string name) : IDisposable
    {
        private readonly TempFolder _folder = new();
        private JsonElement? _answers;

        public string Name => name;

        public string Path => _folder.Path;

        /// <summary>The database from which copies are made.</summary>
        public string Template { get; set; } = "";

        public string Key => Answers.GetProperty("key").GetString()!;

        /// <summary>Requests and their answers, those with a key last.</summary>
        public IEnumerable<JsonElement> Asked =>
            [.. Answers.GetProperty("asked").EnumerateArray(), .. Answers.GetProperty("kept").EnumerateArray()];

        private JsonElement Answers => _answers ??= JsonElement.Parse(File.ReadAllBytes(_folder.File("answers.json")));

        public void Dispose() => _folder.Dispose();
    }

    private protected abstract class Copy(Kept kept) : IDisposable
    {
        private static readonly Dictionary<string, string> NoVariables = [];

        // The databases become older, and still have to know what they answered.
        private static readonly string[] Options = ["--idempotency-hours", "1000000", "--keep-imports", "36500d"];

        private readonly TempFolder _folder = new();

        public Kept Kept => kept;

        public string Folder => _folder.Path;

        public abstract string Database { get; }

        /// <summary>By which the server reaches it.</summary>
        protected virtual string Address => Database;

        protected virtual IReadOnlyDictionary<string, string> Environment => NoVariables;

        /// <summary>The faults that this start could have had.</summary>
        public abstract IEnumerable<string> Possible();

        /// <summary>From now on nothing fails.</summary>
        public abstract void Heal();

        /// <summary>What all tables have, with their columns and indexes, as text.</summary>
        public abstract Task<string> TablesAsync();

        public abstract Task RunAsync(string statement);

        public RosterProcess Serve() => RosterProcess.Serve(Folder, Environment, ["--database", Address, .. Options]);

        /// <returns>Null if it was killed before it listened.</returns>
        public RosterProcess? ServeUnlessKilled() =>
            RosterProcess.ServeUnlessKilled(Folder, Environment, Begun, ["--database", Address, .. Options]);

        protected virtual void Begun(RosterProcess server)
        {
        }

        public virtual void Dispose() => _folder.Dispose();
    }
}

/// <summary>Killed before a system call that changes a file.</summary>
public sealed class UpgradeOnSqlite : UpgradeContract
{
    public static TheoryData<string> All => KeptOf("sqlite");

    protected override string Engine => "sqlite";

    protected override string Migrations => "Sqlite/Migrations";

    protected override IEnumerable<string[]> Commands => [["migrate"], ["check"], ["keys", "list"], ["backup", "copy.db"], ["reindex"]];

    [Theory]
    [MemberData(nameof(All))]
    public Task A_database_of_an_earlier_version_answers_as_it_did(string name) => DemandAsItWasAsync(name);

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_backup_of_an_earlier_version_is_restored_with_all_that_it_has(string name)
    {
        var kept = Unpack(name);
        using var copy = Begin(kept, null);
        var database = copy.Database["sqlite:".Length..];
        var backup = Path.Combine(copy.Folder, "copy.db");
        File.Move(database, backup);
        File.Delete(database + SqliteStore.ImportsEnd);
        using (var manifest = File.Create(BackupManifest.Of(backup)))
        {
            var size = new FileInfo(backup).Length;
            new BackupManifest("0.1.0", SchemaOf(backup), new Timestamp(1), size, HashOf(backup)).Write(manifest, []);
        }

        var restored = RosterProcess.Run(copy.Folder, "restore", backup, "--database", copy.Database);
        Assert.True(restored.ExitCode == 0, restored.Errors);
        using var server = copy.Serve();
        // The log has one more change set, which says that it was restored. Files of imports are in no backup.
        await DemandAnswersAsync(kept, server, asked => asked.GetProperty("path").GetString() is var path
            && path != "/api/changesets?take=1000" && !path!.StartsWith("/api/imports/", StringComparison.Ordinal));
        Assert.Equal(
            "recover", (await server.Client(kept.Key).GetAsync("/api/changesets?take=1")).Items[0].GetProperty("kind").GetString());
        DemandWhole(copy);

        static string SchemaOf(string file)
        {
            using var database = SqliteDatabase.Open(file);
            return database.ReadText("select max(ScriptName) from SchemaVersions");
        }

        static string HashOf(string file)
        {
            using var stream = File.OpenRead(file);
            return Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(stream));
        }
    }

    private protected override Copy Begin(Kept kept, string? fault) => new CopiedFile(kept, fault);

    private sealed class CopiedFile : Copy
    {
        private readonly FaultyDisk _disk = new();

        public CopiedFile(Kept kept, string? fault)
            : base(kept)
        {
            foreach (var file in Directory.EnumerateFiles(kept.Path, "roster.db*"))
                File.Copy(file, Path.Combine(Folder, Path.GetFileName(file)));
            if (fault is not null)
                _disk.Fail(fault == "none" ? "change 0 roster.db" : fault);
        }

        public override string Database => "sqlite:" + Path.Combine(Folder, "roster.db");

        protected override IReadOnlyDictionary<string, string> Environment => _disk.Environment;

        public override IEnumerable<string> Possible() =>
            Enumerable.Range(1, (int)_disk.Counts()[0]).Select(step => $"change kill@{step} roster.db");

        public override void Heal() => _disk.Heal();

        public override void Dispose()
        {
            _disk.Dispose();
            base.Dispose();
        }

        public override Task RunAsync(string statement)
        {
            using var database = SqliteDatabase.Open(Database["sqlite:".Length..]);
            database.Execute(statement);
            return Task.CompletedTask;
        }

        public override Task<string> TablesAsync()
        {
            using var database = SqliteDatabase.Open(Database["sqlite:".Length..]);
            var lines = Lines(database, "select type || ' ' || name || ' ' || coalesce(sql, '') from sqlite_schema order by 1");
            foreach (var table in Lines(database, "select name from sqlite_schema where type = 'table' order by 1").Except(MovingTables))
            {
                var columns = Lines(database, $"select name from pragma_table_info('{table}') order by 1").Except(MovingColumns);
                lines.Add(table);
                var row = string.Join(" || ' ' || ", columns.Select(column => $"quote({column})"));
                lines.AddRange(Lines(database, $"select {row} from {table} order by 1"));
            }
            return Task.FromResult(string.Join('\n', lines));
        }

        private static List<string> Lines(SqliteDatabase database, string query)
        {
            var lines = new List<string>();
            using var rows = database.Prepare(query).Query();
            while (rows.Step())
                lines.Add(rows.Text(0));
            return lines;
        }
    }
}

/// <summary>Killed before a statement, or when its answer comes.</summary>
public sealed class UpgradeOnPostgres(UpgradeOnPostgres.Server postgres) : UpgradeContract, IClassFixture<UpgradeOnPostgres.Server>
{
    /// <summary>The columns, indexes and constraints, and each table with its rows.</summary>
    private static readonly string SelectTables = $"""
        select concat_ws(E'\n',
            (select string_agg(concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default), E'\n'
                order by table_name, ordinal_position) from information_schema.columns where table_schema = 'public'),
            (select string_agg(indexdef, E'\n' order by indexdef) from pg_indexes where schemaname = 'public'),
            (select string_agg(conrelid::regclass || ' ' || pg_get_constraintdef(oid), E'\n'
                order by conrelid::regclass || ' ' || pg_get_constraintdef(oid))
            from pg_constraint where connamespace = 'public'::regnamespace),
            (select string_agg(table_name || ' ' || query_to_xml(format(
                'select to_jsonb(t) - array[{string.Join(", ", MovingColumns.Select(name => $"''{name}''"))}] as row from public.%I t
                order by (to_jsonb(t) - array[{string.Join(", ", MovingColumns.Select(name => $"''{name}''"))}])::text', table_name),
                true, true, '')::text, E'\n' order by table_name)
            from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'
            and table_name not in ({string.Join(", ", MovingTables.Select(name => $"'{name}'"))})))
        """;

    public static TheoryData<string> All => KeptOf("postgres");

    protected override string Engine => "postgres";

    protected override string Migrations => "Postgres/Migrations";

    protected override IEnumerable<string[]> Commands => [["migrate"], ["check"], ["keys", "list"]];

    [Theory]
    [MemberData(nameof(All))]
    public Task A_database_of_an_earlier_version_answers_as_it_did(string name) => DemandAsItWasAsync(name);

    private protected override void Prepare(Kept kept) =>
        kept.Template = postgres.Cluster.NewDatabaseFrom(Path.Combine(kept.Path, "dump.sql"));

    private protected override Copy Begin(Kept kept, string? fault) => new Cloned(
        kept, postgres.Cluster.NewDatabase("template " + kept.Template[(kept.Template.LastIndexOf('/') + 1)..]), fault);

    /// <summary>One PostgreSQL for all these databases.</summary>
    public sealed class Server : IDisposable
    {
        // Where there is no PostgreSQL, the tests are skipped, and not the fixture.
        private readonly Lazy<PostgresCluster> _cluster = new(() => new PostgresCluster());

        internal PostgresCluster Cluster => _cluster.Value;

        public void Dispose()
        {
            if (_cluster.IsValueCreated)
                _cluster.Value.Dispose();
        }
    }

    private sealed class Cloned : Copy
    {
        private readonly PostgresFault? _relay;
        private readonly TaskCompletionSource<RosterProcess> _server = new();
        private bool _isHealed;

        public Cloned(Kept kept, string database, string? fault)
            : base(kept)
        {
            Database = database;
            if (fault is not null)
                _relay = new PostgresFault(database, fault == "none" ? "0 cut" : fault, () => _server.Task.Result.Kill());
        }

        public override string Database { get; }

        protected override string Address => _isHealed || _relay is null ? Database : _relay.Address;

        protected override void Begun(RosterProcess server) => _server.SetResult(server);

        public override IEnumerable<string> Possible() =>
            Enumerable.Range(1, _relay!.Count).SelectMany(step => new[] { $"{step} cut", $"{step} lost" });

        public override void Heal() => _isHealed = true;

        public override void Dispose()
        {
            _relay?.Dispose();
            base.Dispose();
        }

        public override Task RunAsync(string statement) => PostgresCluster.RunAsync(Database, statement);

        public override async Task<string> TablesAsync() => (string)(await PostgresCluster.RunAsync(Database, SelectTables))!;
    }
}
