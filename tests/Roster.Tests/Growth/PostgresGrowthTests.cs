using System.Text.Json;
using System.Text.RegularExpressions;
using Npgsql;
using Roster.Access;
using Roster.Batches;
using Roster.Changes;
using Roster.Imports;
using Roster.Log;
using Roster.Partners;
using Roster.Storage;
using Roster.Storage.Postgres.Connections;
using Roster.Storage.Postgres.Search;
using Roster.Tests.Plans;

namespace Roster.Tests.Growth;

/// <summary>
/// The cost of a call does not grow with what is stored. Everything is stored four times as often: partners, external
/// ids, idempotency keys, change sets, changes of one partner, workspaces and API keys. The cost is the number of pages
/// that the statements touch, as auto_explain reports it.
/// </summary>
public sealed partial class PostgresGrowthTests(PostgresGrowthTests.Databases databases) : IClassFixture<PostgresGrowthTests.Databases>
{
    private const int Few = 4_000;
    private const double MostGrowth = 1.5;

    /// <summary>In pages: an index may get a level deeper, which costs one page.</summary>
    private const int LevelsMore = 2;

    /// <summary>
    /// Reads all keys until PostgreSQL has analyzed them, a minute after they were made, and knows that few name hosts.
    /// The server runs it once a second at most.
    /// </summary>
    private const string Unanalyzed = "ListHostnames";

    /// <summary>Partners in a batch.</summary>
    private const int Batch = 100;

    /// <summary>
    /// A database without statistics is like a new one before its first analyze. One that was analyzed too early knows
    /// another workspace, and not this one.
    /// </summary>
    [Theory]
    [InlineData("never")]
    [InlineData("early")]
    [InlineData("now")]
    public async Task No_call_costs_more_when_four_times_as_much_is_stored(string isAnalyzed)
    {
        var few = await CostsAsync(Few);
        var many = await CostsAsync(Few * 4);

        var grown = few.Where(one => isAnalyzed == "now" || one.Key != Unanalyzed)
            .Where(one => many[one.Key] >= one.Value * MostGrowth && many[one.Key] > one.Value + LevelsMore)
            .Select(one => $"{one.Key}: {one.Value} pages, then {many[one.Key]}");
        Assert.True(!grown.Any(), string.Join('\n', grown));
        Assert.All(few, one => Assert.True(one.Value > 0, $"{one.Key} was not counted"));

        async Task<Dictionary<string, long>> CostsAsync(int stored)
        {
            var database = isAnalyzed == "early" ? await databases.LateAsync(stored) : await databases.FilledAsync(stored);
            // The server analyzes the search index itself, after filling it and when it grows.
            await PostgresCluster.RunAsync(
                database, isAnalyzed == "now" ? "vacuum analyze" : "vacuum (index_cleanup on)", "analyze partner_search, search_term");
            // This use does not follow the log in the background.
            await using var store = await Store.Parse(database).OpenAsync(StoreUse.Administer, TimeProvider.System, CancellationToken.None);
            var costs = new Dictionary<string, long>();
            foreach (var (name, call) in Calls(store))
            {
                var before = new FileInfo(databases.Cluster.Log).Length;
                await call();
                costs.Add(name, PagesSince(databases.Cluster.Log, before));
            }
            await using var source = NpgsqlDataSource.Create(PostgresAddress.Parse(database, null, false)!.ConnectionString);
            await using var connection = await source.OpenConnectionAsync();
            foreach (var (name, call) in Searches(connection))
            {
                var before = new FileInfo(databases.Cluster.Log).Length;
                await call();
                costs.Add(name, PagesSince(databases.Cluster.Log, before));
            }
            return costs;
        }
    }

