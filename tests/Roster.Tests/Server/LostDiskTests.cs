using System.Text.Json;

namespace Roster.Tests.Server;

/// <summary>
/// The disk of a running server on SQLite is full, read-only or closed to it, or its files are taken away. It goes on by
/// itself as soon as it can.
/// </summary>
public sealed class LostDiskTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FaultyDisk _disk = new();

    public void Dispose()
    {
        _disk.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task On_a_full_disk_writes_imports_and_backups_are_refused_reads_go_on_and_room_is_enough_to_go_on()
    {
        using var small = new SmallDisk(mebibytes: 12);
        var database = "sqlite:" + small.File("roster.db");
        using var server = RosterProcess.ServeBy(
            small.Command(RosterProcess.Command), "--database", database, "--rows-per-minute", "0");
        var api = server.FirstClient();
        var (import, _) = await api.NewPlanAsync("name,phone\nimported,1\n");
        var batch = JsonSerializer.Serialize(Enumerable.Range(0, 500).Select(i => new { name = $"needle {i} {new string('n', 200)}" }));
        var written = 0;
        Answer answer;
        while ((answer = await api.PutAsync(batch)).Status == 200)
            written += 500;

        Assert.Equal((507, "storage_full"), (answer.Status, answer.Code));
        Assert.Equal((507, "storage_full"), await StatusAsync(api.GetAsync("/health/ready")));
        Assert.Equal(written, (await api.GetAsync("/api/partners?take=10&count=true")).Count("Roster-Total"));
        Assert.Equal((507, "storage_full"), await StatusAsync(api.UploadAsync(new byte[4 << 20])));
        Assert.Contains(await StatusAsync(api.GetAsync("/api/partners?q=needle")), new[] { (200, ""), (503, "search_behind") });
        var applied = await StatusAsync(api.ApplyAsync(import));
        Assert.Contains(applied, new[] { (202, ""), (507, "storage_full") });
        var backup = small.Run([.. RosterProcess.Command, "backup", small.File("copy.db"), "--database", database]);
        Assert.Equal(1, backup.ExitCode);
        Assert.Matches("^[^\n]*(no room|full)[^\n]*\n$", backup.Text);

        small.Resize(mebibytes: 300);

        Assert.Equal(200, (await api.PutAsync("""[{"name":"after"}]""")).Status);
        Assert.Equal(200, (await api.GetAsync("/health/ready")).Status);
        if (applied.Status != 202)
            Assert.Equal(202, (await api.ApplyAsync(import)).Status);
        Assert.Equal("applied", (await api.SettledAsync(import)).State());
        Assert.Equal(written + 2, (await api.GetAsync("/api/partners?take=10&count=true")).Count("Roster-Total"));
        Assert.Equal(2, (await SearchAsync(api, "after")).Items.Count + (await SearchAsync(api, "imported")).Items.Count);
        var made = small.Run([.. RosterProcess.Command, "backup", small.File("copy.db"), "--database", database]);
        Assert.True(made.ExitCode == 0, made.Text);
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());
        var check = small.Run([.. RosterProcess.Command, "check", "--database", database]);
        Assert.True(check.ExitCode == 0, check.Text);
        Assert.DoesNotContain("A bug", server.Log(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FaultyDisk.ReadOnly, "storage_read_only", "open", "write", "truncate")]
    [InlineData(FaultyDisk.NoRight, "storage_unavailable", "open", "write", "truncate")]
    [InlineData(FaultyDisk.InputOutputError, "storage_unavailable", "open", "write", "truncate", "rename", "unlink")]
    public async Task Where_nothing_can_be_written_any_more_reads_go_on_and_so_do_writes_when_it_is_over(
        int error, string code, params string[] calls)
    {
        using var server = RosterProcess.Serve(_folder.Path, _disk.Environment, "--database", "sqlite:roster.db");
        var api = server.FirstClient();
        var id = await api.CreateAsync("""{"name":"needle"}""");
        Assert.Single((await SearchAsync(api, "needle")).Items);
        _disk.Fail(calls.Select(call => $"{call} {error} {_folder.Path}/roster.db"));

        Assert.Equal((503, "outcome_unknown"), await StatusAsync(api.PutAsync("""[{"name":"lost"}]""")));
        Assert.Equal((503, code), await StatusAsync(api.PutAsync("""[{"name":"lost"}]""")));
        Assert.Equal((503, code), await StatusAsync(api.DeleteAsync(id)));
        Assert.Equal((503, code), await StatusAsync(api.UploadAsync("name\nlost\n"u8.ToArray())));
        Assert.Equal((503, code), await StatusAsync(api.GetAsync("/health/ready")));
        Assert.Equal(["needle"], (await api.GetAsync("/api/partners")).Names);
        Assert.Equal(["needle"], (await api.GetAsync("/api/partners?q=needle")).Names);

        _disk.Heal();

        Assert.Equal(200, (await api.PutAsync("""[{"name":"after"}]""")).Status);
        Assert.Equal(200, (await api.GetAsync("/health/ready")).Status);
        Assert.Equal(201, (await api.UploadAsync("name\nafter\n"u8.ToArray())).Status);
        Assert.Single((await SearchAsync(api, "after")).Items);
        Assert.Equal(["after", "needle"], (await api.GetAsync("/api/partners")).Names);
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());
        Assert.DoesNotContain("A bug", server.Log(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("write 28", 507, "storage_full")]
    [InlineData("open 28", 507, "storage_full")]
    [InlineData("open 13", 503, "storage_unavailable")]
    [InlineData("write 5", 503, "storage_unavailable")]
    public async Task Imports_wait_for_room_where_the_disk_of_temporary_files_is_full(string fault, int status, string code)
    {
        using var server = RosterProcess.Serve(_folder.Path, _disk.Environment, "--database", "sqlite:roster.db");
        var api = server.FirstClient();
        var file = "name,phone\na,1\n"u8.ToArray();
        var id = (await api.UploadAsync(file)).Json.GetProperty("id").GetString()!;
        _disk.Fail($"{fault} roster-import-");

        Assert.Equal((status, code), await StatusAsync(api.UploadAsync(file)));
        Assert.Equal(202, (await api.PostAsync("", $"{ImportCalls.Path}/{id}/plan")).Status);
        await server.SaysAsync($"Import {id} waits");
        Assert.NotEqual(JsonValueKind.Null, (await api.ImportAsync(id)).GetProperty("work").ValueKind);

        _disk.Heal();

        Assert.Equal("planned", (await api.SettledAsync(id)).State());
        Assert.Equal(201, (await api.UploadAsync(file)).Status);
        Assert.DoesNotContain("A bug", server.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_whose_log_is_deleted_takes_no_more_writes()
    {
        using var server = RosterProcess.Serve(_folder.Path, "--database", "sqlite:roster.db");
        var api = server.FirstClient();
        await api.CreateAsync("""{"name":"kept"}""");

        File.Delete(_folder.File("roster.db-wal"));

        Assert.Equal((503, "storage_damaged"), await StatusAsync(api.PutAsync("""[{"name":"lost"}]""")));
        Assert.Equal((503, "storage_damaged"), await StatusAsync(api.GetAsync("/health/ready")));
        await server.SaysAsync("storage_damaged: ");
    }

    [Fact]
    public async Task Files_of_imports_that_are_deleted_under_the_server_are_gone_and_new_ones_are_kept()
    {
        string id;
        string? key;
        using (var server = RosterProcess.Serve(_folder.Path, "--database", "sqlite:roster.db"))
        {
            var api = server.FirstClient();
            var (old, _) = await api.NewPlanAsync("name,phone\nold,1\n");
            foreach (var file in Directory.EnumerateFiles(_folder.Path, "roster.db.imports*"))
                File.Delete(file);

            Assert.Equal(202, (await api.ApplyAsync(old)).Status);
            var stopped = await api.SettledAsync(old);
            Assert.Equal(("stopped", "rows_gone"), (stopped.State(), stopped.Reason()));

            (id, _) = await api.NewPlanAsync("name,phone\nnew,1\n");
            server.Kill();
            key = api.Key;
        }
        using var again = RosterProcess.Serve(_folder.Path, "--database", "sqlite:roster.db");
        Assert.Equal("applied", (await again.Client(key).AppliedAsync(id)).State());
        Assert.Equal(["new"], (await again.Client(key).GetAsync("/api/partners")).Names);
    }

    private static async Task<(int Status, string Code)> StatusAsync(Task<Answer> answer) =>
        await answer is { Status: >= 400 } failed ? (failed.Status, failed.Code) : ((await answer).Status, "");

    /// <summary>Searches like a client, which tries again when the server asks for it.</summary>
    private static async Task<Answer> SearchAsync(RosterClient api, string text)
    {
        Answer found;
        do
            found = await api.GetAsync($"/api/partners?q={text}");
        while (found is { Status: 503, Code: "search_behind" });
        return found;
    }
}
