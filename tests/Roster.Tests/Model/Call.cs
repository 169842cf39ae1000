using System.Text;
using System.Text.Json;
using CsCheck;

namespace Roster.Tests.Model;

/// <param name="Creates">The query parameter that allows items to create partners; empty for none.</param>
internal sealed record Call(string Kind, string Format, string MatchOn, string Creates, Item[] Items)
{
    public const string Path = "/api/partners";

    private static readonly Gen<string?> Name = Gen.Frequency(
        (60, Gen.String[Gen.Char["aAbcéeE中"], 1, 3].Select(text => (string?)text)), (1, Some.Of<string?>(null, " ")));

    private static readonly Gen<string?> Email = Gen.Frequency(
        (60, Some.Of<string?>("a@b.example", "A@b.example", "a@b.example", "c@d.example", "e@f.example", "g@h.example", null)),
        (1, Some.Of<string?>("", "nobody")));

    private static readonly Gen<string?> Phone = Gen.Frequency((60, Some.Of<string?>("1", "2", null)), (1, Some.Of<string?>("")));

    private static readonly Gen<string?> ExternalId = Gen.Frequency(
        (60, Some.Of<string?>("x", "y", "z", "w", "v", "u", null)), (1, Some.Of<string?>("", "x ")));

    /// <summary>
    /// One of tags, addTags, removeTags (tags divided by |), metadata.KEY and metadata as a whole, or none; with its value.
    /// </summary>
    private static readonly Gen<(string Name, string? Value)> Extra = Some.Of<(string, string?)>(
        ("", null), ("", null), ("", null), ("tags", "b|A"), ("tags", "é"), ("tags", null),
        ("addTags", "a"), ("addTags", "B|c"), ("removeTags", "A"), ("removeTags", "É|b"),
        ("metadata.k", "1"), ("metadata.k", "\"2\\"), ("metadata.k", null), ("metadata.K", "1"), ("metadata", null));

    /// <summary>
    /// The partner that an item names: -1 for none, -2 for an unknown one, otherwise mostly an existing one.
    /// </summary>
    private static readonly Gen<int> Target = Gen.Frequency((20, Gen.Const(-1)), (1, Gen.Const(-2)), (40, Gen.Int[0, 99]));

    private static readonly Gen<Item> AnyItem = Gen.Select(
        Target, Gen.Select(Gen.Bool, Name), Gen.Select(Gen.Bool, Email), Gen.Select(Gen.Bool, Phone),
        Gen.Select(Gen.Int[0, 3], ExternalId), Extra,
        (target, name, email, phone, externalId, extra) =>
        {
            (string Name, bool IsGiven, string? Value)[] fields =
            [
                ("name", name.Item1 || target == -1, name.Item2), ("email", email.Item1, email.Item2),
                ("phone", phone.Item1, phone.Item2), ("externalId", externalId.Item1 == 0, externalId.Item2),
                (extra.Name, extra.Name != "", extra.Value),
            ];
            return new Item(target, new Dictionary<string, string?>(
                fields.Where(field => field.IsGiven).Select(field => KeyValuePair.Create(field.Name, field.Value))));
        });

    public static readonly Gen<Call> Any = Gen.Select(
        Gen.Frequency((15, Some.Of("put", "put", "put", "put", "post", "delete", "restore", "undo")), (1, Gen.Const("import"))),
        Some.Of("application/json", "application/x-ndjson", "text/csv"),
        Some.Of("", "externalId", "email", "email", "email"),
        Some.Of("", "withoutKey=create", "withoutKey=create", "withoutKey=create", "mode=update"),
        AnyItem.Array[1, 4],
        (kind, format, matchOn, creates, items) => new Call(
            kind, format, kind == "put" ? matchOn : "",
            kind != "put" || (matchOn == "" && creates != "mode=update") ? "" : creates, items));

    /// <summary>Of a put: live partners that no item names are deleted.</summary>
    public const string Mirror = "mode=mirror&maxDeletes=100%25";

    public bool IsMirror => Creates == Mirror;

    public bool TakesIds => Kind is "delete" or "restore" or "erase";

    /// <param name="items">With the ids that their targets have.</param>
    public Task<Answer> SendAsync(RosterClient api, Item[] items, string query = "", string? key = null)
    {
        var format = TakesIds ? "application/json" : Format;
        var body = format switch
        {
            _ when TakesIds => JsonSerializer.Serialize(items.Select(item => item.Id!)),
            "text/csv" => $"id,{string.Join(',', Item.Columns)}\n" + string.Concat(items.Select(item => item.Csv + "\n")),
            "application/x-ndjson" => string.Join('\n', items.Select(item => item.Json)),
            _ => "[" + string.Join(',', items.Select(item => item.Json)) + "]",
        };
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new(format) } };
        var matchOn = MatchOn == "" ? "" : "&matchOn=" + MatchOn;
        return api.SendAsync(
            Kind switch { "put" => HttpMethod.Put, "delete" => HttpMethod.Delete, _ => HttpMethod.Post },
            $"{Path}{(Kind is "restore" or "erase" ? "/" + Kind : "")}?{query}{matchOn}&{Creates}", content,
            headers: [("Idempotency-Key", key)]);
    }
}
