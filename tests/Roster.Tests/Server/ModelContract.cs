using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using CsCheck;
using Roster.Partners;

namespace Roster.Tests.Server;

/// <summary>
/// Random calls of every kind and format, made on the server and on a model in memory that has every revision. They
/// agree on every answer, on the final state, and on the past.
/// </summary>
public abstract class ModelContract(RosterHost host)
{
    private const string Path = "/api/partners";

    private static readonly Gen<string?> Name = Gen.Frequency(
        (60, Gen.String[Gen.Char["aAbcéeE中"], 1, 3].Select(text => (string?)text)), (1, Some.Of<string?>(null, " ")));

    private static readonly Gen<string?> Email = Gen.Frequency(
        (60, Some.Of<string?>("a@b.example", "A@b.example", "a@b.example", "c@d.example", "e@f.example", "g@h.example", null)),
        (1, Some.Of<string?>("", "nobody")));

    private static readonly Gen<string?> Phone = Gen.Frequency((60, Some.Of<string?>("1", "2", null)), (1, Some.Of<string?>("")));

    private static readonly Gen<string?> ExternalId = Gen.Frequency(
        (60, Some.Of<string?>("x", "y", "z", "w", "v", "u", null)), (1, Some.Of<string?>("", "x ")));

    /// <summary>
    /// One of tags, addTags, removeTags (tags divided by |), metadata.KEY and metadata as a whole, or none; with its value.
    /// </summary>
    private static readonly Gen<(string Name, string? Value)> Extra = Some.Of<(string, string?)>(
        ("", null), ("", null), ("", null), ("tags", "b|A"), ("tags", "é"), ("tags", null),
        ("addTags", "a"), ("addTags", "B|c"), ("removeTags", "A"), ("removeTags", "É|b"),
        ("metadata.k", "1"), ("metadata.k", "\"2\\"), ("metadata.k", null), ("metadata.K", "1"), ("metadata", null));

    /// <summary>
    /// The partner that an item names: -1 for none, -2 for an unknown one, otherwise mostly an existing one.
    /// </summary>
    private static readonly Gen<int> Target = Gen.Frequency((20, Gen.Const(-1)), (1, Gen.Const(-2)), (40, Gen.Int[0, 99]));

    private static readonly Gen<Item> AnyItem = Gen.Select(
        Target, Gen.Select(Gen.Bool, Name), Gen.Select(Gen.Bool, Email), Gen.Select(Gen.Bool, Phone),
        Gen.Select(Gen.Int[0, 3], ExternalId), Extra,
        (target, name, email, phone, externalId, extra) =>
        {
            (string Name, bool IsGiven, string? Value)[] fields =
            [
                ("name", name.Item1 || target == -1, name.Item2), ("email", email.Item1, email.Item2),
                ("phone", phone.Item1, phone.Item2), ("externalId", externalId.Item1 == 0, externalId.Item2),
                (extra.Name, extra.Name != "", extra.Value),
            ];
            return new Item(target, new Dictionary<string, string?>(
                fields.Where(field => field.IsGiven).Select(field => KeyValuePair.Create(field.Name, field.Value))));
        });

    private static readonly Gen<Call> AnyCall = Gen.Select(
        Gen.Frequency((15, Some.Of("put", "put", "put", "put", "post", "delete", "restore", "undo")), (1, Gen.Const("import"))),
        Some.Of("application/json", "application/x-ndjson", "text/csv"),
        Some.Of("", "externalId", "email", "email", "email"),
        Some.Of("", "withoutKey=create", "withoutKey=create", "withoutKey=create", "mode=update"),
        AnyItem.Array[1, 4],
        (kind, format, matchOn, creates, items) => new Call(
            kind, format, kind == "put" ? matchOn : "",
            kind != "put" || (matchOn == "" && creates != "mode=update") ? "" : creates, items));

