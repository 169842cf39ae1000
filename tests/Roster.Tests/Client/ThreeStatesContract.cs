using System.Text.Json;
using System.Text.Json.Serialization;
using Newtonsoft.Json.Serialization;
using Roster.Client;
using JsonConvert = Newtonsoft.Json.JsonConvert;

namespace Roster.Tests.Client;

/// <summary>
/// Absent, null and a value stay apart on their way to the server, whichever serializer writes the items: absent never
/// becomes null.
/// </summary>
public abstract class ThreeStatesContract(RosterHost host)
{
    private static readonly JsonSerializerOptions Careless = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
    };

    private static readonly Newtonsoft.Json.JsonSerializerSettings CarelessToo = new()
    {
        NullValueHandling = Newtonsoft.Json.NullValueHandling.Include,
        DefaultValueHandling = Newtonsoft.Json.DefaultValueHandling.Include,
        ContractResolver = new CamelCasePropertyNamesContractResolver(),
    };

    private static readonly Dictionary<string, Serializer> Serializers =
        new()
        {
            ["ours"] = new(
                items => $"[{string.Join(',', items.Select(item =>
                    JsonSerializer.Serialize(item, RosterJson.Options.GetTypeInfo(typeof(PartnerWrite)))))}]",
                json => [.. JsonDocument.Parse(json).RootElement.EnumerateArray().Select(one =>
                    (PartnerWrite)one.Deserialize(RosterJson.Options.GetTypeInfo(typeof(PartnerWrite)))!)]),
            ["System.Text.Json"] = new(
                items => JsonSerializer.Serialize(items), json => JsonSerializer.Deserialize<List<PartnerWrite>>(json)!),
            ["System.Text.Json, careless"] = new(
                items => JsonSerializer.Serialize(items, Careless),
                json => JsonSerializer.Deserialize<List<PartnerWrite>>(json, Careless)!),
            ["Newtonsoft"] = new(
                items => JsonConvert.SerializeObject(items), json => JsonConvert.DeserializeObject<List<PartnerWrite>>(json)!),
            ["Newtonsoft, careless"] = new(
                items => JsonConvert.SerializeObject(items, CarelessToo),
                json => JsonConvert.DeserializeObject<List<PartnerWrite>>(json, CarelessToo)!),
        };

    public static TheoryData<string> Names => [.. Serializers.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task What_is_absent_stays_null_clears_and_a_value_is_set(string serializer)
    {
        var api = await host.NewWorkspaceAsync();
        var full = new PartnerWrite
        {
            Name = "Ada",
            Email = "ada@example.com",
            Phone = "1",
            ExternalId = "a",
            Tags = new[] { "gold", "new" },
            Metadata = new Dictionary<string, string?> { ["region"] = "emea", ["seats"] = "25" },
        };
        var (write, read) = Serializers[serializer];
        var id = Guid.Parse((await api.PutAsync(write([full]))).Ids[0]);

        var kept = await api.PutAsync(write([new() { Id = id }]));
        Assert.Equal((0, 0, 1), kept.Counts);

        var items = new List<PartnerWrite>
        {
            new()
            {
                Id = id,
                Email = null,
                Phone = "2",
                Tags = null,
                Metadata = new Dictionary<string, string?> { ["region"] = null, ["seats"] = "30" },
            },
        };
        var changed = (await api.PutAsync(write(items))).Items[0];

        Assert.Equal(JsonValueKind.Null, changed.GetProperty("email").ValueKind);
        Assert.Equal(("Ada", "2", "a"), (
            changed.GetProperty("name").GetString(), changed.GetProperty("phone").GetString(),
            changed.GetProperty("externalId").GetString()));
        Assert.False(changed.TryGetProperty("tags", out _));
        Assert.Equal("""{"seats":"30"}""", changed.GetProperty("metadata").GetRawText());
        // What was written can be read, and is the same.
        Assert.Equal(write(items), write(read(write(items))));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_value_that_was_never_set_is_not_written(string serializer) =>
        Assert.Equal("[{}]", string.Concat(Serializers[serializer].Write([new()]).Where(c => !char.IsWhiteSpace(c))));

    [Fact]
    public void An_absent_value_in_a_type_of_the_callers_own_is_an_error_and_not_null() =>
        Assert.Throws<JsonException>(() => JsonSerializer.Serialize(new { Email = default(Optional<string>) }));

    private sealed record Serializer(Func<List<PartnerWrite>, string> Write, Func<string, List<PartnerWrite>> Read);
}

public sealed class ThreeStatesOnSqlite(SqliteHost host) : ThreeStatesContract(host);

public sealed class ThreeStatesOnPostgres(PostgresHost host) : ThreeStatesContract(host);
