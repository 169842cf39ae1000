using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

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
/// The file of a run. Its name is a hash of the server and of all that makes the command the same. It is deleted when the
/// command has ended; what was left behind is deleted after 14 days, as the server does.
/// </summary>
internal sealed class RunFile
{
    /// <summary>The server remembers the answer of a write for so long, by default.</summary>
    private static readonly TimeSpan WritesKept = TimeSpan.FromHours(24);

    private static readonly TimeSpan Kept = TimeSpan.FromDays(14);

    private readonly string _path;

    public RunFile(Uri server, params IEnumerable<string> command)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', command.Prepend(server.ToString()))));
        _path = Path.Combine(Folders.State, "runs", Convert.ToHexStringLower(hash.AsSpan(0, 16)) + ".json");
    }

    /// <summary>What was begun; null if nothing was, or it ended.</summary>
    public Run? Read()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(_path), RunJson.Default.Run);
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    public void Write(Run run)
    {
        foreach (var old in OldFiles())
            File.Delete(old);
        Folders.WritePrivate(_path, JsonSerializer.SerializeToUtf8Bytes(run, RunJson.Default.Run));
    }

    public void Delete()
    {
        if (File.Exists(_path))
            File.Delete(_path);
    }

    /// <summary>The Idempotency-Key of this write: that of the same command before, if it has not ended.</summary>
    public string KeyOfWrite()
    {
        if (Read()?.IdempotencyKey is { } begun && DateTime.UtcNow - File.GetLastWriteTimeUtc(_path) < WritesKept)
            return begun;
        var key = Guid.NewGuid().ToString();
        Write(new Run { IdempotencyKey = key });
        return key;
    }

    private static IEnumerable<string> OldFiles()
    {
        var folder = Path.Combine(Folders.State, "runs");
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder).Where(file => DateTime.UtcNow - File.GetLastWriteTimeUtc(file) > Kept) : [];
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Run))]
internal sealed partial class RunJson : JsonSerializerContext;
