using System.Buffers;
using System.Net.Sockets;
using System.Text.Json;
using Roster.Bench.People;
using Roster.Bench.Servers;

namespace Roster.Bench.Measures;

/// <summary>The times of Directus for batches of 10,000, in milliseconds.</summary>
internal sealed record DirectusResult(string Version, IReadOnlyList<double> Creates, IReadOnlyList<double> Updates);

/// <summary>The same batches through Directus. Only two of each kind: each takes tens of seconds.</summary>
internal static class DirectusTest
{
    private const int Rounds = 2;
    private const int WarmingRows = 100;

    /// <param name="ids">The ids of the partners in the engine's database.</param>
    /// <returns>Null if it does not start.</returns>
    public static async Task<DirectusResult?> RunAsync(
        string installed, string connectionString, string directory, IReadOnlyList<Guid> ids, CancellationToken cancel)
    {
        Progress.Say("Directus");
        DirectusServer server;
        try
        {
            server = await DirectusServer.StartAsync(installed, connectionString, directory, cancel);
        }
        catch (Exception failure) when (failure is InvalidOperationException or SocketException)
        {
            Progress.Say($"Directus is left out, for it does not start: {failure.Message}");
            return null;
        }
        using (server)
            return await RunAsync(server, installed, ids, cancel);
    }

    private static async Task<DirectusResult> RunAsync(
        DirectusServer server, string installed, IReadOnlyList<Guid> ids, CancellationToken cancel)
    {
        var random = new Random(1);
        var people = new Population(1);
        var (creates, updates) = (new List<double>(), new List<double>());
        await SendAsync(HttpMethod.Post, null, WarmingRows);
        await SendAsync(HttpMethod.Patch, Pick(), WarmingRows);
        for (var round = 1; round <= Rounds; round++)
        {
            Progress.Say($"Directus, round {round} of {Rounds}");
            creates.Add(await SendAsync(HttpMethod.Post, null, Population.BatchSize));
            updates.Add(await SendAsync(HttpMethod.Patch, Pick(), Population.BatchSize));
        }
        return new DirectusResult(Version(installed), creates, updates);

        Guid[] Pick() => [.. ids.OrderBy(_ => random.Next()).Take(Population.BatchSize)];

        async Task<double> SendAsync(HttpMethod method, Guid[]? existing, int count)
        {
            var answer = await server.Client.SendAsync(method, Body(people.Creates()[..count], existing), cancel);
            using var json = JsonDocument.Parse(answer.Body);
            if (json.RootElement.GetProperty("data").GetArrayLength() is var length && length != count)
                throw new InvalidOperationException($"Directus answers {length} partners to {count}.");
            return answer.Elapsed.TotalMilliseconds;
        }
    }

    private static byte[] Body(Row[] rows, Guid[]? existing)
    {
        var now = Timestamp.Now(TimeProvider.System).Microseconds;
        var body = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(body);
        json.WriteStartArray();
        for (var i = 0; i < rows.Length; i++)
        {
            json.WriteStartObject();
            if (existing is not null)
                json.WriteString("id", existing[i]);
            json.WriteString("name", rows[i].Person.Name);
            json.WriteString("email", rows[i].Person.Email);
            json.WriteString("phone", rows[i].Person.Phone);
            if (existing is null)
                json.WriteNumber("created_at", now);
            json.WriteNumber("updated_at", now);
            json.WriteNumber("revision", 1);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.Flush();
        return body.WrittenSpan.ToArray();
    }

    private static string Version(string installed)
    {
        using var package = JsonDocument.Parse(File.ReadAllText(Path.Combine(installed, "node_modules/directus/package.json")));
        return package.RootElement.GetProperty("version").GetString()!;
    }
}
