using System.Text.Json;
using Roster.Batches;

namespace Roster.Server.Http;

/// <summary>Reads a small JSON object.</summary>
internal static class JsonBody
{
    /// <summary>The most members that are looked at: far more than any object has.</summary>
    private const int MaxMembers = 64;

    /// <summary>The longest name that a fault repeats.</summary>
    private const int MaxShownName = 64;

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

    /// <summary>The members of an object, in their order.</summary>
    /// <param name="faults">Gets what is wrong with names. A name that is given twice has its first value.</param>
    /// <returns>Null if there are too many, which is a fault, too.</returns>
    public static OrderedDictionary<string, JsonElement>? Members(JsonElement body, FaultList faults)
    {
        if (body.GetPropertyCount() > MaxMembers)
        {
            Reject(FaultCode.TooManyFields, null, $"There are more than {MaxMembers} fields; they were not looked at.");
            return null;
        }
        var members = new OrderedDictionary<string, JsonElement>();
        foreach (var member in body.EnumerateObject())
            if (!TryName(member, out var name))
                Reject(FaultCode.InvalidText, null, "A field name has a lone surrogate or invalid UTF-8.");
            else if (!members.TryAdd(name, member.Value))
                Reject(FaultCode.DuplicateField, name, "It is given twice; send it once.");
        return members;

        void Reject(string code, string? field, string message) => faults.Add(new Fault(0, code, message, field));
    }

    /// <param name="fields">Those that there are.</param>
    public static Fault Unknown(string name, string fields) => new(
        0, FaultCode.UnknownField, $"There is no such field; the fields are {fields}.", name.Length > MaxShownName ? null : name);

    /// <summary>A member's name, to compare with known ones: "\uFFFD" if it has a lone surrogate or invalid UTF-8.</summary>
    public static string NameOf(JsonProperty member) => TryName(member, out var name) ? name : "\uFFFD";

    /// <summary>The last member of this name. Other members' names may be no text, of which .NET's own search says nothing.</summary>
    public static bool TryFind(JsonElement item, string name, out JsonElement value)
    {
        value = default;
        foreach (var member in item.EnumerateObject())
            if (NameOf(member) == name)
                value = member.Value;
        return value.ValueKind != JsonValueKind.Undefined;
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
