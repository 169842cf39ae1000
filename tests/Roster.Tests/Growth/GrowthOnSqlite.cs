using System.Text.Json;
using Roster.Access;
using Roster.Changes;
using Roster.Imports;
using Roster.Log;
using Roster.Storage;
using Roster.Tests.Plans;

namespace Roster.Tests.Growth;

/// <summary>
/// The cost of a call does not grow with what is stored: each call runs in a directory, and in one with four times as
/// much of everything. The cost is the number of SQLite's steps and pages, which do not depend on the machine.
/// </summary>
public sealed class GrowthOnSqlite(SqliteHost host)
{
    private const int Small = 2_000;
    private const int Times = 4;
    private const int Items = 100;

    /// <summary>How often each call is made. The cheapest one counts, as the server also does other work.</summary>
    private const int Rounds = 3;

    private const double MaxGrowth = 1.5;

    /// <summary>
    /// What may be added: one page for each of <see cref="Items"/>, as trees are a level deeper, and background work.
    /// </summary>
    private static readonly Cost Slack = new(400, 150);

    /// <summary>The calls, each with the number of its round, so that writes can differ.</summary>
    private static readonly (string Name, Func<Directory, int, Task> Call)[] Calls =
    [
        ("PUT by id", (one, round) => one.PutAsync(one.Some(i => new { id = one.Ids[i], phone = $"{round}" }))),
        ("PUT by id, unchanged", (one, _) => one.PutAsync(one.Some(i => new { id = one.Ids[i] }))),
        ("PUT by external id", (one, round) => one.PutAsync(
            one.Some(i => new { externalId = $"crm-{i}", phone = $"x{round}" }), "?matchOn=externalId")),
        ("PUT by email", (one, round) => one.PutAsync(
            one.Some(i => new { email = $"P{i}@x.example", phone = $"m{round}" }), "?matchOn=email")),
        ("PUT of tags", (one, round) => one.PutAsync(one.Some(i => new { id = one.Ids[i], tags = new[] { $"r{round}" } }))),
        ("PUT that changes external ids", (one, round) => one.PutAsync(
            one.Some(i => new { id = one.Ids[i], externalId = $"changed-{round}-{i}" }))),
        ("create", (one, round) => one.PutAsync(one.Some(i => new { name = $"new {round} {i}" }))),
        ("create with external ids", (one, round) => one.PutAsync(one.Some(i => new { name = "n", externalId = $"new-{round}-{i}" }))),
        ("mirror", (one, round) => DoneAsync(one.Elsewhere.PutAsync(
            JsonSerializer.SerializeToUtf8Bytes(Enumerable.Range(0, 50).Select(i => new { externalId = $"{i}", name = $"{round}" })),
            path: "/api/partners?mode=mirror&matchOn=externalId&maxDeletes=50"))),
        ("idempotent write", (one, round) => DoneAsync(one.Api.SendAsync(
            HttpMethod.Put, "/api/partners", Directory.Json(new[] { new { id = one.Ids[7], phone = $"i{round}" } }),
            headers: [("Idempotency-Key", $"growth-{round}")]))),
        ("delete", (one, round) => DoneAsync(one.Api.DeleteAsync(one.Ids.Skip(500 + (round * Items)).Take(Items)))),
        ("restore", (one, round) => DoneAsync(one.Api.RestoreAsync(one.Ids.Skip(500 + (round * Items)).Take(Items)))),
        ("undo", async (one, _) => await DoneAsync(one.Api.PostAsync("", $"/api/changesets/{await one.EndAsync()}/undo"))),
        ("GET by id", (one, _) => one.GetAsync($"/{one.Ids[50]}")),
        ("GET by external id", (one, _) => one.GetAsync("?externalId=crm-900")),
        ("list", (one, _) => one.GetAsync("?take=50")),
        ("list, oldest first", (one, _) => one.GetAsync("?take=50&sort=asc")),
        ("list by name", (one, _) => one.GetAsync("?take=50&sort=name")),
        ("list by update", (one, _) => one.GetAsync("?take=50&sort=-updatedAt")),
        ("search", (one, _) => one.GetAsync("?q=needle&take=50")),
        ("search by name", (one, _) => one.GetAsync("?q=needle&take=50&sort=name")),
        ("filter by a tag", (one, _) => one.GetAsync("?tag=rare&take=50")),
        ("filter by a tag, by name", (one, _) => one.GetAsync("?tag=rare&take=50&sort=name")),
        ("filter by metadata", (one, _) => one.GetAsync("?metadata.region=emea&take=50&sort=-updatedAt")),
        ("filter by a tag and metadata", (one, _) => one.GetAsync("?tag=rare&metadata.region=*&metadata.none=&take=50")),
        ("count with a tag", (one, _) => one.GetAsync("?tag=rare&take=1&count=true")),
        ("tags", (one, _) => one.ReadAsync("/api/tags?take=50")),
        ("keys of metadata", (one, _) => one.ReadAsync("/api/metadata-keys?take=50")),
        ("filter by no email", (one, _) => one.GetAsync("?email=&take=50&count=true")),
        ("filter by any email", (one, _) => one.GetAsync("?email=*&take=50&count=true")),
        ("filter by any email, by name", (one, _) => one.GetAsync("?email=*&take=50&sort=name")),
        ("filter by any phone, by update", (one, _) => one.GetAsync("?phone=*&take=50&sort=-updatedAt")),
        ("statistics", (one, _) => one.ReadAsync("/api/stats?days=366")),
        ("status", (one, _) => one.ReadAsync("/api/status")),
        ("filter by email", (one, _) => one.GetAsync("?email=p70@x.example")),
        ("count", (one, _) => one.GetAsync("?take=1&count=true")),
        ("change sets", (one, _) => one.ReadAsync("/api/changesets?take=50")),
        ("change sets of a key", (one, _) => one.ReadAsync($"/api/changesets?take=50&actor={one.RareKey}")),
        ("change sets of a kind", (one, _) => one.ReadAsync("/api/changesets?take=50&kind=delete")),
        ("change sets of a key and a kind", (one, _) => one.ReadAsync($"/api/changesets?take=50&kind=restore&actor={one.RareKey}")),
        ("change sets of none", (one, _) => one.ReadAsync($"/api/changesets?take=50&kind=erase&actor={one.RareKey}")),
        ("change sets since", (one, _) => one.ReadAsync("/api/changesets?take=50&since=2999-01-01T00:00:00Z")),
        ("change sets before", (one, _) => one.ReadAsync("/api/changesets?take=5&cursor=5")),
        ("change set", (one, _) => one.ReadAsync("/api/changesets/3")),
        ("by key", (one, _) => one.ReadAsync("/api/changesets/by-key/seed-5")),
        ("history", (one, _) => one.GetAsync($"/{one.Ids[0]}/history?take=5")),
        ("as of", async (one, _) => await one.GetAsync($"/{one.Ids[0]}?asOf={await one.EndAsync() - 2}")),
        ("feed", async (one, _) => await one.GetAsync($"/changes?after={await one.EndAsync() - 2}")),
        ("audit", (one, _) => one.ReadAsync("/api/audit?take=10")),
        ("older audit", (one, _) => one.ReadAsync($"/api/audit?take=10&before={one.FirstAudit}")),
        ("revoke a key", (one, round) => DoneAsync(one.Api.SendAsync(HttpMethod.Delete, $"/api/keys/{one.Spare[round]}"))),
        ("sign in and out", async (one, _) =>
        {
            var person = await ConsoleClient.ByKeyAsync(one.Browser, one.Api.Key!);
            Assert.Equal(200, (await person.GetAsync("/api/session")).Status);
            Assert.Equal(204, (await person.DeleteAsync("/api/session")).Status);
        }),
        ("invite", async (one, _) =>
        {
            var link = (await one.Api.PostAsync("""{"name":"n","role":"viewer"}""", "/api/links")).Json.GetProperty("link").GetString()!;
            Assert.Equal(201, (await ConsoleClient.OpenAsync(one.Browser, link)).Status);
        }),
        ("a person", (one, _) => one.Host.Store.FindPersonAsync(
            one.Api.Workspace.Id, Directory.IdentityOf(0), CancellationToken.None)),
        ("a person's sign-in", async (one, _) => Assert.True(await one.SignInAsync(one.Person, 0))),
        ("a person's first sign-in", async (one, round) => Assert.True(await one.SignInAsync(
            one.NewPerson(Timestamp.Now(one.Host.Clock)), -1 - round))),
        ("workspaces by name", (one, _) => one.Host.Store.FindWorkspacesAsync(
            [one.Api.Workspace.Name, one.Elsewhere.Workspace.Name, "none"], CancellationToken.None)),
        ("newest sessions", (one, _) => one.Host.Store.ListSessionsAsync(
            one.Api.Workspace.Id, null, Timestamp.Now(one.Host.Clock), 5, CancellationToken.None)),
        ("sessions of a key", (one, _) => one.Host.Store.ListSessionsAsync(
            one.Api.Workspace.Id, one.RareKey, Timestamp.Now(one.Host.Clock), 5, CancellationToken.None)),
        ("names of keys", (one, _) => one.Host.Store.NameKeysAsync(one.Api.Workspace.Id, [one.RareKey], CancellationToken.None)),
        ("a page's preflight", (one, _) => one.Host.Store.ListHostnamesAsync(new Timestamp(1), CancellationToken.None)),
        ("readiness", (one, _) => one.Host.Store.CheckAsync(CancellationToken.None)),
        ("import", async (one, round) =>
        {
            var file = "externalId,name\n" + string.Concat(Enumerable.Range(0, Items).Select(i => $"imported-{round}-{i},n\n"));
            var (id, _) = await one.Api.NewPlanAsync(file);
            await one.Api.RowsAsync(id, "?take=20");
            Assert.Equal("applied", (await one.Api.AppliedAsync(id)).State());
        }),
        ("imports", (one, _) => one.ReadAsync("/api/imports?take=50")),
        ("imports that are due", (one, _) => one.Host.Store.ListDueImportsAsync(
            DueImports.All(new Timestamp(long.MaxValue / 2)), [], 30, CancellationToken.None)),
        ("imports that wait", (one, _) => one.Host.Store.ListDueImportsAsync(
            DueImports.Waiting, [one.Api.Workspace.Id], 30, CancellationToken.None)),
        ("imports that are open", (one, _) => one.Host.Store.ListOpenImportsAsync(one.Api.Workspace.Id, CancellationToken.None)),
        ("count of imports that are open", (one, _) => one.Host.Store.CountOpenImportsAsync(
            one.Api.Workspace.Id, CancellationToken.None)),
        ("parts of an import", (one, _) => one.Host.Store.ListImportPartsAsync(one.Api.Workspace.Id, one.Import, CancellationToken.None)),
        ("blocks of an import", (one, _) => one.Host.Store.ListImportBlocksAsync(
            one.Api.Workspace.Id, one.Import, ImportBlockKind.Rows, 50, 20, CancellationToken.None)),
        ("a block of an import", (one, _) => one.Host.Store.ReadImportBlockAsync(
            one.Api.Workspace.Id, one.Import, ImportBlockKind.Rows, 50, CancellationToken.None)),
        ("a mapping", (one, round) => one.Host.Store.PutMappingAsync(
            one.Api.Workspace.Id, new StoredMapping($"m{round}", new Timestamp(1), [1]), CancellationToken.None)),
        ("a mapping by name", (one, round) => one.Host.Store.FindMappingAsync(one.Api.Workspace.Id, $"m{round}", CancellationToken.None)),
        ("a mapping deleted", async (one, round) => Assert.True(
            await one.Host.Store.DeleteMappingAsync(one.Api.Workspace.Id, $"m{round}", CancellationToken.None))),
        ("blocks of an import deleted", async (one, round) =>
        {
            var id = Guid.NewGuid();
            await one.Host.Store.WriteImportBlocksAsync(
                one.Api.Workspace.Id, id, [new(ImportBlockKind.Rows, round, [], new byte[100])], CancellationToken.None);
            await one.Host.Store.DeleteImportBlocksAsync(one.Api.Workspace.Id, id, ImportBlockKind.Rows, 0, CancellationToken.None);
        }),
        ("accept", (one, _) => one.Host.Store.AcceptAsync(one.Api.Workspace.Id, [Guid.Parse(one.Ids[9])], CancellationToken.None)),
        ("use of a key", (one, round) => one.Host.Store.NoteKeyUseAsync(
            new Dictionary<Guid, Timestamp> { [one.RareKey] = new Timestamp(round + 1) }, CancellationToken.None)),
        ("whether there are keys", (one, _) => one.Host.Store.HasKeysAsync(CancellationToken.None)),
        ("a new workspace", async (one, round) => Assert.NotNull(
            await one.Host.Store.AddWorkspaceAsync($"grown {round}", new Timestamp(1), CancellationToken.None))),
        ("mappings", (one, _) => one.Host.Store.ListMappingsAsync(one.Api.Workspace.Id, CancellationToken.None)),
        ("retention", (one, _) => one.Host.Store.ForgetValuesAsync(one.Api.Workspace.Id, new Timestamp(1), CancellationToken.None)),
    ];