    /// <summary>
    /// The work of the search index: lists, and a step along the log. "q" is left out: its lists of trigrams are as
    /// long as the number of partners that have them.
    /// </summary>
    private static IEnumerable<(string Name, Func<Task> Call)> Searches(NpgsqlConnection connection)
    {
        var lists = new (string Name, PartnerFilter Filter, PartnerSort Sort, PartnerCursor? After)[]
        {
            ("an address", new PartnerFilter(Email: "a2500@b.example"), PartnerSort.CreatedAt, null),
            ("a phone", new PartnerFilter(Phone: "02500"), PartnerSort.Name, null),
            ("by name", new PartnerFilter(), PartnerSort.Name, null),
            ("by name, from the middle", new PartnerFilter(), PartnerSort.Name, new PartnerCursor(
                PostgresSeed.Partner(Few / 2), Name: $"n{Few / 2}")),
            ("by update", new PartnerFilter(), PartnerSort.UpdatedAt, null),
            ("a tag", new PartnerFilter(Tags: ["t50"]), PartnerSort.CreatedAt, null),
            ("a tag, by name", new PartnerFilter(Tags: ["t50"]), PartnerSort.Name, null),
            ("metadata", new PartnerFilter(Metadata: [new("number", "2500")]), PartnerSort.CreatedAt, null),
            ("a key, by update", new PartnerFilter(Metadata: [new("k50", null)]), PartnerSort.UpdatedAt, null),
            ("an address at all", new PartnerFilter(HasEmail: true), PartnerSort.CreatedAt, null),
            ("no address", new PartnerFilter(HasEmail: false), PartnerSort.CreatedAt, null),
            ("no phone, by name", new PartnerFilter(HasPhone: false), PartnerSort.Name, null),
            ("by update, from the middle", new PartnerFilter(), PartnerSort.UpdatedAt, new PartnerCursor(
                PostgresSeed.Partner(Few / 2), UpdatedAt: new Timestamp(Few / 2))),
        };
        foreach (var (name, filter, sort, after) in lists)
            yield return ("Search: " + name, () => RunAsync(PostgresSearchQuery.Page(
                PostgresSeed.Workspace, new PartnerQuery(filter, sort, IsDescending: false, Batch, 0, after))));
        yield return ("Search: terms", () => RunAsync(
            new PostgresStatement(PostgresSearch.SelectTerms, PostgresSeed.Workspace, (int)TermKind.Tag, "t2", (long)Batch)));
        yield return ("Search: statistics", () => RunAsync(
            new PostgresStatement(PostgresSearch.SelectStatistics, PostgresSeed.Workspace, 20_000 - Batch, PostgresSearch.MaxDayCounts)));
        yield return ("Search: a step", StepAsync);

        async Task StepAsync()
        {
            await RunAsync(new PostgresStatement(
                "update search_state set (reached, counted) = (select revision - 1, revision - 1 from log_end where workspace_id = $1) "
                + "where workspace_id = $1",
                PostgresSeed.Workspace));
            await connection.RunAsync(CancellationToken.None, PostgresDatabase.BeginAlone);
            Assert.Equal(FollowStep.Reached, (await PostgresSearchStep.RunAsync(connection, PostgresSeed.Workspace)).Step);
            await RunAsync(new PostgresStatement("commit"));
        }

        Task<int> RunAsync(PostgresStatement statement) => connection.RunAsync(CancellationToken.None, statement);
    }

