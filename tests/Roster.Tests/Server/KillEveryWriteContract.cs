using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Roster.Tests.Server;

/// <summary>
/// The server, or its database, is killed with -9 while clients make writes of every kind, again and again on the same
/// database. Each client has a workspace of its own, and knows what its directory is before and after the write under
/// way. ROSTER_TEST_KILLS makes it a long run.
/// </summary>
public abstract class KillEveryWriteContract
{
    private const int Writers = 4;

    /// <summary>So many kills have met every kind of write.</summary>
    private const int ManyKills = 100;

    private int _phase;

    private enum Phase
    {
        Writing,
        Killing,
        Over,
    }

    /// <summary>How many kills the suite takes time for.</summary>
    protected abstract int FewKills { get; }

    /// <summary>The server's options for its database in this folder.</summary>
    protected abstract IReadOnlyList<string> Database(string folder);

    [Fact]
    public async Task Killed_during_writes_of_every_kind_none_is_lost_or_half_there_and_a_retry_is_carried_out_once()
    {
        var kills = Environment.GetEnvironmentVariable("ROSTER_TEST_KILLS") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture) : FewKills;
        using var folder = new TempFolder();
        string[] database = [.. Database(folder.Path)];
        var writers = Enumerable.Range(0, Writers)
            .Select(i => new Writer(i, KillContract.FirstKey(folder, database, $"w{i}"))).ToArray();
        var server = Serve();
        var made = 0;
        try
        {
            // If none of few kills met a write, there are more.
            for (; made < kills || (made < ManyKills && writers.All(writer => writer.Met.Count == 0)); made++)
            {
                var random = new Random(made);
                var left = random.Next(1, 25);
                var enough = new TaskCompletionSource();
                _phase = (int)Phase.Writing;
                var writing = Task.WhenAll(writers.Select(writer => Task.Run(() => writer.WriteAsync(server.Client(writer.ApiKey), () =>
                {
                    if (Interlocked.Decrement(ref left) == 0)
                        enough.SetResult();
                }, () => (Phase)Volatile.Read(ref _phase)))));
                if (await Task.WhenAny(enough.Task, writing) == writing)
                    await writing;
                // The others' writes are anywhere between their arrival and their answer.
                await Task.Delay(random.Next(0, 20));
                Volatile.Write(ref _phase, (int)Phase.Killing);
                server = await KillAsync(server, Serve, writing);

                foreach (var writer in writers)
                    await writer.CheckAsync(server.Client(writer.ApiKey));
                var check = RosterProcess.Run(folder.Path, ["check", .. database]);
                Assert.True(check.ExitCode == 0, check.Output + check.Errors);
            }
        }
        finally
        {
            server.Dispose();
        }
        var met = writers.SelectMany(writer => writer.Met).GroupBy(one => one.Kind).ToList();
        TestContext.Current.TestOutputHelper!.WriteLine($"{made} kills; under way, and of these carried out: " + string.Join(
            ", ", met.OrderBy(kind => kind.Key).Select(kind => $"{kind.Key} {kind.Count()} {kind.Count(one => one.IsThere)}")));
        Assert.NotEmpty(met);
        if (kills >= ManyKills)
            Assert.Equal(Writer.Kinds.Order(), met.Select(kind => kind.Key).Order());