    [Fact]
    public async Task No_call_costs_more_because_more_is_stored()
    {
        await using var small = await Directory.MakeAsync(host, Small);
        await using var large = await Directory.MakeAsync(host, Small * Times);

        var grown = new List<string>();
        foreach (var (name, call) in Calls)
        {
            var (before, after) = (await small.MeasureAsync(call), await large.MeasureAsync(call));
            if (after.Steps > (before.Steps * MaxGrowth) + Slack.Steps || after.Pages > (before.Pages * MaxGrowth) + Slack.Pages)
                grown.Add($"{name}: {before} became {after}");
            TestContext.Current.SendDiagnosticMessage($"{name}: {before} {after}");
        }

        Assert.Empty(grown);
        var known = SqliteTexts.All.Select(text => text.Sql)
            .Concat(new[] { "index", "order" }.SelectMany(file => SqlText.Statements($"sqlite/search/{file}.sql"))).ToHashSet();
        Assert.DoesNotContain(large.Work.Texts, text => !SqliteTexts.Housekeeping().IsMatch(text) && !known.Contains(text));
    }

    private static async Task DoneAsync(Task<Answer> sent) => Assert.InRange((await sent).Status, 200, 204);

    private sealed class Directory : IAsyncDisposable
    {
        public required SqliteHost Host { get; init; }

