using System.Text.RegularExpressions;

namespace Roster.Tests.Server;

/// <summary>
/// A mirror gets an error after the server was restored from a backup that lacks changes the mirror has seen.
/// </summary>
public sealed partial class RestoredBackupTests : IDisposable
{
    private const string Path = "/api/partners";

    private readonly TempFolder _folder = new();

    [GeneratedRegex("roster_[0-9A-Za-z]{38}")]
    private static partial Regex Key();

    private string File => System.IO.Path.Combine(_folder.Path, "data", "roster.db");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("after=0&take=1")]
    [InlineData("after=0")]
    [InlineData("full=true&take=1")]
    [InlineData("full=true")]
    public async Task A_position_from_before_the_restore_is_gone_though_its_number_is_reached_again(string begin)
    {
        string key, next;
        using (var before = RosterProcess.Serve(_folder.Path))
        {
            key = Key().Match(before.Output()).Value;
            await before.Client(key).PutAsync("""[{"name":"a"},{"name":"b"}]""");
            Stop(before);
        }
        System.IO.File.Copy(File, File + ".backup");
        using (var lost = RosterProcess.Serve(_folder.Path))
        {
            var api = lost.Client(key);
            await api.PutAsync("""[{"name":"c"}]""");
            next = (await api.GetAsync($"{Path}/changes?{begin}")).Json.GetProperty("next").GetString()!;
            Assert.Equal(200, (await api.GetAsync($"{Path}/changes?after={next}")).Status);
            Stop(lost);
        }
        System.IO.File.Move(File + ".backup", File, overwrite: true);
        using var restored = RosterProcess.Serve(_folder.Path);
        var client = restored.Client(key);

        Assert.Equal("feed_gone", (await client.GetAsync($"{Path}/changes?after={next}")).Code);
        Assert.Equal(2, (await client.PutAsync("""[{"name":"another c"}]""")).Revision);

        var gone = await client.GetAsync($"{Path}/changes?after={next}");
        Assert.Equal((410, "feed_gone"), (gone.Status, gone.Code));
        Assert.Equal(3, (await client.GetAsync(Path + "/changes?full=true")).Json.GetProperty("partners").GetArrayLength());
    }

    private static void Stop(RosterProcess server)
    {
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());
    }
}
