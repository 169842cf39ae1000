using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Roster.Tests.Server;

/// <summary>
/// Servers are killed at random moments of an import. The next one goes on by itself, loses nothing and does nothing
/// twice. ROSTER_TEST_KILLS sets how often a server is killed in all, over as many imports as that takes.
/// </summary>
public abstract class ImportKillContract
{
    private const int Rows = 30_000;
    private const int Parts = 6;

    private const int Phases = 4;

    private static readonly int Kills =
        int.Parse(Environment.GetEnvironmentVariable("ROSTER_TEST_KILLS") ?? $"{Phases}", CultureInfo.InvariantCulture);

    /// <summary>The rows have no key: one that is written twice is there twice.</summary>
    private static readonly byte[] File = Encoding.UTF8.GetBytes(
        "name,phone\n" + string.Concat(Enumerable.Range(0, Rows).Select(i => $"Name {i},{i}\n")));

    private readonly Random _random = new(Environment.TickCount);

    /// <summary>The server's options for its database in this folder.</summary>
    protected abstract IReadOnlyList<string> Database(string folder);

    /// <summary>Whether a kill of one server leaves another one to go on.</summary>
    protected virtual bool AreTwo => false;

    [Fact]
    public async Task Killed_at_any_moment_of_an_import_each_row_is_there_once_and_the_undo_leaves_nothing()
    {
        var (kills, interrupted, imports) = (0, 0, 0);
        for (; kills < Kills; imports++)
        {
            // Once in each phase, or more often.
            var each = 1 + (imports % 2);
            interrupted += await ImportAsync(each);
            kills += Phases * each;
        }
        TestContext.Current.TestOutputHelper!.WriteLine($"{kills} kills of {imports} imports; {interrupted} interrupted the work");
    }

    /// <param name="kills">How often a server is killed in each phase.</param>
    /// <returns>How many of them interrupted the work.</returns>
    private async Task<int> ImportAsync(int kills)
    {
        using var folder = new TempFolder();
        string[] options = [.. Database(folder.Path), "--rows-per-minute", "0", "--import-lease-seconds", "2"];
        using var run = new Run(folder.Path, options, AreTwo ? 2 : 1, KillContract.FirstKey(folder, options[..2]));
        var interrupted = 0;

        for (var kill = 0; kill < kills; kill++)
        {
            var sent = AttemptAsync(() => run.Api.UploadAsync(File));
            await Task.Delay(_random.Next(0, 150));
            run.Kill();
            await sent;
            Assert.All(
                (await run.Api.GetAsync("/api/imports")).Items,
                import => Assert.Equal("uploaded", import.State()));
        }
        var id = (await run.Api.UploadAsync(File)).Json.GetProperty("id").GetString()!;

        await WorkAsync("plan", 400, () => run.Api.PostAsync("", $"/api/imports/{id}/plan"));
        var planned = await run.Api.ImportAsync(id);
        Assert.Equal(("planned", $"{Rows} 0 0 0 0 0"), (planned.State(), planned.Counts()));
        Assert.Equal(0, await TotalAsync());

        await WorkAsync("apply", 1_500, () => run.Api.ApplyAsync(id));
        var applied = await run.Api.ImportAsync(id);
        Assert.Equal(("applied", Parts, Parts), (applied.State(), applied.Revisions().Count, await ChangeSetsAsync()));
        Assert.Equal(Rows, await TotalAsync());
        var all = await run.Api.GetAsync("/api/partners", "text/csv");
        Assert.Equal(Rows, all.Text.Split('\n').Skip(1).Where(line => line != "").Select(line => line.Split(',')[1]).Distinct().Count());

        await WorkAsync("undo", 1_500, () => run.Api.PostAsync("", $"/api/imports/{id}/undo"));
        Assert.Equal(("undone", 0, 2 * Parts), ((await run.Api.ImportAsync(id)).State(), await TotalAsync(), await ChangeSetsAsync()));
        Assert.Equal(0, RosterProcess.Run(folder.Path, ["check", .. options[..2]]).ExitCode);
        return interrupted;

        async Task WorkAsync(string name, int milliseconds, Func<Task<Answer>> begin)
        {
            var answer = await begin();
            Assert.True(answer.Status == 202, $"{name}: {answer.Text}");
            for (var kill = 0; kill < kills; kill++)
            {
                await Task.Delay(_random.Next(0, milliseconds));
                run.Kill();
                if ((await run.Api.ImportAsync(id)).GetProperty("work").ValueKind != JsonValueKind.Null)
                    interrupted++;
            }
            await run.Api.SettledAsync(id);
        }

        async Task<long> TotalAsync() => (await run.Api.GetAsync("/api/partners?take=1&count=true")).Count("Roster-Total");

        async Task<int> ChangeSetsAsync() => (await run.Api.GetAsync("/api/changesets?take=100")).Items.Count;
    }