        public required SqliteWork Work { get; init; }

        public required RosterClient Api { get; init; }

        public required RosterClient Elsewhere { get; init; }

        /// <summary>A client without a key.</summary>
        public RosterClient Browser => Host.WithKey(null);

        public IReadOnlyList<string> Ids { get; private set; } = [];

        public Guid RareKey { get; private set; }

        /// <summary>Who has signed in by OpenID Connect, with the number 0.</summary>
        public ApiKey Person { get; private set; } = null!;

        public string FirstAudit { get; private set; } = "";

        /// <summary>An import with many blocks.</summary>
        public Guid Import { get; private set; }

        public List<string> Spare { get; private set; } = [];

        public static StringContent Json(object value) =>
            new StringContent(JsonSerializer.Serialize(value), System.Text.Encoding.UTF8, "application/json");

        public static async Task<Directory> MakeAsync(SqliteHost like, int size)
        {
            var made = like.Another();
            var work = new SqliteWork(made.File);
            await made.InitializeAsync();
            var one = new Directory
            {
                Host = made,
                Work = work,
                Api = await made.NewWorkspaceAsync(),
                Elsewhere = await made.NewWorkspaceAsync(),
            };
            await one.FillAsync(size);
            return one;
        }

        public async Task<Cost> MeasureAsync(Func<Directory, int, Task> call)
        {
            var least = new Cost(long.MaxValue, long.MaxValue);
            for (var round = 0; round < Rounds; round++)
            {
                await SettleAsync();
                var before = Work.Total();
                await call(this, round);
                await SettleAsync();
                least = Cost.Least(least, Work.Total() - before);
            }
            return least;
        }