    /// <summary>The calls of the store, each of which should cost as much as the things it names.</summary>
    private static IEnumerable<(string Name, Func<Task> Call)> Calls(IRosterStore store)
    {
        var none = CancellationToken.None;
        // Each call has partners of its own.
        var next = Batch;
        var now = Timestamp.Now(TimeProvider.System);
        var workspace = new Workspace(PostgresSeed.Workspace, "w1", 0, now);
        var key = NewKey();
        yield return ("Write: create", () => WriteAsync(Some.Upsert("""[{"name":"n","externalId":"new"}]""")));
        yield return ("Write: update", () => WriteAsync(Some.Upsert(Items(id => new { id = PostgresSeed.Partner(id), name = "m" }))));
        yield return ("Write: match external ids", () => WriteAsync(
            Some.Change(new BatchBuilder(ChangeKind.Upsert, MatchOn.ExternalId), Items(id => new { externalId = $"x{id}", name = "m" }))));
        yield return ("Write: move external ids", () => WriteAsync(
            Some.Upsert(Items(id => new { id = PostgresSeed.Partner(id), externalId = $"y{id}" }))));
        yield return ("Write: nothing", () => WriteAsync(Some.Upsert(Items(id => new { id = PostgresSeed.Partner(id), name = $"n{id}" }))));
        var deleted = JsonSerializer.Serialize(Numbers().Select(PostgresSeed.Partner));
        yield return ("Write: delete", () => WriteAsync(Some.Change(new BatchBuilder(ChangeKind.Delete), deleted)));
        yield return ("Write: restore", () => WriteAsync(Some.Change(new BatchBuilder(ChangeKind.Restore), deleted)));
        yield return ("Feed", async () => await store.ReadChangedAfterAsync(
            PostgresSeed.Workspace, (await store.FindEndAsync(PostgresSeed.Workspace, none)).Number - 1, Batch, none));
        yield return ("Accept", () => store.AcceptAsync(PostgresSeed.Workspace, [PostgresSeed.Partner(next++)], none));
        yield return ("Write: erase", () => WriteAsync(Some.Erasure(PostgresSeed.Partner(next++))));
        yield return ("Claim, write and keep", ClaimAndKeepAsync);
        yield return ("Claim and release", async () => await store.ReleaseAsync(PostgresSeed.Workspace, await ClaimAsync(), none));
        yield return ("FindIdempotency", () => store.FindIdempotencyAsync(PostgresSeed.Workspace, new byte[32], default, default, none));
        yield return ("Find", () => store.FindAsync(PostgresSeed.Workspace, Numbers().Select(PostgresSeed.Partner), none));
        yield return ("List: newest", () => ListAsync(new PartnerFilter(), null, isDescending: true));
        yield return ("List: oldest", () => ListAsync(new PartnerFilter(), null, isDescending: false));
        yield return ("List: from the middle", () => ListAsync(
            new PartnerFilter(), new PartnerCursor(PostgresSeed.Partner(Few / 2)), isDescending: true));
        yield return ("List: external id", () => ListAsync(new PartnerFilter(ExternalId: "x2500"), null, isDescending: true));
        yield return ("List: id", () => ListAsync(new PartnerFilter(Id: PostgresSeed.Partner(2_500)), null, isDescending: true));
        yield return ("Count", () => store.CountAsync(PostgresSeed.Workspace, new PartnerFilter(), none));
        yield return ("FindEnd", () => store.FindEndAsync(PostgresSeed.Workspace, none));
        yield return ("ListChangeSets", () => ListChangeSetsAsync(new ChangeSetQuery(Batch)));
        yield return ("ListChangeSets: from the middle", () => ListChangeSetsAsync(new ChangeSetQuery(Batch, Before: Few / 2)));
        yield return ("ListChangeSets: a kind that is rare", () => ListChangeSetsAsync(
            new ChangeSetQuery(Batch, Before: Few / 2, Kind: ChangeKind.Undo)));
        yield return ("ListChangeSets: a kind that there is not", () => ListChangeSetsAsync(
            new ChangeSetQuery(Batch, Kind: ChangeKind.Mirror)));
        yield return ("ListChangeSets: a key that is rare", () => ListChangeSetsAsync(new ChangeSetQuery(3, KeyId: PostgresSeed.RareKey)));
        yield return ("ListChangeSets: a key and a kind that it never made", () => ListChangeSetsAsync(
            new ChangeSetQuery(Batch, KeyId: PostgresSeed.Key, Kind: ChangeKind.Mirror)));
        yield return ("ListChangeSets: of today", () => ListChangeSetsAsync(new ChangeSetQuery(Batch, Since: now)));
        yield return ("ForgetValues", () => store.ForgetValuesAsync(PostgresSeed.Workspace, now, none));
        yield return ("FindKey by hash", () => store.FindKeyAsync(System.Security.Cryptography.SHA256.HashData("e5"u8), none));
        yield return ("FindKey", () => store.FindKeyAsync(PostgresSeed.Key, none));
        yield return ("HasKeys", () => store.HasKeysAsync(none));
        yield return ("ListHostnames", () => store.ListHostnamesAsync(now, none));
        yield return ("AddKey", () => store.AddKeyAsync(
            key, AuditEvent.Of(AuditAction.KeyCreated, workspace.Id, now, Actor.Command, "s"), null, none));
        yield return ("NoteKeyUse", () => store.NoteKeyUseAsync(new Dictionary<Guid, Timestamp> { [key.Id] = now }, none));
        yield return ("RevokeKey", () => store.RevokeKeyAsync(
            key.Id, AuditEvent.Of(AuditAction.KeyRevoked, workspace.Id, now, Actor.Command, "s"), none));
        yield return ("ListAudit", () => store.ListAuditAsync(workspace.Id, null, Batch, none));
        yield return ("ListAudit: from the middle", () => store.ListAuditAsync(workspace.Id, PostgresSeed.Event(Few / 2), Batch, none));
        yield return ("Write: a part of an import", () => store.WriteAsync(
            PostgresSeed.Workspace,
            new WriteRequest(Some.Upsert("""[{"name":"n"}]"""), NewOrigin(), Import: new ImportMark(Guid.NewGuid(), 1, 1)), none));
        foreach (var call in CallsOfSessions(store, now).Concat(CallsOfImports(store)))
            yield return call;
        yield return ("AddWorkspace", () => store.AddWorkspaceAsync("new", now, none));
        yield return ("Check", () => store.CheckAsync(none));

        async Task ClaimAndKeepAsync()
        {
            var request = new WriteRequest(Some.Upsert("""[{"name":"n"}]"""), NewOrigin(), Idempotency: await ClaimAsync());
            await store.WriteAsync(PostgresSeed.Workspace, request, none);
        }

        async Task<Idempotency> ClaimAsync()
        {
            var idempotency = new Idempotency(
                Guid.NewGuid().ToByteArray(), new byte[32], Guid.NewGuid(), now, now.AddMilliseconds(-86_400_000));
            await store.ClaimAsync(PostgresSeed.Workspace, idempotency, now, now.AddMilliseconds(-90_000), none);
            return idempotency;
        }

        Task WriteAsync(Change change) => store.WriteAsync(PostgresSeed.Workspace, change, NewOrigin(), none);

        Task ListAsync(PartnerFilter filter, PartnerCursor? after, bool isDescending) =>
            store.ListAsync(PostgresSeed.Workspace, new PartnerQuery(filter, PartnerSort.CreatedAt, isDescending, Batch, 0, after), none);

        Task ListChangeSetsAsync(ChangeSetQuery query) => store.ListChangeSetsAsync(PostgresSeed.Workspace, query, none);

        Origin NewOrigin() => new(PostgresSeed.Key, Guid.NewGuid());

        IEnumerable<int> Numbers()
        {
            next += Batch;
            return Enumerable.Range(next - Batch, Batch);
        }

        string Items(Func<int, object> item) => JsonSerializer.Serialize(Numbers().Select(item));

        ApiKey NewKey() => new(
            Guid.CreateVersion7(), workspace.Id, "k", "p", Guid.NewGuid().ToByteArray(), Scopes.All, now, null, null, HostnameList.Any);
    }