        RosterProcess Serve() => RosterProcess.Serve(folder.Path, [.. database, "--rows-per-minute", "0"]);
    }

    /// <summary>Kills, starts again, and waits for the end of the writes that were under way.</summary>
    /// <returns>The server that goes on.</returns>
    private protected virtual async Task<RosterProcess> KillAsync(RosterProcess server, Func<RosterProcess> serve, Task writing)
    {
        server.Kill();
        await writing;
        server.Dispose();
        await SettleAsync();
        return serve();
    }

    /// <summary>Waits until the database has done with what the killed server sent.</summary>
    private protected virtual Task SettleAsync() => Task.CompletedTask;

    /// <summary>From now on, writers end with the write under way.</summary>
    private protected void EndWriting() => Volatile.Write(ref _phase, (int)Phase.Over);

    private sealed record Row(string Name, string? ExternalId, string Phone, bool IsDeleted)
    {
        public static Row Of(JsonElement partner) => new(
            partner.GetProperty("name").GetString()!,
            partner.TryGetProperty("externalId", out var externalId) ? externalId.GetString() : null,
            partner.GetProperty("phone").GetString()!,
            partner.TryGetProperty("deletedAt", out var deletedAt) && deletedAt.ValueKind != JsonValueKind.Null);
    }

    /// <summary>A write, and the directory that it leaves.</summary>
    private sealed record Request(string Kind, HttpMethod Method, string Path, string Body, string Key, IReadOnlyList<Row> After);

    private sealed class Writer(int number, string apiKey)
    {
        private const string Path = "/api/partners";
        private const int ExternalIds = 30;

        /// <summary>Every kind of write; null where it would change nothing.</summary>
        private static readonly (string Kind, Func<Writer, string, Request?> Make)[] Table =
        [
            ("put", (writer, n) => writer.Put(n)),
            ("matchOn", (writer, n) => writer.Match("matchOn", n, "", row => row)),
            ("mirror", (writer, n) => writer.Match("mirror", n, "&mode=mirror&maxDeletes=10000", row => row with { IsDeleted = true })),
            ("create", (writer, n) => writer.Create(n)),
            ("delete", (writer, n) => writer.Flip("delete", HttpMethod.Delete, "", n, writer.Some(writer.Live))),
            ("restore", (writer, n) => writer.Flip("restore", HttpMethod.Post, "/restore", n, writer.Restorable)),
            ("undo", (writer, n) => writer.Undo(n)),
            ("erase", (writer, n) => writer.Erase(n)),
        ];

        private readonly Random _random = new(number);
        private readonly Dictionary<string, string> _ids = [];
        private IReadOnlyList<Row> _before = [];
        private IReadOnlyList<Row> _rows = [];
        private (Request Request, Answer Answer)? _last;
        private Request? _sent;
        private bool _mayBeThere;
        private long _revision;
        private int _writes;

        public static IEnumerable<string> Kinds => Table.Select(one => one.Kind);

        public string ApiKey => apiKey;

        /// <summary>What was under way at a kill, and whether it was then found.</summary>
        public List<(string Kind, bool IsThere)> Met { get; } = [];

        private IEnumerable<Row> Live => _rows.Where(row => !row.IsDeleted);

        /// <summary>Deleted ones whose external id no other partner has, or would have.</summary>
        private IEnumerable<Row> Restorable => _rows.Where(row => row.IsDeleted)
            .DistinctBy(row => row.ExternalId ?? row.Name)
            .Where(row => row.ExternalId is null || Live.All(live => live.ExternalId != row.ExternalId));

        /// <summary>Makes write after write until the server is gone, or what it needs.</summary>
        public async Task WriteAsync(RosterClient api, Action acknowledged, Func<Phase> phase)
        {
            try
            {
                while (phase() != Phase.Over)
                {
                    _mayBeThere = true;
                    _sent = Next();
                    var answer = await SendAsync(api, _sent);
                    // 409: the claim of the key was lost with PostgreSQL, and without it nothing is written.
                    if (answer.Status is 503 or 409 && phase() != Phase.Writing)
                    {
                        Assert.Contains(answer.Code, new[] { "storage_unavailable", "outcome_unknown", "idempotency_running" });
                        _mayBeThere = answer.Code == "outcome_unknown";
                        return;
                    }
                    Accept(_sent, answer);
                    acknowledged();
                }
            }
            catch (HttpRequestException) when (phase() != Phase.Writing)
            {
                // The server is gone.
            }
        }

        public async Task CheckAsync(RosterClient api)
        {
            var found = await DirectoryAsync(api);
            var isThere = _mayBeThere && _sent is not null && found.SequenceEqual(Sorted(_sent.After));
            Assert.Equal(Sorted(isThere ? _sent!.After : _rows), found);
            Assert.Equal(found, await FedAsync(api));
            // What an erasure has removed cannot be answered again.
            if (_last is var (request, first) && _sent?.Kind != "erase")
                await DemandAgainAsync(api, request, first);
            if (_sent is not { } sent)
                return;
            Met.Add((sent.Kind, isThere));
            var answer = await SendAsync(api, sent);
            Assert.Equal(isThere, IsReplayed(answer));
            Accept(sent, answer);
            await DemandAgainAsync(api, sent, answer);
            Assert.Equal(Sorted(_rows), await DirectoryAsync(api));
        }

        private void Accept(Request request, Answer answer)
        {
            Assert.True(answer.Status is 200 or 201, $"{request.Kind}: {answer.Status} {answer.Text}");
            Assert.Equal(++_revision, answer.Revision);
            if (answer.Json.ValueKind == JsonValueKind.Array)
                foreach (var partner in answer.Items)
                    _ids[partner.GetProperty("name").GetString()!] = partner.GetProperty("id").GetString()!;
            (_before, _rows, _last, _sent) = (_rows, request.After, (request, answer), null);
        }

        private static async Task DemandAgainAsync(RosterClient api, Request request, Answer first)
        {
            var again = await SendAsync(api, request);
            Assert.Equal(
                (first.Status, first.Revision, first.Text, true), (again.Status, again.Revision, again.Text, IsReplayed(again)));
        }

        private static Task<Answer> SendAsync(RosterClient api, Request request) => api.SendAsync(
            request.Method, request.Path, new StringContent(request.Body, Encoding.UTF8, "application/json"),
            headers: [("Idempotency-Key", request.Key)]);

        private static bool IsReplayed(Answer answer) => answer.Headers.Contains("Idempotent-Replayed");

        private static async Task<List<Row>> DirectoryAsync(RosterClient api)
        {
            var rows = new List<Row>();
            for (var next = Path + "?deleted=true&include=deletedAt&take=10000"; next is not null;)
            {
                var page = await api.GetAsync(next);
                rows.AddRange(page.Items.Select(Row.Of));
                next = page.Next;
            }
            return Sorted(rows);
        }

        /// <summary>The feed from its start, without what was erased.</summary>
        private static async Task<List<Row>> FedAsync(RosterClient api)
        {
            var rows = new List<Row>();
            var after = "0";
            for (var hasMore = true; hasMore;)
            {
                var page = (await api.GetAsync($"{Path}/changes?take=1000&after={after}")).Json;
                rows.AddRange(page.GetProperty("partners").EnumerateArray()
                    .Where(partner => !partner.TryGetProperty("gone", out _)).Select(Row.Of));
                (after, hasMore) = (page.GetProperty("next").GetString()!, page.GetProperty("more").GetBoolean());
            }
            return Sorted(rows);
        }

        private static List<Row> Sorted(IEnumerable<Row> rows) => [.. rows.OrderBy(row => row.Name, StringComparer.Ordinal)];

        private Request Next()
        {
            var n = (++_writes).ToString(CultureInfo.InvariantCulture);
            while (true)
                if (Table[_random.Next(Table.Length)].Make(this, n) is { } request)
                    return request;
        }

        private Request? Put(string n) => !Live.Any() ? null : new(
            "put", HttpMethod.Put, Path, JsonSerializer.Serialize(Live.Select(row => new { id = _ids[row.Name], phone = n })), n,
            [.. _rows.Select(row => row.IsDeleted ? row : row with { Phone = n })]);

        /// <param name="unnamed">What becomes of live partners that no item names.</param>
        private Request Match(string kind, string n, string query, Func<Row, Row> unnamed)
        {
            var live = Live.Where(row => row.ExternalId is not null).ToDictionary(row => row.ExternalId!);
            var named = Some(Enumerable.Range(0, ExternalIds).Select(i => $"x{i}")).ToHashSet();
            var items = named.Select(externalId => live.TryGetValue(externalId, out var row)
                ? (object)new { externalId, phone = n } : new { externalId, phone = n, name = $"{n} {externalId}" });
            return new(kind, HttpMethod.Put, $"{Path}?matchOn=externalId{query}", JsonSerializer.Serialize(items), n,
            [
                .. _rows.Select(row => row.IsDeleted ? row
                    : row.ExternalId is { } externalId && named.Contains(externalId) ? row with { Phone = n } : unnamed(row)),
                .. named.Where(externalId => !live.ContainsKey(externalId))
                    .Select(externalId => new Row($"{n} {externalId}", externalId, n, false)),
            ]);
        }

        private Request Create(string n)
        {
            var created = Enumerable.Range(0, 5).Select(i => new Row($"{n} {i}", null, n, false)).ToList();
            return new("create", HttpMethod.Post, Path,
                JsonSerializer.Serialize(created.Select(row => new { name = row.Name, phone = row.Phone })), n, [.. _rows, .. created]);
        }

        private Request? Flip(string kind, HttpMethod method, string path, string n, IEnumerable<Row> flipped)
        {
            var chosen = flipped.ToHashSet();
            return chosen.Count == 0 ? null : new(kind, method, Path + path, Ids(chosen), n,
                [.. _rows.Select(row => chosen.Contains(row) ? row with { IsDeleted = !row.IsDeleted } : row)]);
        }

        /// <summary>Undoes the last write; what it created is deleted.</summary>
        private Request? Undo(string n)
        {
            if (_last is not { Request.Kind: not "erase" })
                return null;
            var before = _before.ToDictionary(row => row.Name);
            return new("undo", HttpMethod.Post, $"/api/changesets/{_revision}/undo", "", n,
                [.. _rows.Select(row => before.GetValueOrDefault(row.Name) ?? row with { IsDeleted = true })]);
        }

        /// <summary>Erases what is deleted, and a live one.</summary>
        private Request? Erase(string n)
        {
            var erased = _rows.Where(row => row.IsDeleted).Concat(Live.Take(1)).ToHashSet();
            return erased.Count == 0 ? null : new("erase", HttpMethod.Post, Path + "/erase", Ids(erased), n,
                [.. _rows.Where(row => !erased.Contains(row))]);
        }

        private string Ids(IEnumerable<Row> rows) => JsonSerializer.Serialize(rows.Select(row => _ids[row.Name]));

        /// <summary>About half of them.</summary>
        private List<T> Some<T>(IEnumerable<T> all)
        {
            List<T> some = [.. all.Where(_ => _random.Next(2) == 0)];
            return some.Count > 0 ? some : [.. all.Take(1)];
        }
    }
}

