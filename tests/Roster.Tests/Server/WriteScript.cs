using System.Text;
using System.Text.Json;

namespace Roster.Tests.Server;

/// <summary>
/// A client that makes each kind of write once, on partners of its own each time, while something fails; and what may be
/// there afterwards by the answers that it got. What is acknowledged is there, what is refused is not, and what is unknown
/// is there as a whole or not at all.
/// </summary>
internal sealed class WriteScript
{
    /// <summary>Longer than any answer may take, whatever fails.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>More rows than the writes of one transaction have together.</summary>
    private const int Many = 1_100;

    private const string LastOfMany = "l1099";

    private readonly Directory _directory;
    private readonly List<Step> _steps;
    private string? _import;
    private bool _isApplyAccepted;
    private string? _secret;

    public WriteScript(Directory directory)
    {
        _directory = directory;
        _steps =
        [
            Write("create", HttpMethod.Put, "/api/partners",
                """[{"name":"c0","phone":"1"},{"name":"c1","phone":"1","tags":["t"]},{"name":"c2","phone":"1","metadata":{"k":"v"}}]""",
                Made("c0", "c1", "c2")),
            Write("match", HttpMethod.Put, "/api/partners?matchOn=email", """[{"email":"n1@b.example","phone":"1"}]""",
                [new("n1", "0", "1")]),
            Write("mirror", HttpMethod.Put, "/api/partners?matchOn=externalId&mode=mirror&maxDeletes=100",
                """[{"externalId":"x0","name":"x0","phone":"1"},{"externalId":"y","name":"y","phone":"1"}]""",
                [new("x0", "0", "1"), new("x1", "0", null), new("x2", "0", null), .. Made("y")], isInSecond: true),
            Write("delete", HttpMethod.Delete, "/api/partners", $"""["{directory.Ids["n2"]}"]""", [new("n2", "0", null)]),
            Write("undo", HttpMethod.Post, $"/api/changesets/{directory.Undoable}/undo", "", [new("n4", "1", "0")]),
            Write("many", HttpMethod.Put, "/api/partners",
                JsonSerializer.Serialize(Enumerable.Range(0, Many).Select(i => new { name = $"l{i}", phone = "1" })),
                Made([.. Enumerable.Range(0, Many).Select(i => $"l{i}")])),
            Write("erase", HttpMethod.Post, "/api/partners/erase", $"""["{directory.Ids["n3"]}"]""", [new("n3", "0", null)]),
            new("import", ImportAsync, Made("i0", "i1", "i2")),
            new("key", MakeKeyAsync, Made("key")),
        ];
    }

    /// <summary>The steps that were not acknowledged, with their answers.</summary>
    public IReadOnlyList<string> Failed => [.. _steps.Where(step => !step.IsDone).Select(step => $"{step.Name}: {step.Answer}")];

    /// <summary>Makes all writes that are not acknowledged yet. A repeated one has the same idempotency key.</summary>
    public async Task RunAsync(RosterProcess server)
    {
        foreach (var step in _steps.Where(step => !step.IsDone))
            try
            {
                step.Learn(await step.Send(server).WaitAsync(Patience));
            }
            catch (HttpRequestException gone)
            {
                step.Lose(gone.Message);
            }
    }

    /// <summary>Compares what is there with what the answers have said.</summary>
    public async Task CheckAsync(RosterProcess server)
    {
        if (_import is not null)
        {
            var import = await SettledAsync(server.Client(_directory.Key), _import).WaitAsync(Patience);
            Assert.Equal(200, import.Status);
            Assert.True(!_isApplyAccepted || import.Json.State() == "applied", import.Text);
            _steps.Single(step => step.Name == "import").Settle(import.Json.State() == "applied");
        }
        var there = await ReadAsync(server);
        foreach (var step in _steps)
            step.Check(there);
        var known = _steps.SelectMany(step => step.Effects).Select(effect => effect.Name).ToHashSet();
        Assert.Equal(["n0 0"], there.Where(one => !known.Contains(one.Key)).Select(one => $"{one.Key} {one.Value}").Order());
    }