    [Fact]
    public async Task Killed_while_rows_in_conflict_are_left_out_each_of_them_is_counted_once()
    {
        const int All = 15_000;
        const int Part = 5_000;
        using var folder = new TempFolder();
        string[] options = [.. Database(folder.Path), "--rows-per-minute", "0", "--import-lease-seconds", "2"];
        using var run = new Run(folder.Path, options, AreTwo ? 2 : 1, KillContract.FirstKey(folder, options[..2]));
        await ApplyAsync(ImportCalls.Many(Part, Part));
        var (id, _) = await run.Api.NewPlanAsync(ImportCalls.Many(0, All, phone: "2"));
        // The whole second part, and a row of the last one.
        await ApplyAsync(ImportCalls.Many(Part, Part, phone: "3"));
        await ApplyAsync(ImportCalls.Many(All - 1, 1));

        var answer = await run.Api.ApplyAsync(id, "?onConflict=skip");
        Assert.True(answer.Status == 202, answer.Text);
        for (var kill = 0; kill < Kills; kill++)
        {
            await Task.Delay(_random.Next(0, 1_000));
            run.Kill();
        }

        var applied = await run.Api.SettledAsync(id);
        Assert.Equal(
            ("applied", Part + 1, 2), (applied.State(), applied.GetProperty("conflicts").GetInt32(), applied.Revisions().Count));
        Assert.Equal(All, (await run.Api.GetAsync("/api/partners?take=1&count=true")).Count("Roster-Total"));
        Assert.Equal(Part, (await run.Api.GetAsync("/api/partners?phone=3&take=1&count=true")).Count("Roster-Total"));

        async Task ApplyAsync(string file) => await run.Api.AppliedAsync((await run.Api.NewPlanAsync(file)).Id);
    }

    private static async Task AttemptAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (HttpRequestException)
        {
            // The server is gone.
        }
    }

    /// <summary>Some servers on one database, of which one after the other is killed and started again.</summary>
    private sealed class Run : IDisposable
    {
        private readonly Queue<RosterProcess> _servers = [];
        private readonly string _folder;
        private readonly string[] _options;
        private readonly string _key;

        public Run(string folder, string[] options, int servers, string key)
        {
            (_folder, _options, _key) = (folder, options, key);
            for (var i = 0; i < servers; i++)
                _servers.Enqueue(RosterProcess.Serve(_folder, _options));
        }

        /// <summary>A client of the server that is killed next.</summary>
        public RosterClient Api => _servers.Peek().Client(_key);

        /// <summary>Kills a server, and starts it again.</summary>
        public void Kill()
        {
            using var killed = _servers.Dequeue();
            killed.Kill();
            _servers.Enqueue(RosterProcess.Serve(_folder, _options));
        }

        public void Dispose()
        {
            while (_servers.TryDequeue(out var server))
                server.Dispose();
        }
    }
}

public sealed class ImportKillOnSqlite : ImportKillContract
{
    protected override IReadOnlyList<string> Database(string folder) => ["--database", "sqlite:" + Path.Combine(folder, "roster.db")];
}

public sealed class ImportKillOnPostgres(PostgresHost host) : ImportKillContract
{
    protected override IReadOnlyList<string> Database(string folder) => ["--database", host.NewDatabase()];
}

/// <summary>Two servers on one database: if the one that works is killed, the other one goes on.</summary>
public sealed class ImportKillOnPostgresOfTwoServers(PostgresHost host) : ImportKillContract
{
    protected override bool AreTwo => true;

    protected override IReadOnlyList<string> Database(string folder) => ["--database", host.NewDatabase()];
}
