using System.Text.Json;

namespace Roster.Server.Http;

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

    /// <summary>A member's name.</summary>
    /// <returns>False if it has a lone surrogate or invalid UTF-8.</returns>
    public static bool TryName(JsonProperty member, out string name)
    {
        try
        {
            name = member.Name;
            return true;
        }
        catch (InvalidOperationException)
        {
            name = "";
            return false;
        }
    }
}