public sealed class KillEveryWriteOnSqlite : KillEveryWriteContract
{
    protected override int FewKills => 6;

    protected override IReadOnlyList<string> Database(string folder) => ["--database", "sqlite:" + Path.Combine(folder, "roster.db")];
}

/// <summary>What a killed server leaves in PostgreSQL: transactions of its connections, and claims of keys.</summary>
public abstract class KillEveryWriteOnPostgresContract : KillEveryWriteContract
{
    private protected abstract string Address { get; }

    protected override IReadOnlyList<string> Database(string folder) => ["--database", Address];

    private protected override async Task SettleAsync()
    {
        await PostgresCluster.UntilAsync(
            Address, "select count(*) = 0 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
        await PassClaimsAsync();
    }

    /// <summary>As if the 90 seconds were over after which another request may have the key.</summary>
    private protected Task PassClaimsAsync() =>
        PostgresCluster.RunAsync(Address, "update idempotency set at = at - 100000000 where revision is null");
}

public sealed class KillEveryWriteOnPostgres(PostgresHost host) : KillEveryWriteOnPostgresContract
{
    private readonly Lazy<string> _address = new(() => host.NewDatabase());

    protected override int FewKills => 4;

    private protected override string Address => _address.Value;
}

/// <summary>PostgreSQL is killed, and the server goes on.</summary>
public sealed class KillOfPostgresEveryWrite : KillEveryWriteOnPostgresContract, IDisposable
{
    private readonly PostgresCluster _cluster = new();
    private string? _address;

    protected override int FewKills => 2;

    private protected override string Address => _address ??= _cluster.NewDatabase();

    public void Dispose() => _cluster.Dispose();

    private protected override async Task<RosterProcess> KillAsync(RosterProcess server, Func<RosterProcess> serve, Task writing)
    {
        _cluster.Kill();
        _cluster.Start();
        EndWriting();
        await writing;
        await PassClaimsAsync();
        return server;
    }
}
