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
                if (member.Name is not ("created" or "updated" or "deleted") || member.Value.ValueKind != JsonValueKind.Number
                    || !member.Value.TryGetInt64(out var count) || !counts.TryAdd(member.Name, count))
                    return (null, JsonBody.Wrong("The body repeats the plan's counts: {\"created\":120,\"updated\":31,\"deleted\":2}."));
            }
            return (new SeenCounts(
                counts.GetValueOrDefault("created"), counts.GetValueOrDefault("updated"), counts.GetValueOrDefault("deleted")), null);
        }
    }
}

/// <summary>Reads a small JSON object.</summary>
internal static class JsonBody
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 16 };

    /// <returns>The document, which is an object; or what is wrong with the body.</returns>
    public static async Task<(JsonDocument? Body, Problem? Problem)> ReadAsync(
        HttpRequest request, int maxBytes, CancellationToken cancel, JsonValueKind kind = JsonValueKind.Object)
    {
        if (RequestBody.Refuse(request, RequestBody.Json) is { } refusal)
            return (null, refusal);
        if (await RequestBody.ReadAllAsync(request, maxBytes, cancel) is not { } bytes)
            return (null, TooLarge(maxBytes));
        try
        {
            var body = JsonDocument.Parse(bytes, Options);
            if (body.RootElement.ValueKind == kind)
                return (body, null);
            body.Dispose();
        }
        catch (JsonException)
        {
            // Told as what it is not.
        }
        return (null, kind == JsonValueKind.Object ? Problem.NotAnObject : Wrong("The body is not a JSON array."));
    }

    public static Problem TooLarge(int maxBytes) => Problem.BodyTooLarge with
    {
        English = $"The body is over {maxBytes >> 10} KiB.",
        Arabic = $"حجم الجسم يتجاوز {maxBytes >> 10} كيبيبايت.",
    };

    public static Problem Wrong(string english) => new(
        ProblemCode.InvalidBody, 400, "The body cannot be read", english, "الجسم غير صالح.");

    /// <summary>A member's text.</summary>
    /// <returns>False if it is not a string, or has a lone surrogate.</returns>
    public static bool TryText(JsonElement value, out string text)
    {
        text = "";
        if (value.ValueKind != JsonValueKind.String)
            return false;
        try
        {
            text = value.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