    private static IEnumerable<(string Name, Func<Task> Call)> CallsOfSessions(IRosterStore store, Timestamp now)
    {
        const long Workspace = PostgresSeed.Workspace;
        var none = CancellationToken.None;
        var (session, person) = (SessionOf(PostgresSeed.RareKey), Guid.CreateVersion7());
        var secret = Guid.NewGuid().ToByteArray();
        var link = new ConsoleLink(
            Guid.CreateVersion7(), Workspace, secret, PostgresSeed.Key, "n", new Grant(Scopes.PartnersRead, HostnameList.Any, null), now);
        yield return ("AddSession", async () => Assert.True(await store.AddSessionAsync(
            session, (await store.FindKeyAsync(session.KeyId, none))!, Event(AuditAction.SessionBegun), none)));
        yield return ("FindSession by hash", () => store.FindSessionAsync(session.Hash, none));
        yield return ("FindSession", () => store.FindSessionAsync(session.Id, none));
        yield return ("ListSessions of a key", () => store.ListSessionsAsync(Workspace, session.KeyId, now, 10, none));
        yield return ("NoteSessionUse", () => store.NoteSessionUseAsync(new Dictionary<Guid, Timestamp> { [session.Id] = now }, none));
        yield return ("EndSession", () => store.EndSessionAsync(session.Id, Event(AuditAction.SessionEnded), none));
        yield return ("AddLink", () => store.AddLinkAsync(link, Event(AuditAction.LinkCreated), none));
        yield return ("FindLink", () => store.FindLinkAsync(secret, none));
        yield return ("UseLink", () => store.UseLinkAsync(
            link,
            new ApiKey(person, Workspace, "n", "p", Guid.NewGuid().ToByteArray(), Scopes.All, now, null, null, HostnameList.Any),
            SessionOf(person), [Event(AuditAction.PersonCreated), Event(AuditAction.SessionBegun)], none));
        var known = new ApiKey(
            PostgresSeed.Person(Few / 2), Workspace, "n", "p", [], Scopes.PartnersRead, now, null, null, HostnameList.Any);
        var identity = PostgresSeed.IdentityOf(Few / 2);
        yield return ("FindPerson", async () => Assert.Equal(known.Id, (await store.FindPersonAsync(Workspace, identity, none))!.Id));
        yield return ("SignIn", () => SignInAsync(known, identity));
        yield return ("SignIn: more rights", () => SignInAsync(known with { Scopes = Scopes.All }, identity));
        yield return ("SignIn: the first", () => SignInAsync(
            known with { Id = Guid.CreateVersion7(), Hash = Guid.NewGuid().ToByteArray() }, Guid.NewGuid().ToByteArray()));
        yield return ("FindWorkspaces", () => store.FindWorkspacesAsync(["w1", $"w{Few / 2}", "none"], none));
        yield return ("NameKeys", () => store.NameKeysAsync(Workspace, [PostgresSeed.Key, PostgresSeed.RareKey], none));
        yield return ("FindWorkspaceName", () => store.FindWorkspaceNameAsync(Workspace, none));

        async Task SignInAsync(ApiKey key, byte[] of) => Assert.True(await store.SignInAsync(
            key, of, SessionOf(key.Id), [Event(AuditAction.SessionBegun)], none));

        Session SessionOf(Guid key) => new(Guid.CreateVersion7(), Workspace, key, Guid.NewGuid().ToByteArray(), now, now, null, null);

        AuditEvent Event(string action) => AuditEvent.Of(action, Workspace, now, Actor.Command, "s");
    }