    /// <summary>All partners that are there, by name, with their phones; and the key.</summary>
    private async Task<Dictionary<string, string>> ReadAsync(RosterProcess server)
    {
        var api = server.Client(_directory.Key);
        var all = new List<JsonElement>();
        foreach (var client in new[] { api, server.Client(_directory.SecondKey) })
        {
            var read = await client.GetAsync("/api/partners?take=10000").WaitAsync(Patience);
            Assert.True(read.Status == 200, read.Text);
            all.AddRange(read.Items);
        }
        // Nothing is there twice.
        var there = all.ToDictionary(one => one.GetProperty("name").GetString()!, one => one.GetProperty("phone").GetString()!);
        var keys = (await api.GetAsync("/api/keys")).Items.Count(key => key.GetProperty("name").GetString() == "made");
        Assert.InRange(keys, 0, 1);
        if (keys == 1)
            there.Add("key", "1");
        if (_secret is not null)
            Assert.Equal(200, (await server.Client(_secret).GetAsync("/api/partners?take=1")).Status);
        var found = await SearchAsync(api, LastOfMany);
        Assert.True(found.Status == 200, found.Text);
        Assert.Equal(there.ContainsKey(LastOfMany) ? [LastOfMany] : [], found.Names);
        return there;
    }

    private static async Task<Answer> SearchAsync(RosterClient api, string text)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var found = await api.GetAsync($"/api/partners?q={text}").WaitAsync(Patience);
            if (found is not { Status: 503, Code: "search_behind" })
                return found;
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < Patience, "Searches stay behind.");
        }
    }

    /// <summary>Goes on with the import from wherever it is.</summary>
    private async Task<Answer> ImportAsync(RosterProcess server)
    {
        var api = server.Client(_directory.Key);
        if (_import is null)
        {
            var sent = await api.UploadAsync("name,phone\ni0,1\ni1,1\ni2,1\n"u8.ToArray());
            if (sent.Status != 201)
                return sent;
            _import = sent.Json.GetProperty("id").GetString()!;
        }
        while (true)
        {
            var now = await SettledAsync(api, _import);
            if (now.Status != 200 || now.Json.State() == "applied")
                return now;
            var isPlanned = now.Json.State() == "planned";
            var next = isPlanned
                ? await api.PostAsync("""{"created":3,"updated":0,"deleted":0}""", $"{ImportCalls.Path}/{_import}/apply")
                : await api.PostAsync("", $"{ImportCalls.Path}/{_import}/plan");
            if (next.Status != 202)
                return next;
            _isApplyAccepted |= isPlanned;
        }
    }

    /// <summary>The import when no server works on it, or what keeps one from seeing it.</summary>
    private static async Task<Answer> SettledAsync(RosterClient api, string import)
    {
        var now = await api.GetAsync($"{ImportCalls.Path}/{import}");
        while (now.Status == 200 && now.Json.GetProperty("work").ValueKind != JsonValueKind.Null)
            now = await api.GetAsync($"{ImportCalls.Path}/{import}?after={now.Json.GetProperty("step").GetInt64()}&wait=5");
        return now;
    }

    private async Task<Answer> MakeKeyAsync(RosterProcess server)
    {
        var api = server.Client(_directory.Key);
        // Without an idempotency key, whoever does not know looks first.
        var list = await api.GetAsync("/api/keys");
        if (list.Status != 200 || list.Items.Any(key => key.GetProperty("name").GetString() == "made"))
            return list;
        var made = await api.PostAsync("""{"name":"made","scopes":["partnersRead"]}""", "/api/keys");
        if (made.Status == 201)
            _secret = made.Json.GetProperty("key").GetString();
        return made;
    }

    private Step Write(string name, HttpMethod method, string path, string json, IReadOnlyList<Effect> effects, bool isInSecond = false) =>
        new(name, server => server.Client(isInSecond ? _directory.SecondKey : _directory.Key).SendAsync(
            method, path, json == "" ? null : new StringContent(json, Encoding.UTF8, "application/json"),
            headers: [("Idempotency-Key", $"\"{name}\"")]), effects);

    private static IReadOnlyList<Effect> Made(params IEnumerable<string> names) => [.. names.Select(name => new Effect(name, null, "1"))];

    /// <summary>A partner's phone before and after a write; null where it is not there.</summary>
    private sealed record Effect(string Name, string? Before, string? After);

    private sealed class Step(string name, Func<RosterProcess, Task<Answer>> send, IReadOnlyList<Effect> effects)
    {
        private static readonly string[] Refusals =
            ["storage_unavailable", "storage_full", "storage_read_only", "search_behind", "idempotency_running"];

        private bool _isUnknown;

        public string Name => name;

        public Func<RosterProcess, Task<Answer>> Send => send;

        public IReadOnlyList<Effect> Effects => effects;

        public bool IsDone { get; private set; }

        public string Answer { get; private set; } = "not sent";

        public void Learn(Answer answer)
        {
            IsDone = answer.Status < 300;
            Answer = IsDone ? "done" : $"{answer.Status} {answer.Code}";
            _isUnknown = !IsDone && answer.Code == "outcome_unknown";
            Assert.True(IsDone || _isUnknown || (answer.Status is 503 or 507 && Refusals.Contains(answer.Code)), $"{name}: {answer.Text}");
        }

        public void Lose(string message) => (Answer, _isUnknown) = (message, true);

        public void Settle(bool isDone) => (IsDone, _isUnknown) = (isDone, false);

        public void Check(Dictionary<string, string> there)
        {
            var isAfter = effects.All(effect => there.GetValueOrDefault(effect.Name) == effect.After);
            var isBefore = effects.All(effect => there.GetValueOrDefault(effect.Name) == effect.Before);
            Assert.True(
                IsDone ? isAfter : _isUnknown ? isAfter || isBefore : isBefore,
                $"{name} was answered with '{Answer}', but there is " + string.Join(", ", effects.Take(5)
                    .Select(effect => $"{effect.Name} {there.GetValueOrDefault(effect.Name) ?? "not"}")));
        }
    }

    /// <summary>What the script begins with: two workspaces, with a key for each.</summary>
    internal sealed record Directory(string Key, string SecondKey, IReadOnlyDictionary<string, string> Ids, long Undoable)
    {
        /// <summary>Makes it in an empty database.</summary>
        public static async Task<Directory> MakeAsync(string folder, params string[] database)
        {
            Assert.Equal(0, RosterProcess.Run(folder, ["migrate", .. database]).ExitCode);
            var (key, secondKey) = (KeyOf("first"), KeyOf("second"));
            using var server = RosterProcess.Serve(folder, database);
            var api = server.Client(key);
            var made = await api.PutAsync("[" + string.Join(',', Enumerable.Range(0, 5)
                .Select(i => $$"""{"name":"n{{i}}","email":"n{{i}}@b.example","phone":"0"}""")) + "]");
            var changed = await api.PutAsync($$"""[{"id":"{{made.Ids[4]}}","phone":"1"}]""");
            var second = await server.Client(secondKey).PutAsync("[" + string.Join(',', Enumerable.Range(0, 3)
                .Select(i => $$"""{"name":"x{{i}}","externalId":"x{{i}}","phone":"0"}""")) + "]");
            Assert.Equal((200, 200), (changed.Status, second.Status));
            Assert.Equal(200, (await SearchAsync(api, "n0")).Status);
            server.Terminate();
            Assert.Equal(0, server.WaitForExit());
            return new Directory(key, secondKey, made.Names.Zip(made.Ids).ToDictionary(), changed.Revision);

            string KeyOf(string workspace)
            {
                Assert.Equal(0, RosterProcess.Run(folder, ["workspaces", "create", workspace, .. database]).ExitCode);
                var minted = RosterProcess.Run(
                    folder, ["keys", "create", "--workspace", workspace, "--name", "k", "--scopes", "all", .. database]);
                Assert.True(minted.ExitCode == 0, minted.Errors);
                return minted.Output.Trim();
            }
        }
    }
}
