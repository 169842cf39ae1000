using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Roster.Bench.Servers;

namespace Roster.Bench.Measures;

/// <summary>The result of a soak.</summary>
/// <param name="Memory">The server's physical memory in MB, every ten seconds.</param>
/// <param name="Requests">Answered requests by kind.</param>
/// <param name="Late">Requests sent more than a second late, because the server was slow.</param>
internal sealed record SoakResult(
    IReadOnlyList<(TimeSpan At, double Resident)> Memory, IReadOnlyDictionary<string, int> Requests, int Late, TimeSpan Lasted);

/// <summary>
/// The server's memory under a long load of all kinds of requests, like a lively workspace: 35 requests a second that
/// change 2,000 partners a second. After the first minute, the memory should not grow.
/// </summary>
internal static class SoakTest
{
    private const int Clients = 6;
    private const int PerSecond = 35;

    /// <summary>Partners in a batch; there are four batches a second.</summary>
    private const int BatchSize = 500;

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan TooLate = TimeSpan.FromSeconds(1);

    public static async Task<SoakResult> RunAsync(RosterServer server, TimeSpan duration, CancellationToken cancel)
    {
        Progress.Say($"soak: {duration.TotalSeconds:0} seconds");
        using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(5) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Key);
        var callers = new Callers(http, server.Partners, await ReadIdsAsync(http, server.Partners, cancel));
        var memory = new List<(TimeSpan, double)>();
        var start = Stopwatch.GetTimestamp();
        var next = -1;
        var late = 0;
        var clients = Enumerable.Range(0, Clients).Select(_ => Task.Run(SendAsync, cancel)).ToList();
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            await Task.Delay(Look, cancel);
            memory.Add((Stopwatch.GetElapsedTime(start), server.State.ResidentMegabytes));
            Progress.Say($"{memory[^1].Item1.TotalSeconds:0} s: {memory[^1].Item2:0} MB");
        }
        await Task.WhenAll(clients);
        return new SoakResult(memory, callers.Answered, late, Stopwatch.GetElapsedTime(start));

        async Task SendAsync()
        {
            while (true)
            {
                var number = Interlocked.Increment(ref next);
                var at = TimeSpan.FromSeconds((double)number / PerSecond);
                if (at >= duration || Stopwatch.GetElapsedTime(start) >= duration)
                    return;
                if (at - Stopwatch.GetElapsedTime(start) is { Ticks: > 0 } pause)
                    await Task.Delay(pause, cancel);
                else if (Stopwatch.GetElapsedTime(start) - at > TooLate)
                    Interlocked.Increment(ref late);
                await callers.SendAsync(number, cancel);
            }
        }
    }

    private static async Task<IReadOnlyList<Guid>> ReadIdsAsync(HttpClient http, Uri partners, CancellationToken cancel)
    {
        var ids = new List<Guid>();
        for (var page = new Uri(partners, "?take=10000"); page is not null;)
        {
            using var response = await http.GetAsync(page, cancel);
            response.EnsureSuccessStatusCode();
            using var answer = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancel), default, cancel);
            ids.AddRange(answer.RootElement.EnumerateArray().Select(partner => partner.GetProperty("id").GetGuid()));
            page = response.Headers.TryGetValues("Link", out var links) ? new Uri(partners, links.Single().Split('<', '>')[1]) : null;
        }
        return ids;
    }

    /// <summary>The requests, each kind in its turn.</summary>
    private sealed class Callers(HttpClient http, Uri partners, IReadOnlyList<Guid> ids)
    {
        /// <summary>35 requests: four batches, five single updates, and reads.</summary>
        private static readonly string[] Second =
        [
            "batch", "page", "search", "partner", "single", "page", "lookup", "history", "partner",
            "batch", "page", "search", "single", "partner", "page", "lookup", "changes", "partner",
            "batch", "page", "search", "partner", "single", "page", "lookup", "asOf", "partner", "single",
            "batch", "page", "search", "single", "feed", "lookup", "partner",
        ];

        private readonly Dictionary<string, int> _answered = [];
        private long _revision;
        private string _position = "0";

        public IReadOnlyDictionary<string, int> Answered => _answered;

        public async Task SendAsync(int number, CancellationToken cancel)
        {
            var random = new Random(number);
            // Every ten seconds, a large one.
            var inTenSeconds = number % (10 * Second.Length);
            var kind = inTenSeconds == 0 ? "all"
                : inTenSeconds == 5 * Second.Length ? "export"
                : Second[number % Second.Length];
            var revision = Math.Max(1, Interlocked.Read(ref _revision));
            await (kind switch
            {
                "batch" => PutAsync(random, BatchSize, cancel),
                "single" => PutAsync(random, 1, cancel),
                "page" => GetAsync($"?take=100&skip={random.Next(1_000)}", cancel),
                "search" => GetAsync($"?q={(char)random.Next('a', 'z' + 1)}{(char)random.Next('a', 'z' + 1)}a", cancel),
                "lookup" => GetAsync($"?phone={random.Next(100, 1_000)}0000", cancel),
                "partner" => GetAsync($"partners/{Someone(random)}", cancel),
                "history" => GetAsync($"partners/{Someone(random)}/history?take=1000", cancel),
                "asOf" => GetAsync($"?take=1000&asOf={Math.Max(1, revision - 500)}", cancel),
                "changes" => GetAsync(
                    $"changesets/{random.NextInt64(Math.Max(1, revision - 2_000), revision + 1)}/changes?take=10000", cancel),
                "feed" => FollowAsync(cancel),
                "all" => GetAsync("?take=10000", cancel),
                _ => GetAsync("", cancel, "text/csv"),
            });
            lock (_answered)
                _answered[kind] = _answered.GetValueOrDefault(kind) + 1;
        }

        private Guid Someone(Random random) => ids[random.Next(ids.Count)];

        private async Task PutAsync(Random random, int count, CancellationToken cancel)
        {
            var items = random.GetItems([.. ids], count).Distinct()
                .Select(id => $$"""{"id":"{{id}}","phone":"{{random.Next(100, 1_000)}}0000"}""");
            using var content = new StringContent("[" + string.Join(',', items) + "]", Encoding.UTF8, "application/json");
            using var response = await http.PutAsync(partners, content, cancel);
            response.EnsureSuccessStatusCode();
            var revision = response.Headers.GetValues("Roster-Revision").Single();
            Interlocked.Exchange(ref _revision, long.Parse(revision, CultureInfo.InvariantCulture));
        }

        private async Task FollowAsync(CancellationToken cancel)
        {
            using var response = await http.GetAsync(
                new Uri(partners, $"partners/changes?take=10000&after={Volatile.Read(ref _position)}"), cancel);
            response.EnsureSuccessStatusCode();
            using var answer = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancel), default, cancel);
            Volatile.Write(ref _position, answer.RootElement.GetProperty("next").GetString()!);
        }

        private async Task GetAsync(string path, CancellationToken cancel, string? accept = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(partners, path));
            if (accept is not null)
                request.Headers.TryAddWithoutValidation("Accept", accept);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            response.EnsureSuccessStatusCode();
            await response.Content.CopyToAsync(Stream.Null, cancel);
        }
    }
}
