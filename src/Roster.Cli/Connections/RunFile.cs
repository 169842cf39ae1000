using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Roster.Client;

namespace Roster.Cli.Connections;

/// <summary>What a command has begun, so that the same command goes on after a crash or a cut line.</summary>
internal sealed record Run
{
    /// <summary>The Idempotency-Key of a write.</summary>
    public string? IdempotencyKey { get; init; }

    public Guid? ImportId { get; init; }

    /// <summary>Whether apply was asked for; then the import goes on without a question.</summary>
    public bool IsApplying { get; init; }
}

/// <summary>
/// The file of a run. Its name is a hash of the server and of all that makes the command the same, with what says which
/// workspace it is for. It is deleted when the command has ended; what was left behind is deleted after 14 days, as the server
/// does. A write is not gone on with when the server may have forgotten it.
/// </summary>
internal sealed class RunFile
{
    /// <summary>The server remembers the answer of a write for so long, by default.</summary>
    private static readonly TimeSpan WritesKept = TimeSpan.FromHours(24);

    private static readonly TimeSpan Kept = TimeSpan.FromDays(14);

    private const int MostKept = 1_000;

    private readonly string _path;

    public RunFile(Uri server, params IEnumerable<string> command)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', command.Prepend(server.ToString()))));
        _path = Path.Combine(Folders.State, "runs", Convert.ToHexStringLower(hash.AsSpan(0, 16)) + ".json");
    }

    /// <summary>What was begun; null if nothing was, or it ended, or it is a write of too long ago.</summary>
    public Run? Read()
    {
        try
        {
            var run = JsonSerializer.Deserialize(File.ReadAllBytes(_path), RunJson.Default.Run);
            return run?.IdempotencyKey is not null && DateTime.UtcNow - File.GetLastWriteTimeUtc(_path) >= WritesKept ? null : run;
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    public void Write(Run run)
    {
        foreach (var old in OldFiles().ToList())
            File.Delete(old);
        Folders.WritePrivate(_path, JsonSerializer.SerializeToUtf8Bytes(run, RunJson.Default.Run));
    }

    public void Delete()
    {
        if (File.Exists(_path))
            File.Delete(_path);
    }

    /// <summary>
    /// Carries out a write with the Idempotency-Key of the same command before, if that has not ended. Only where nobody knows
    /// whether the write was carried out, the file stays, and the same command goes on without a question.
    /// </summary>
    /// <param name="write">Gets the key.</param>
    public async Task<T> WriteAsync<T>(Func<string, Task<T>> write)
    {
        try
        {
            var result = await write(KeyOfWrite());
            Delete();
            return result;
        }
        catch (RosterException refused) when (!refused.IsTransient && refused.Code is not ("outcome_unknown" or RosterErrors.InvalidAnswer))
        {
            Delete();
            throw;
        }
    }

    private string KeyOfWrite()
    {
        if (Read()?.IdempotencyKey is { } begun)
            return begun;
        var key = Guid.NewGuid().ToString();
        Write(new Run { IdempotencyKey = key });
        return key;
    }

    /// <summary>Files of more than 14 days, and the oldest of more than a thousand.</summary>
    private static IEnumerable<string> OldFiles()
    {
        var folder = new DirectoryInfo(Path.Combine(Folders.State, "runs"));
        var byAge = folder.Exists ? folder.GetFiles().OrderByDescending(file => file.LastWriteTimeUtc).ToList() : [];
        return byAge.Where((file, at) => at >= MostKept || DateTime.UtcNow - file.LastWriteTimeUtc > Kept).Select(file => file.FullName);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Run))]
internal sealed partial class RunJson : JsonSerializerContext;