    private static IEnumerable<(string Name, Func<Task> Call)> CallsOfImports(IRosterStore store)
    {
        const long Workspace = PostgresSeed.Workspace;
        var none = CancellationToken.None;
        var old = PostgresSeed.Import(Few / 2);
        byte[] bytes = [1];
        yield return ("AddImport", () => store.AddImportAsync(new StoredImport(Workspace, Guid.CreateVersion7(), 1, null, bytes), none));
        yield return ("ReplaceImport", () => store.ReplaceImportAsync(new StoredImport(Workspace, old, 2, null, bytes), none));
        yield return ("FindImport", () => store.FindImportAsync(Workspace, old, none));
        yield return ("ListImports", () => store.ListImportsAsync(Workspace, null, 20, none));
        yield return ("ListImports: from the middle", () => store.ListImportsAsync(Workspace, old, 20, none));
        yield return ("CountOpenImports", () => store.CountOpenImportsAsync(Workspace, none));
        yield return ("ListOpenImports", () => store.ListOpenImportsAsync(Workspace, none));
        yield return ("ListDueImports", () => store.ListDueImportsAsync(DueImports.All(new Timestamp(1_000_000)), [], 30, none));
        yield return ("ListDueImports: those that wait", () => store.ListDueImportsAsync(DueImports.Waiting, [Workspace + 1], 30, none));
        yield return ("ListDueImports: to forget", () => store.ListDueImportsAsync(
            DueImports.ToForget(new Timestamp(1_000_000)), [Workspace + 1], 30, none));
        yield return ("ListImportParts", () => store.ListImportPartsAsync(Workspace, old, none));
        yield return ("WriteImportBlocks", () => store.WriteImportBlocksAsync(
            Workspace, old, [.. Enumerable.Range(0, 20).Select(i => new ImportBlock(ImportBlockKind.Ids, i, bytes, bytes))], none));
        yield return ("ReadImportBlock", () => store.ReadImportBlockAsync(
            Workspace, PostgresSeed.Import(1), ImportBlockKind.File, Few / 2, none));
        yield return ("ListImportBlocks", () => store.ListImportBlocksAsync(
            Workspace, PostgresSeed.Import(1), ImportBlockKind.File, Few / 2, 20, none));
        yield return ("DeleteImportBlocks", () => store.DeleteImportBlocksAsync(Workspace, old, ImportBlockKind.Ids, 1, none));
        yield return ("PutMapping", () => store.PutMappingAsync(Workspace, new StoredMapping("new", new Timestamp(1), bytes), none));
        yield return ("PutMapping: a header", () => store.PutMappingAsync(
            Workspace, new StoredMapping("#new", new Timestamp(1), bytes), none));
        yield return ("FindMapping", () => store.FindMappingAsync(Workspace, "m50", none));
        yield return ("ListMappings", () => store.ListMappingsAsync(Workspace, none));
        yield return ("DeleteMapping", () => store.DeleteMappingAsync(Workspace, "m50", none));
    }

    [GeneratedRegex(@"  plan:\n(?<plan>(?:\t.*\n)+)")]
    private static partial Regex Plan();

    /// <summary>The pages touched by the statements that are in the server's log after a position.</summary>
    private static long PagesSince(string log, long from)
    {
        using var file = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Position = from;
        var text = new StreamReader(file).ReadToEnd();
        return Plan().Matches(text).Sum(match =>
        {
            var plan = JsonDocument.Parse(match.Groups["plan"].Value).RootElement.GetProperty("Plan");
            return plan.GetProperty("Shared Hit Blocks").GetInt64() + plan.GetProperty("Shared Read Blocks").GetInt64();
        });
    }

    public sealed class Databases() : PostgresSeededDatabases(
        "autovacuum=off", "session_preload_libraries=auto_explain", "auto_explain.log_min_duration=0", "auto_explain.log_analyze=on",
        "auto_explain.log_buffers=on", "auto_explain.log_timing=off", "auto_explain.log_format=json", "lc_messages=C");
}