    [Fact]
    public async Task The_server_and_a_model_agree_on_every_answer_and_on_the_final_state()
    {
        // These counts prove that the random calls met successes and every kind of fault.
        var successes = 0;
        var met = new ConcurrentDictionary<string, int>();
        await AnyCall.Array[8, 25].SampleAsync(async calls =>
        {
            var api = await host.NewWorkspaceAsync();
            var model = new Model();
            var kept = new List<(Call Call, Item[] Items, string Key, Answer Answer)>();
            foreach (var call in calls)
            {
                if (call.Kind == "undo")
                {
                    await UndoAsync(api, model, call);
                    continue;
                }
                if (call.Kind == "import")
                {
                    await ImportAsync(api, model, call);
                    continue;
                }
                var items = call.Items.Select(item => item.Resolve(model, call)).ToArray();
                var dry = call.Items.Length % 2 == 0 ? await SendAsync(api, call, items, "dryRun=true") : null;
                var end = model.Revision;
                var expected = model.Apply(call, items);
                var key = Guid.NewGuid().ToString();
                var answer = await SendAsync(api, call, items, key: key);
                if (dry is not null)
                    Assert.Equal((answer.Status is 201 ? 200 : answer.Status, end), (dry.Status, dry.Status == 200 ? dry.Revision : end));
                if (expected.Faults.Count > 0)
                {
                    Assert.Equal(expected.Faults.Order(StringComparer.Ordinal), answer.Faults.Order(StringComparer.Ordinal));
                    Assert.Equal(dry?.Faults ?? answer.Faults, answer.Faults);
                    continue;
                }
                Assert.Equal((call.Kind == "post" ? 201 : 200, expected.Revision), (answer.Status, answer.Revision));
                kept.Add((call, items, key, answer));
                if (call.Kind == "delete")
                {
                    Assert.Equal(JsonSerializer.Serialize(new { deletedIds = items.Select(item => item.Id) }), answer.Text);
                    continue;
                }
                Assert.Equal(expected.Rows.Count(row => row.Id is null), answer.Counts.Created);
                model.Learn(expected, answer.Ids);
                Assert.Equal(expected.Rows.Select(row => row.State), answer.Items.Select(State.Of));
            }
            await CompareAsync(api, model);
            await ComparePastAsync(api, model, kept);
            Interlocked.Add(ref successes, model.Successes);
            foreach (var fault in model.Faults)
                met.AddOrUpdate(fault, 1, (_, count) => count + 1);
        }, iter: 150, threads: 2);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{successes} successes; sequences that met " + string.Join(
                ", ", met.OrderBy(one => one.Value).Select(one => $"{one.Key}: {one.Value}")));
        Assert.InRange(successes, 300, int.MaxValue);
        Assert.Equal(
            [
                "already_undone", "ambiguous_match", "changed_since", "duplicate_external_id", "duplicate_id", "duplicate_match",
                "empty_value", "external_id_taken", "id_not_allowed", "invalid_email", "invalid_text", "match_key_missing",
                "name_required", "no_match", "not_deleted", "partner_not_found",
            ],
            met.Keys.Order(StringComparer.Ordinal));
    }

    private static async Task UndoAsync(RosterClient api, Model model, Call call)
    {
        if (model.Revision == 0)
            return;
        var revision = 1 + (Math.Abs(call.Items[0].Target) % model.Revision);
        var skips = call.Items.Length % 2 == 0;
        var (faults, undoneBy) = model.Undo(revision, skips);
        var answer = await api.SendAsync(HttpMethod.Post, $"/api/changesets/{revision}/undo{(skips ? "?onConflict=skip" : "")}");
        if (undoneBy is not null)
        {
            Assert.Equal((409, "already_undone", undoneBy), (answer.Status, answer.Code, answer.Json.GetProperty("undoneBy").GetInt64()));
            return;
        }
        if (!skips && faults.Count > 0)
        {
            Assert.Equal(faults.Order(StringComparer.Ordinal), answer.Faults.Order(StringComparer.Ordinal));
            return;
        }
        Assert.Equal((200, model.Revision), (answer.Status, answer.Revision));
        Assert.Equal(faults.Order(StringComparer.Ordinal), answer.Json.GetProperty("kept").EnumerateArray()
            .Select(Answer.FaultText).Order(StringComparer.Ordinal));
    }

    /// <summary>Imports the items as rows of a file. Empty cells keep what there is, and rows with faults are left out.</summary>
    private static async Task ImportAsync(RosterClient api, Model model, Call call)
    {
        var rows = call.Items.Select(item => Model.Imported.Select(column => item.Fields.GetValueOrDefault(column)?.Trim() ?? "").ToArray())
            .Where(row => row.Any(cell => cell != "")).ToList();
        if (rows.Count == 0)
            return;
        var (id, _) = await api.NewPlanAsync(
            string.Concat(rows.Prepend(Model.Imported).Select(row => string.Join(',', row) + "\n")),
            """
            {"delimiter":"comma","headerRow":1,"matchOn":"externalId","mapping":{"columns":[{"column":"externalId","target":"externalId"},
            {"column":"name","target":"name"},{"column":"email","target":"email"},{"column":"phone","target":"phone"}]} }
            """);
        var planned = model.PlanImport(rows);
        var listed = (await api.GetAsync($"{ImportCalls.Path}/{id}/rows")).Json.EnumerateArray();
        Assert.Equal(planned.Select(row => row.Change), listed.Select(row => row.GetProperty("change").GetString()!));
        var end = model.Revision;
        var applied = await api.AppliedAsync(id);
        var ids = (await api.GetAsync($"{ImportCalls.Path}/{id}/rows?change=created")).Json.EnumerateArray()
            .Select(row => row.GetProperty("id").GetString()!);
        model.LearnImport(planned, [.. ids]);
        Assert.Equal(("applied", model.Revision - end), (applied.State(), applied.Revisions().Count));
        Assert.All(applied.Revisions(), revision => Assert.Equal(model.Revision, revision));
    }

    /// <summary>A sample of the past: all of it would take too long.</summary>
    private static async Task ComparePastAsync(
        RosterClient api, Model model, List<(Call Call, Item[] Items, string Key, Answer Answer)> kept)
    {
        var random = new Random(model.Ids.Count);
        foreach (var revision in random.GetItems(Enumerable.Range(0, (int)model.Revision + 1).ToArray(), 2))
        {
            var then = model.Log[revision];
            var listed = (await api.GetAsync($"{Path}?asOf={revision}&sort=asc&take=1000&deleted=true&include=deletedAt")).Items;
            Assert.Equal(
                then.Ids.Select(id => (id, then.States[id], then.Deleted.Contains(id))),
                listed.Select(partner => (partner.GetProperty("id").GetString()!, State.Of(
                    partner), partner.GetProperty("deletedAt").ValueKind != JsonValueKind.Null)));

            var fed = (await api.GetAsync($"{Path}/changes?after={revision}&take=1000")).Json
                .GetProperty("partners").EnumerateArray().ToList();
            Assert.Equal(model.ChangedSince(revision), fed.Select(partner => partner.GetProperty("id").GetString()!));
            Assert.All(fed, partner => Assert.Equal(
                (model.States[partner.GetProperty("id").GetString()!], model.Deleted.Contains(partner.GetProperty("id").GetString()!)),
                (State.Of(partner), partner.TryGetProperty("deletedAt", out _))));
        }
        if (model.Ids.Count > 0)
        {
            var id = model.Ids[random.Next(model.Ids.Count)];
            Assert.Equal(
                Enumerable.Range(1, (int)model.Revision).Where(revision => model.Log[revision].Touched.Contains(id)).Reverse(),
                (await api.GetAsync($"{Path}/{id}/history?take=1000")).Items.Select(step => step.GetProperty("revision").GetInt32()));
        }
        if (kept.Count > 0)
        {
            var (call, items, key, first) = kept[random.Next(kept.Count)];
            var again = await SendAsync(api, call, items, key: key);
            Assert.Equal((first.Status, first.Text), (again.Status, again.Text));
            Assert.Equal(first.Revision, (await api.GetAsync($"/api/changesets/by-key/{key}")).Json.GetProperty("revision").GetInt64());
        }
    }

    private static async Task CompareAsync(RosterClient api, Model model)
    {
        var all = await api.GetAsync(Path + "?sort=asc&take=1000&deleted=true&include=deletedAt");
        Assert.Equal(model.Ids, all.Ids);
        Assert.Equal(model.Ids.Select(id => (model.States[id], model.Deleted.Contains(id))),
            all.Items.Select(partner => (State.Of(partner), partner.GetProperty("deletedAt").ValueKind != JsonValueKind.Null)));
        var live = model.Ids.Where(id => !model.Deleted.Contains(id)).ToList();
        bool HasTag(string id) => model.States[id].Tags.Split('|').Contains("a", StringComparer.OrdinalIgnoreCase);
        Assert.Equal(live.Where(HasTag), (await api.GetAsync(Path + "?sort=asc&take=1000&tag=A")).Ids);
        Assert.Equal(
            live.Where(id => model.States[id].Metadata.Contains("k=1;", StringComparison.Ordinal)),
            (await api.GetAsync(Path + "?sort=asc&take=1000&metadata.k=1")).Ids);
        Assert.Equal(
            live.Where(id => !model.States[id].Metadata.Contains("k=", StringComparison.Ordinal)),
            (await api.GetAsync(Path + "?sort=asc&take=1000&metadata.k=")).Ids);
        Assert.Equal(
            live.Count(HasTag), (await api.GetAsync("/api/tags")).Items
                .Where(tag => tag.GetProperty("tag").GetString()!.Equals("a", StringComparison.OrdinalIgnoreCase))
                .Sum(tag => tag.GetProperty("partners").GetInt32()));
        bool HasE(string id) => model.States[id].Name.Contains('é', StringComparison.Ordinal);
        Assert.Equal(live.Count(HasE), (await api.GetAsync(Path + "?q=é&take=1000")).Ids.Count(HasE));
        Assert.Equal(
            live.Where(id => string.Equals(model.States[id].Email, "a@b.example", StringComparison.OrdinalIgnoreCase)),
            (await api.GetAsync(Path + "?sort=asc&take=1000&email=a@b.example")).Ids);
        Assert.Equal(live.Where(id => model.States[id].ExternalId == "x"), (await api.GetAsync(Path + "?externalId=x")).Ids);
        // All names are in the basic plane, where ordinal order is the order of code points.
        Assert.Equal(
            live.OrderBy(id => SearchText.SortName(model.States[id].Name), StringComparer.Ordinal)
                .ThenBy(id => model.States[id].Name, StringComparer.Ordinal).ThenBy(id => id, StringComparer.Ordinal),
            (await api.GetAsync(Path + "?sort=name&take=1000")).Ids);
        Assert.Equal(live.Count, (await api.GetAsync(Path + "?count=true")).Count("Roster-Total"));
    }

    private static Task<Answer> SendAsync(RosterClient api, Call call, Item[] items, string query = "", string? key = null)
    {
        var format = call.TakesIds ? "application/json" : call.Format;
        var body = format switch
        {
            _ when call.TakesIds => JsonSerializer.Serialize(items.Select(item => item.Id!)),
            "text/csv" => $"id,{string.Join(',', Item.Columns)}\n" + string.Concat(items.Select(item => item.Csv + "\n")),
            "application/x-ndjson" => string.Join('\n', items.Select(item => item.Json)),
            _ => "[" + string.Join(',', items.Select(item => item.Json)) + "]",
        };
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new(format) } };
        var matchOn = call.MatchOn == "" ? "" : "&matchOn=" + call.MatchOn;
        return api.SendAsync(
            call.Kind switch { "put" => HttpMethod.Put, "delete" => HttpMethod.Delete, _ => HttpMethod.Post },
            $"{Path}{(call.Kind == "restore" ? "/restore" : "")}?{query}{matchOn}&{call.Creates}", content,
            headers: [("Idempotency-Key", key)]);
    }

    /// <param name="Creates">The query parameter that allows items to create partners; empty for none.</param>
    private sealed record Call(string Kind, string Format, string MatchOn, string Creates, Item[] Items)
    {
        public bool TakesIds => Kind is "delete" or "restore";
    }

    private sealed record Item(int Target, Dictionary<string, string?> Fields)
    {
        public static readonly string[] Columns =
            ["name", "email", "phone", "externalId", "tags", "addTags", "removeTags", "metadata.k", "metadata.K"];

        public string? Id { get; private init; }

        public string Json
        {
            get
            {
                var members = new Dictionary<string, object?>();
                if (Id is not null)
                    members.Add("id", Id);
                foreach (var (name, value) in Fields)
                {
                    if (name.StartsWith("metadata.", StringComparison.Ordinal))
                        members.Add("metadata", new Dictionary<string, string?> { [name["metadata.".Length..]] = value });
                    else
                        members.Add(name, name.EndsWith("ags", StringComparison.Ordinal) ? value?.Split('|') : value);
                }
                return JsonSerializer.Serialize(members);
            }
        }

        public string Csv => string.Join(',', new[] { Id ?? "" }.Concat(Columns.Select(Cell)));

        private string Cell(string column) => !Fields.TryGetValue(column, out var value) ? ""
            : value is null ? @"\N"
            : value.Contains('"', StringComparison.Ordinal) ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : value;

        /// <summary>
        /// The item with the id that its target has by now. CSV has no empty value, and an item needs at least one.
        /// </summary>
        public Item Resolve(Model model, Call call)
        {
            var id = model.IdOf(Target, call);
            if (call.Format != "text/csv" || call.TakesIds)
                return this with { Id = id };
            // CSV has no column for metadata as a whole.
            var fields = Fields.Where(field => field.Value != "" && field.Key != "metadata").ToDictionary();
            return this with { Id = id, Fields = id is null && fields.Count == 0 ? new() { ["name"] = null } : fields };
        }
    }

    /// <param name="Tags">Divided by |, in order.</param>
    /// <param name="Metadata">As <c>key=value;</c>, in order.</param>
    private sealed record State(string Name, string? Email, string? Phone, string? ExternalId, string Tags = "", string Metadata = "")
    {
        public static State Of(JsonElement partner) => new(
            partner.GetProperty("name").GetString()!, partner.GetProperty("email").GetString(), partner.GetProperty("phone").GetString(),
            partner.TryGetProperty("externalId", out var externalId) ? externalId.GetString() : null,
            partner.TryGetProperty("tags", out var tags) ? string.Join('|', tags.EnumerateArray().Select(tag => tag.GetString())) : "",
            partner.TryGetProperty("metadata", out var metadata)
                ? string.Concat(metadata.EnumerateObject().Select(pair => $"{pair.Name}={pair.Value.GetString()};")) : "");

        /// <summary>The state after an item has changed its tags and its metadata.</summary>
        public State WithExtras(Dictionary<string, string?> fields)
        {
            var tags = Tags.Split('|', StringSplitOptions.RemoveEmptyEntries).ToList();
            var metadata = Metadata.Split(';', StringSplitOptions.RemoveEmptyEntries)
                .Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
            foreach (var (name, value) in fields)
            {
                var given = value?.Split('|') ?? [];
                if (name == "tags")
                    tags = [.. given.Select(tag => tags.Find(had => AreSame(had, tag)) ?? tag)];
                else if (name == "addTags")
                    tags.AddRange(given.Where(tag => !tags.Exists(had => AreSame(had, tag))));
                else if (name == "removeTags")
                    tags.RemoveAll(tag => given.Any(one => AreSame(one, tag)));
                else if (name == "metadata")
                    metadata.Clear();
                else if (name.StartsWith("metadata.", StringComparison.Ordinal) && value is null)
                    metadata.Remove(name["metadata.".Length..]);
                else if (name.StartsWith("metadata.", StringComparison.Ordinal))
                    metadata[name["metadata.".Length..]] = value!;
            }
            return this with
            {
                Tags = string.Join('|', tags.OrderBy(tag => tag.ToLowerInvariant(), StringComparer.Ordinal)),
                Metadata = string.Concat(metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                    .Select(pair => $"{pair.Key}={pair.Value};")),
            };

            static bool AreSame(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);
        }
    }

    /// <summary>The directory after a revision, and the partners that it changed, in order.</summary>
    private sealed record Snapshot(List<string> Ids, Dictionary<string, State> States, HashSet<string> Deleted, List<string> Touched);

    private sealed record Expected(List<string> Faults, List<(string? Id, State State)> Rows, long Revision);

    private sealed class Model
    {
        private List<(int Index, string? Id)> _touched = [];

        /// <summary>By revision: what an undo undoes.</summary>
        private readonly List<long> _undos = [];

        public long Revision { get; private set; }

        /// <summary>All revisions, from 0.</summary>
        public List<Snapshot> Log { get; } = [new([], [], [], [])];

        public List<string> Ids { get; } = [];

        public Dictionary<string, State> States { get; } = [];

        public HashSet<string> Deleted { get; } = [];

        /// <summary>The codes of the faults so far.</summary>
        public HashSet<string> Faults { get; } = [];

        public int Successes { get; private set; }

        public string? IdOf(int target, Call call)
        {
            const int AnyOfTen = 9;
            if (target == -2 || (call.TakesIds && Ids.Count == 0))
                return Guid.NewGuid().ToString();
            if (call.Kind == "post" || (target == -1 && !call.TakesIds) || Ids.Count == 0)
                return null;
            var fitting = Ids.Where(id => Deleted.Contains(id) == (call.Kind == "restore")).ToList();
            var from = fitting.Count == 0 || target % 10 == AnyOfTen ? Ids : fitting;
            return from[Math.Abs(target) % from.Count];
        }

        public Expected Apply(Call call, Item[] items)
        {
            var faults = call.TakesIds ? DuplicateIds(items, "-").ToList() : ItemFaults(call, items).ToList();
            var rows = new List<(string? Id, State State)>();
            if (faults.Count > 0)
                faults.AddRange(Unknown(call, items).Concat(Doubts(call, items)));
            else
                faults = call.TakesIds ? Flip(call, items, rows) : Upsert(call, items, rows);
            Faults.UnionWith(faults.Select(fault => fault.Split(' ')[2]));
            if (faults.Count > 0)
                return new Expected(faults, [], Revision);
            Successes++;
            _touched = [.. rows.Index().Where(row => call.TakesIds || row.Item.Id is null
                || States[row.Item.Id] != row.Item.State).Select(row => (row.Index, row.Item.Id))];
            if (_touched.Count > 0)
                Revision++;
            foreach (var (id, state) in rows)
                if (id is not null)
                    States[id] = state;
            if (call.TakesIds)
                foreach (var item in items)
                    _ = call.Kind == "delete" ? Deleted.Add(item.Id!) : Deleted.Remove(item.Id!);
            if (call.Kind == "delete")
                Keep([]);
            return new Expected(faults, rows, Revision);
        }

        /// <summary>The partners changed after a revision, in the order of their last changes.</summary>
        public IEnumerable<string> ChangedSince(long revision)
        {
            var last = new Dictionary<string, (int Revision, int Place)>();
            for (var i = 1; i < Log.Count; i++)
                foreach (var (place, id) in Log[i].Touched.Index())
                    last[id] = (i, place);
            return last.Where(one => one.Value.Revision > revision).OrderBy(one => one.Value).Select(one => one.Key);
        }

        /// <returns>
        /// The conflicts, which are faults unless they are skipped. UndoneBy is the revision that already undid all of it.
        /// </returns>
        public (List<string> Conflicts, long? UndoneBy) Undo(long revision, bool skips)
        {
            var (before, undone) = (Log[(int)revision - 1], Log[(int)revision].Touched);
            // An undo of an undo puts the change into effect again.
            var inEffect = new List<long> { revision };
            var chain = new List<long>();
            for (var last = revision; _undos.FindLastIndex(one => one == last) is > 0 and var by; last = by)
            {
                chain.Add(by);
                if (chain.Count % 2 == 0)
                    inEffect.Add(by);
            }
            var undoneBy = chain.Count % 2 == 1 ? chain[0] : (long?)null;
            var conflicts = undone.Index()
                .Where(one => !inEffect.Contains(Log.FindLastIndex(snapshot => snapshot.Touched.Contains(one.Item))))
                .ToDictionary(one => one.Index, one => $"{one.Index} - changed_since");
            while (true)
            {
                var planned = undone.Index().Where(one => !conflicts.ContainsKey(one.Index)).Select(one => (
                    one.Index,
                    (string?)one.Item,
                    before.Ids.Contains(one.Item) && !before.Deleted.Contains(one.Item)
                        ? before.States[one.Item]
                        : new State("", null, null, null))).ToList();
                var taken = TakenExternalIds(planned).ToList();
                if (!skips && conflicts.Count + taken.Count > 0)
                {
                    Faults.Add(undoneBy is null ? "changed_since" : "already_undone");
                    return ([.. conflicts.Values, .. taken], undoneBy);
                }
                if (taken.Count == 0)
                    break;
                foreach (var fault in taken)
                    conflicts.TryAdd(int.Parse(fault.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture), fault);
            }
            var changed = undone.Index().Where(one => !conflicts.ContainsKey(one.Index)).Select(one => one.Item).ToList();
            if (changed.Count == 0 && undoneBy is not null)
                return ([], undoneBy);
            foreach (var id in changed)
            {
                _ = !before.Ids.Contains(id) || before.Deleted.Contains(id) ? Deleted.Add(id) : Deleted.Remove(id);
                if (before.Ids.Contains(id))
                    States[id] = before.States[id];
            }
            Successes++;
            if (changed.Count > 0)
            {
                Revision++;
                Log.Add(new Snapshot([.. Ids], new(States), [.. Deleted], changed));
                while (_undos.Count <= Revision)
                    _undos.Add(-1);
                _undos[(int)Revision] = revision;
            }
            return ([.. conflicts.Values], null);
        }

        private void Keep(IReadOnlyList<string> ids)
        {
            if (_touched.Count > 0)
                Log.Add(new Snapshot([.. Ids], new(States), [.. Deleted], [.. _touched.Select(one => one.Id ?? ids[one.Index])]));
        }

        /// <summary>The columns of an import.</summary>
        public static string[] Imported { get; } = ["externalId", "name", "email", "phone"];

        /// <param name="rows">Each with the cells of <see cref="Imported"/>.</param>
        public List<(string Change, string? Id, State State)> PlanImport(IEnumerable<string[]> rows)
        {
            var planned = new List<(string Change, string? Id, State State)>();
            var seen = new HashSet<string>();
            var none = new State("", null, null, null);
            foreach (var cells in rows)
            {
                var (key, name, email, phone) = (cells[0], cells[1], cells[2], cells[3]);
                var id = Ids.Where(IsLive).FirstOrDefault(one => States[one].ExternalId == key);
                var isFaulty = key == "" || email == "nobody" || !seen.Add(key) || (id is null && name == "");
                var before = id is null ? none : States[id];
                var after = before with
                {
                    Name = name == "" ? before.Name : name,
                    Email = email == "" ? before.Email : email,
                    Phone = phone == "" ? before.Phone : phone,
                    ExternalId = key,
                };
                planned.Add((isFaulty ? "faulty" : id is null ? "created" : after == before ? "unchanged" : "updated", id, after));
            }
            return planned;
        }

        /// <param name="created">The ids of new partners, which the server chooses.</param>
        public void LearnImport(IEnumerable<(string Change, string? Id, State State)> planned, IReadOnlyList<string> created)
        {
            var touched = new List<string>();
            var next = 0;
            foreach (var (change, known, state) in planned.Where(row => row.Change is "created" or "updated"))
            {
                var id = known ?? created[next++];
                if (known is null)
                    Ids.Add(id);
                States[id] = state;
                touched.Add(id);
            }
            if (touched.Count == 0)
                return;
            Revision++;
            Log.Add(new Snapshot([.. Ids], new(States), [.. Deleted], touched));
        }

        /// <summary>Stores the ids of new partners, which the server chooses.</summary>
        public void Learn(Expected expected, IReadOnlyList<string> ids)
        {
            foreach (var (id, row) in ids.Zip(expected.Rows))
            {
                if (row.Id is not null)
                    continue;
                Ids.Add(id);
                States[id] = row.State;
            }
            Keep(ids);
        }

        private bool IsLive(string id) => States.ContainsKey(id) && !Deleted.Contains(id);

        private static IEnumerable<string> DuplicateIds(Item[] items, string field) =>
            items.Index().Where(item => item.Item.Id is { } id && items.Take(item.Index).Any(other => other.Id == id))
                .Select(item => $"{item.Index} {field} duplicate_id");

        private static IEnumerable<string> ItemFaults(Call call, Item[] items)
        {
            foreach (var (i, item) in items.Index())
            {
                var fields = item.Fields;
                if (call.Kind == "post" && item.Id is not null)
                    yield return $"{i} id id_not_allowed";
                var isFound = (item.Id is not null && call.Kind != "post")
                    || (call.MatchOn != "" && !string.IsNullOrEmpty(fields.GetValueOrDefault(call.MatchOn)));
                var missing = isFound ? null
                    : call.Creates == "mode=update" ? "no_match"
                    : call.MatchOn != "" && call.Creates == "" ? "match_key_missing" : null;
                if (missing is not null)
                    yield return $"{i} {(call.MatchOn == "" ? "id" : call.MatchOn)} {missing}";
                if (fields.TryGetValue("name", out var name) ? string.IsNullOrWhiteSpace(name) : !isFound && missing is null)
                    yield return $"{i} name name_required";
                if (fields.GetValueOrDefault("email") == "nobody")
                    yield return $"{i} email invalid_email";
                foreach (var field in new[] { "email", "phone", "externalId" })
                    if (fields.GetValueOrDefault(field) == "" && (missing is null || field != call.MatchOn))
                        yield return $"{i} {field} empty_value";
            }
            if (call.Kind == "put")
                foreach (var duplicate in DuplicateIds(items, "id"))
                    yield return duplicate;
        }

        /// <summary>Newer rules do not apply to stored values, but this model stores no such values.</summary>
        private static IEnumerable<string> Doubts(Call call, Item[] items) => call.TakesIds ? []
            : items.Index().Where(item => item.Item.Fields.GetValueOrDefault("externalId") == "x ")
                .Select(item => $"{item.Index} externalId invalid_text");

        private IEnumerable<string> Unknown(Call call, Item[] items) => call.Kind == "post" ? []
            : items.Index().Where(item => item.Item.Id is { } id && !(call.Kind == "restore" ? States.ContainsKey(id) : IsLive(id)))
                .Select(item => $"{item.Index} {(call.TakesIds ? "-" : "id")} partner_not_found");

        private List<string> Flip(Call call, Item[] items, List<(string? Id, State State)> rows)
        {
            var faults = Unknown(call, items).ToList();
            if (call.Kind == "restore")
                faults.AddRange(items.Index().Where(item => IsLive(item.Item.Id!)).Select(item => $"{item.Index} - not_deleted"));
            var back = items.Index().Where(item => Deleted.Contains(item.Item.Id!)).ToList();
            if (call.Kind == "restore")
                faults.AddRange(TakenExternalIds([.. back.Select(item => (item.Index, (string?)item.Item.Id, States[item.Item.Id!]))]));
            if (faults.Count == 0)
                rows.AddRange(items.Select(item => (item.Id, States[item.Id!])));
            return faults;
        }

        private List<string> Upsert(Call call, Item[] items, List<(string? Id, State State)> rows)
        {
            var faults = new List<string>();
            var planned = new List<(int Index, string? Id, State State)>();
            var about = call.MatchOn == "" ? [] : items.Where(item => item.Id is not null).Select(item => item.Id!).ToHashSet();
            foreach (var (i, item) in items.Index())
            {
                var id = item.Id;
                if (id is not null && !IsLive(id))
                {
                    faults.Add($"{i} id partner_not_found");
                    continue;
                }
                if (id is null && call.MatchOn != "")
                {
                    var key = item.Fields.GetValueOrDefault(call.MatchOn);
                    var matches = key is null ? [] : Ids.Where(IsLive).Where(one => call.MatchOn == "email"
                        ? string.Equals(States[one].Email, key, StringComparison.OrdinalIgnoreCase)
                        : States[one].ExternalId == key).ToList();
                    var folded = call.MatchOn == "email" ? key?.ToLowerInvariant() : key;
                    var fault = matches.Count > 1 ? $"{i} {call.MatchOn} ambiguous_match"
                        : matches.Count == 0 && call.Creates == "mode=update" ? $"{i} {call.MatchOn} no_match"
                        : matches.Count == 0 && !item.Fields.ContainsKey("name") ? $"{i} name name_required"
                        : matches.Count == 1 && !about.Add(matches[0]) ? $"{i} {call.MatchOn} duplicate_match"
                        : matches.Count == 0 && key is not null && !about.Add("new " + folded) ? $"{i} {call.MatchOn} duplicate_match"
                        : null;
                    if (fault is not null)
                    {
                        faults.Add(fault);
                        continue;
                    }
                    id = matches.SingleOrDefault();
                }
                var before = id is null ? new State("", null, null, null) : States[id];
                planned.Add((i, id, before.WithExtras(item.Fields) with
                {
                    Name = item.Fields.TryGetValue("name", out var name) ? name! : before.Name,
                    Email = item.Fields.TryGetValue("email", out var email) ? email : before.Email,
                    Phone = item.Fields.TryGetValue("phone", out var phone) ? phone : before.Phone,
                    ExternalId = item.Fields.TryGetValue("externalId", out var externalId) ? externalId : before.ExternalId,
                }));
            }
            faults.AddRange(TakenExternalIds(planned));
            faults.AddRange(Doubts(call, items));
            if (call.MatchOn == "email")
                faults.AddRange(SharedEmails(items, planned));
            rows.AddRange(planned.Select(row => (row.Id, row.State)));
            return faults;
        }

        /// <summary>
        /// Items with an id that set an address which another item has too, or which another partner keeps.
        /// </summary>
        private IEnumerable<string> SharedEmails(Item[] items, List<(int Index, string? Id, State State)> planned)
        {
            var itemWith = new Dictionary<string, int>();
            foreach (var (i, item) in items.Index())
                if (item.Id is null && Folded(item.Fields.GetValueOrDefault("email")) is { } email)
                    itemWith.TryAdd(email, i);
            foreach (var (i, id, state) in planned.Where(one => items[one.Index].Id is not null))
            {
                if (Folded(state.Email) is not { } email || email == Folded(States[id!].Email))
                    continue;
                if (!itemWith.TryAdd(email, i))
                    yield return $"{Math.Max(i, itemWith[email])} email duplicate_match";
                else if (Ids.Any(other => IsLive(other) && other != id && Folded(States[other].Email) == email
                    && planned.All(one => one.Id != other || Folded(one.State.Email) == email)))
                    yield return $"{i} email duplicate_match";
            }

            static string? Folded(string? email) => email?.ToLowerInvariant();
        }

        private IEnumerable<string> TakenExternalIds(List<(int Index, string? Id, State State)> planned)
        {
            var claimed = new HashSet<string>();
            foreach (var (i, id, state) in planned)
            {
                if (state.ExternalId is not { } externalId)
                    continue;
                var holder = Ids.Where(IsLive).FirstOrDefault(one => States[one].ExternalId == externalId);
                if (!claimed.Add(externalId))
                    yield return $"{i} externalId duplicate_external_id";
                else if (holder is not null && holder != id
                    && !planned.Any(other => other.Id == holder && other.State.ExternalId != externalId))
                    yield return $"{i} externalId external_id_taken";
            }
        }
    }
}

public sealed class ModelOnSqlite(SqliteHost host) : ModelContract(host);

public sealed class ModelOnPostgres(PostgresHost host) : ModelContract(host);

public sealed class ModelOnPgBouncer(PgBouncerHost host) : ModelContract(host);