        public async Task PutAsync(IEnumerable<object> items, string query = "") =>
            Assert.Equal(200, (await Api.PutAsync(JsonSerializer.SerializeToUtf8Bytes(items), path: "/api/partners" + query)).Status);

        public async Task GetAsync(string query) => Assert.Equal(200, (await Api.GetAsync("/api/partners" + query)).Status);

        public async Task ReadAsync(string path) => Assert.Equal(200, (await Api.GetAsync(path)).Status);

        public async Task<long> EndAsync() => (await Api.GetAsync("/api/changesets?take=1")).Items[0].GetProperty("revision").GetInt64();

        /// <summary>An item for each of some partners, evenly spread.</summary>
        public IEnumerable<object> Some(Func<int, object> item) =>
            Enumerable.Range(1, Items).Select(i => item(i * Ids.Count / (Items + 1)));

        public async ValueTask DisposeAsync()
        {
            await Host.DisposeAsync();
            Work.Dispose();
        }

        /// <summary>Imports that are forgotten, each with a change set; the last one has blocks.</summary>
        private async Task AddImportsAsync(int count)
        {
            byte[] bytes = new Import { State = ImportState.Applied }.ToStored(null).Document;
            for (var i = 0; i < count; i++)
            {
                Import = Guid.CreateVersion7();
                await Host.Store.AddImportAsync(new StoredImport(Api.Workspace.Id, Import, 1, null, bytes), CancellationToken.None);
                var part = new WriteRequest(
                    Roster.Tests.Some.Upsert("""[{"name":"n"}]"""), new Origin(RareKey, Import), Import: new ImportMark(Import, 1, 1));
                await Host.Store.WriteAsync(Api.Workspace.Id, part, CancellationToken.None);
                ImportBlock[] block = [new(ImportBlockKind.Rows, i, bytes, new byte[100])];
                await Host.Store.WriteImportBlocksAsync(Api.Workspace.Id, Guid.AllBitsSet, block, CancellationToken.None);
            }
            for (var i = 0; i < count; i++)
                await Host.Store.WriteImportBlocksAsync(
                    Api.Workspace.Id, Import, [new(ImportBlockKind.Rows, i, bytes, new byte[100])], CancellationToken.None);
        }

