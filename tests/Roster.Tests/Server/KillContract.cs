using System.Globalization;
using System.Text.Json;

namespace Roster.Tests.Server;

/// <summary>
/// The server is killed with -9 while clients write, again and again on the same database. Each batch gives all its
/// partners the same new phone number, tag and value of metadata, so half a batch would show. ROSTER_TEST_KILLS makes it
/// a long run.
/// </summary>
public abstract class KillContract
{
    private const int Writers = 4;
    private const int PartnersOfWriter = 150;

    private static readonly int Kills =
        int.Parse(Environment.GetEnvironmentVariable("ROSTER_TEST_KILLS") ?? "20", CultureInfo.InvariantCulture);

    /// <summary>The server's options for its database in this folder.</summary>
    protected abstract IReadOnlyList<string> Database(string folder);

    [Fact]
    public async Task Killed_while_writing_every_acknowledged_batch_is_there_and_none_is_half_there()
    {
        using var folder = new TempFolder();
        var database = Database(folder.Path);
        var key = FirstKey(folder, database);
        var writers = Enumerable.Range(0, Writers).Select(_ => new Writer()).ToArray();
        // Whether a kill falls between a commit and its answer is chance: without one, the run goes on.
        for (var kill = 0; kill < Kills || (kill < 10 * Kills && !writers.Any(writer => writer.Resolved > 0)); kill++)
        {
            using var server = RosterProcess.Serve(folder.Path, [.. database]);
            var api = server.Client(key);
            foreach (var writer in writers)
                await writer.CheckAsync(api);

            // The kill comes after a random number of acknowledged batches, while those of other writers are under way.
            var left = new Random(kill).Next(1, 40);
            var enough = new TaskCompletionSource();
            var writing = writers.Select(writer => Task.Run(() => writer.WriteAsync(api, () =>
            {
                if (Interlocked.Decrement(ref left) == 0)
                    enough.SetResult();
            }))).ToArray();
            await enough.Task;
            server.Kill();
            await Task.WhenAll(writing);
        }
        using var last = RosterProcess.Serve(folder.Path, [.. database]);
        foreach (var writer in writers)
            await writer.CheckAsync(last.Client(key));
        Assert.Contains(writers, writer => writer.Resolved > 0);
    }

    internal static string FirstKey(TempFolder folder, IReadOnlyList<string> database, string workspace = "w")
    {
        Assert.Equal(0, RosterProcess.Run(folder.Path, ["migrate", .. database]).ExitCode);
        Assert.Equal(0, RosterProcess.Run(folder.Path, ["workspaces", "create", workspace, .. database]).ExitCode);
        return RosterProcess.Run(folder.Path,
            ["keys", "create", "--workspace", workspace, "--name", "k", "--scopes", "all", .. database]).Output.Trim();
    }

    private sealed class Writer
    {
        private readonly List<string> _ids = [];
        private long _acknowledged;
        private long _sent;

        /// <summary>Batches under way at a kill that were then found, complete.</summary>
        public int Resolved { get; private set; }

        /// <summary>Writes batch after batch until the server is gone.</summary>
        public async Task WriteAsync(RosterClient api, Action acknowledged)
        {
            try
            {
                while (true)
                {
                    _sent++;
                    var answer = await api.PutAsync(Batch(_sent));
                    Assert.Equal(200, answer.Status);
                    Learn(answer);
                    _acknowledged = _sent;
                    acknowledged();
                }
            }
            catch (HttpRequestException)
            {
                // The server is gone.
            }
        }

        /// <summary>All partners have the same batch, in each field: the last acknowledged one or the one under way.</summary>
        public async Task CheckAsync(RosterClient api)
        {
            if (_ids.Count == 0)
                return;
            var there = await api.PutAsync("[" + string.Join(',', _ids.Select(id => $$"""{"id":"{{id}}"}""")) + "]");
            var batch = Assert.Single(there.Items.SelectMany(BatchesOf).Distinct());
            var number = long.Parse(batch!, CultureInfo.InvariantCulture);
            Assert.InRange(number, _acknowledged, _sent);
            if (number > _acknowledged)
                Resolved++;
            _acknowledged = _sent = number;
        }

        private static string?[] BatchesOf(JsonElement partner) =>
        [
            partner.GetProperty("phone").GetString(), Assert.Single(partner.GetProperty("tags").EnumerateArray()).GetString(),
            partner.GetProperty("metadata").GetProperty("batch").GetString(),
        ];

        private string Batch(long number) => "[" + string.Join(',', _ids.Count == 0
            ? Enumerable.Repeat($$"""{"name":"n",{{Fields(number)}}}""", PartnersOfWriter)
            : _ids.Select(id => $$"""{"id":"{{id}}",{{Fields(number)}}}""")) + "]";

        private static string Fields(long number) =>
            $$"""
            "phone":"{{number}}","tags":["{{number}}"],"metadata":{"batch":"{{number}}"}
            """;

        private void Learn(Answer answer)
        {
            if (_ids.Count == 0)
                _ids.AddRange(answer.Items.Select(partner => partner.GetProperty("id").GetString()!));
        }
    }
}

public sealed class KillOnSqlite : KillContract
{
    protected override IReadOnlyList<string> Database(string folder) => ["--database", "sqlite:" + Path.Combine(folder, "roster.db")];
}

public sealed class KillOnPostgres(PostgresHost host) : KillContract
{
    protected override IReadOnlyList<string> Database(string folder) => ["--database", host.NewDatabase()];
}
