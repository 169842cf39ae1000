using System.Text;

namespace Roster.Tests.Server;

/// <summary>What a hostile or broken client sends: each case with its exact status, and never a 5xx.</summary>
public abstract class HostileContract(RosterHost host)
{
    private static readonly string[] Values =
        ["0", "-1", "1.5", "1e400", "123456789012345678901234567890", "true", "false", "{}", "[]", "[[]]", "{\"a\":1}", "[\"a\"]"];

    private static readonly string[] TextFields = ["name", "email", "phone", "externalId"];

    private static readonly string[] IgnoredFields = ["createdAt", "updatedAt", "deletedAt", "revision"];

    private static List<(string What, string Body, int Status)> Bodies()
    {
        var cases = new List<(string, string, int)>();
        foreach (var value in Values)
        {
            cases.Add(("a value that is no array of partners", value, 400));
            cases.Add(("an item", $"[{value}]", 400));
            cases.Add(("an id", $$"""[{"name":"n","id":{{value}} }]""", 400));
            foreach (var field in TextFields)
                cases.Add((field, $"[{{{(field == "name" ? "" : "\"name\":\"n\",")}\"{field}\":{value}}}]", 400));
            foreach (var field in IgnoredFields)
                cases.Add((field, $$"""[{"name":"n","{{field}}":{{value}} }]""", 200));
        }
        foreach (var field in TextFields.Concat(IgnoredFields).Append("id"))
        {
            cases.Add(("capitals", $$"""[{"name":"n","{{field.ToUpperInvariant()}}":"x"}]""", 400));
            cases.Add(("twice", $$"""[{"{{field}}":null,"{{field}}":null}]""", 400));
            cases.Add(("a lone surrogate in the name", $$"""[{"name":"n","{{field}}\ud800":"x"}]""", 400));
        }
        foreach (var vector in JsonVectors.Accepted)
        {
            cases.Add(("accepted by RFC 8259, as body", vector, 400));
            cases.Add(("accepted by RFC 8259, as ignored value", $$"""[{"name":"n","createdAt":{{vector}} }]""", 200));
            cases.Add(("accepted by RFC 8259, as unknown value", $$"""[{"name":"n","x":{{vector}} }]""", 400));
        }
        foreach (var vector in JsonVectors.Rejected)
        {
            cases.Add(("rejected by RFC 8259, as body", vector, 400));
            cases.Add(("rejected by RFC 8259, as ignored value", $$"""[{"name":"n","createdAt":{{vector}} }]""", 400));
        }
        foreach (var depth in new[] { 60, 61, 62, 63, 64, 65, 1_000, 100_000 })
            cases.Add(($"depth {depth}", $$"""[{"name":"n","createdAt":{{new string('[', depth)}}{{new string(']', depth)}} }]""", depth <= 62 ? 200 : 400));
        return cases;
    }

    [Fact]
    public async Task Every_hostile_body_gets_its_exact_status()
    {
        var api = await host.NewWorkspaceAsync();
        var wrong = new List<string>();
        var bodies = Bodies();
        foreach (var (what, body, status) in bodies)
        {
            var answer = await api.PutAsync(Encoding.Latin1.GetBytes(body));
            if (answer.Status != status)
                wrong.Add($"{what}: {answer.Status} instead of {status} for {(body.Length > 200 ? body[..200] : body)}");
        }
        Assert.Empty(wrong);
        Assert.InRange(bodies.Count, 800, int.MaxValue);
    }

    [Fact]
    public async Task What_RFC_8259_rejects_is_said_to_be_malformed_and_what_it_accepts_is_not()
    {
        var api = await host.NewWorkspaceAsync();
        foreach (var vector in JsonVectors.Rejected)
            Assert.Equal("invalid_body", (await api.PutAsync(Encoding.Latin1.GetBytes($$"""[{"name":"n","x":{{vector}} }]"""))).Code);
        foreach (var vector in JsonVectors.Accepted)
            Assert.Equal("validation_failed", (await api.PutAsync(Encoding.Latin1.GetBytes($$"""[{"name":"n","x":{{vector}} }]"""))).Code);
    }
}

public sealed class HostileOnSqlite(SqliteHost host) : HostileContract(host);

public sealed class HostileOnPostgres(PostgresHost host) : HostileContract(host);
