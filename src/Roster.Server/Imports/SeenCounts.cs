using System.Text.Json;
using Roster.Server.Http;

namespace Roster.Server.Imports;

/// <summary>The counts that a caller has seen, as the body of apply repeats them: it writes what was looked at, or nothing.</summary>
internal sealed record SeenCounts(long Created, long Updated, long Deleted)
{
    private const int MaxBytes = 4 << 10;

    /// <returns>The counts, or what is wrong with the body.</returns>
    public static async Task<(SeenCounts? Counts, Problem? Problem)> ReadAsync(HttpRequest request, CancellationToken cancel)
    {
        var (body, problem) = await JsonBody.ReadAsync(request, MaxBytes, cancel);
        if (body is null)
            return (null, problem);
        using (body)
        {
            var counts = new Dictionary<string, long>();
            foreach (var member in body.RootElement.EnumerateObject())
            {
                var name = JsonBody.NameOf(member);
                if (name is not ("created" or "updated" or "deleted") || member.Value.ValueKind != JsonValueKind.Number
                    || !member.Value.TryGetInt64(out var count) || !counts.TryAdd(name, count))
                    return (null, JsonBody.Wrong("The body repeats the plan's counts: {\"created\":120,\"updated\":31,\"deleted\":2}."));
            }
            return (new SeenCounts(
                counts.GetValueOrDefault("created"), counts.GetValueOrDefault("updated"), counts.GetValueOrDefault("deleted")), null);
        }
    }
}