        /// <summary>Waits until the search index has followed the log.</summary>
        private async Task SettleAsync()
        {
            await GetAsync("?email=nobody@x.example");
            Assert.Equal(200, (await Elsewhere.GetAsync("/api/partners?email=nobody@x.example")).Status);
        }

        public static byte[] IdentityOf(int person) => PersonIdentity.HashOf("https://id.example", $"{person}");

        public ApiKey NewPerson(Timestamp at) => new(
            Guid.CreateVersion7(), Api.Workspace.Id, "n", "p", Guid.NewGuid().ToByteArray(), Scopes.PartnersRead, at, null, null,
            HostnameList.Any, Kind: KeyKind.Person);

        public Task<bool> SignInAsync(ApiKey person, int number, Timestamp? at = null)
        {
            var now = at ?? Timestamp.Now(Host.Clock);
            return Host.Store.SignInAsync(
                person, IdentityOf(number),
                new Session(Guid.CreateVersion7(), person.WorkspaceId, person.Id, Guid.NewGuid().ToByteArray(), now, now, null, null),
                [AuditEvent.Of(AuditAction.SessionBegun, Api.Workspace.Id, now, Actor.Command, "s")], CancellationToken.None);
        }

        /// <summary>
        /// A session of each of some people who signed in by OpenID Connect, and in another workspace a link; half of them
        /// have expired.
        /// </summary>
        private async Task AddSessionsAsync(int count)
        {
            var now = Timestamp.Now(Host.Clock);
            for (var i = 0; i < count; i++)
            {
                var at = i % 2 == 0 ? now : new Timestamp(now.Microseconds / 2);
                var person = NewPerson(at);
                if (i == 0)
                    Person = person;
                Assert.True(await SignInAsync(person, i, at));
                await Host.Store.AddLinkAsync(
                    new ConsoleLink(
                        Guid.CreateVersion7(), Elsewhere.Workspace.Id, Guid.NewGuid().ToByteArray(), null, "n",
                        new Grant(Scopes.PartnersRead, HostnameList.Any, null), at),
                    AuditEvent.Of(AuditAction.LinkCreated, Elsewhere.Workspace.Id, at, Actor.Command, "l"), CancellationToken.None);
            }
        }

        private async Task FillAsync(int size)
        {
            var rare = await Host.NewKeyAsync(Api.Workspace, Scopes.All);
            RareKey = (await Host.Store.FindKeyAsync(ApiKeySecret.Parse(rare.Key!)!.Hash(), CancellationToken.None))!.Id;
            var spare = new List<string>();
            for (var i = 0; i < Rounds; i++)
            {
                var key = await Host.NewKeyAsync(Api.Workspace, Scopes.PartnersRead);
                spare.Add($"{(await Host.Store.FindKeyAsync(ApiKeySecret.Parse(key.Key!)!.Hash(), CancellationToken.None))!.Id}");
            }
            Spare = spare;
            Ids = (await Api.PutAsync(JsonSerializer.SerializeToUtf8Bytes(Enumerable.Range(0, size).Select(i => new
            {
                name = i % (size / 5) == 1 ? $"needle {i}" : $"partner {i}",
                email = $"p{i}@x.example",
                externalId = $"crm-{i}",
                tags = i % (size / 5) == 2 ? new[] { "rare", $"t{i % 100}" } : [$"t{i % 100}"],
                metadata = i % (size / 5) == 2 ? new { region = "emea" } : null,
            })))).Ids;
            Assert.Equal(200, (await rare.DeleteAsync(Ids[3])).Status);
            Assert.Equal(200, (await rare.RestoreAsync(Ids[3])).Status);
            FirstAudit = (await Api.GetAsync("/api/audit?take=1")).Items[0].GetProperty("id").GetString()!;
            await Parallel.ForAsync(0, size / 5, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
            {
                var body = Json(new[] { new { id = Ids[0], phone = $"{i}" } });
                var answer = await Api.SendAsync(
                    HttpMethod.Put, "/api/partners", body, headers: [("Idempotency-Key", $"seed-{i}")]);
                Assert.Equal(200, answer.Status);
            });
            await AddImportsAsync(size / 10);
            await AddSessionsAsync(size / 20);
            for (var i = 0; i < size / 50; i++)
            {
                await Host.NewKeyAsync(Api.Workspace, Scopes.PartnersRead);
                await (await Host.NewWorkspaceAsync()).CreateAsync($$"""{"name":"n","externalId":"crm-{{i}}"}""");
            }
        }
    }
}
