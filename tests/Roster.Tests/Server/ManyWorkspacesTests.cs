using System.Globalization;
using Roster.Access;
using Roster.Server.Commands;
using Roster.Storage;

namespace Roster.Tests.Server;

/// <summary>
/// Many workspaces on one SQLite file, each written and searched, in a process that may have few files open.
/// ROSTER_TEST_WORKSPACES makes it a long run.
/// </summary>
public sealed class ManyWorkspacesTests
{
    private const int Handles = 512;

    /// <summary>
    /// For each index: its two files and their shared memory, for the follower and two readers, and the flusher.
    /// </summary>
    private const int HandlesOfIndex = 9;

    private static readonly int Workspaces =
        int.Parse(Environment.GetEnvironmentVariable("ROSTER_TEST_WORKSPACES") ?? "150", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Each_is_written_and_searched_under_a_small_limit_of_open_files()
    {
        using var folder = new TempFolder();
        var database = "sqlite:" + folder.File("roster.db");
        var keys = await MakeAsync(database);
        using (var server = RosterProcess.ServeWithHandles(Handles, folder.Path, "--database", database))
        {
            await Parallel.ForEachAsync(keys.Index(), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (one, _) =>
            {
                var api = server.Client(one.Item);
                Assert.Equal(200, (await api.PutAsync(
                    $$"""[{"name":"needle {{one.Index}}","email":"n{{one.Index}}@x.example"}]""")).Status);
                Assert.Equal([$"needle {one.Index}"], (await api.GetAsync("/api/partners?q=needle")).Names);
            });
            Assert.InRange(OpenIndexFiles(server), 1, HandlesOfIndex * Store.DefaultOpenIndexes);
        }

        // The next start opens all of them.
        using var again = RosterProcess.ServeWithHandles(Handles, folder.Path, "--database", database);
        foreach (var (i, key) in keys.Index())
            Assert.Equal([$"needle {i}"], (await again.Client(key).GetAsync($"/api/partners?email=N{i}@x.example")).Names);
        Assert.InRange(OpenIndexFiles(again), 1, HandlesOfIndex * Store.DefaultOpenIndexes);
    }

    private static int OpenIndexFiles(RosterProcess server) => new DirectoryInfo($"/proc/{server.Id}/fd").EnumerateFileSystemInfos()
        .Count(descriptor => descriptor.LinkTarget?.Contains("roster.db.search", StringComparison.Ordinal) == true);

    private static async Task<List<string>> MakeAsync(string database)
    {
        var clock = TimeProvider.System;
        await using var store = await Store.Parse(database).OpenAsync(StoreUse.Serve, clock, CancellationToken.None);
        var keys = new List<string>();
        for (var i = 0; i < Workspaces; i++)
        {
            var workspace = (await store.AddWorkspaceAsync($"w{i}", Timestamp.Now(clock), CancellationToken.None))!;
            keys.Add((await KeyCommands.AddAsync(
                store, workspace, "k", Scopes.All, Timestamp.Now(clock), null, CancellationToken.None)).Text);
        }
        return keys;
    }
}
