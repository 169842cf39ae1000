using System.Text.Json;
using Roster.Partners;

namespace Roster.Tests.Server;

/// <summary>Real data: 10,251 names of universities in many scripts.</summary>
public abstract class UniversitiesContract(RosterHost host)
{
    [Fact]
    public async Task Ten_thousand_universities_are_created_updated_left_alone_and_found()
    {
        var api = await host.NewWorkspaceAsync();
        var all = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(AppContext.BaseDirectory, "data", "universities.json")))
            .RootElement.EnumerateArray().ToList();
        Assert.Equal(10_251, all.Count);

        var created = new List<JsonElement>();
        foreach (var part in all.Chunk(PartnerRules.MaxItems))
        {
            var answer = await api.PutAsync(JsonSerializer.SerializeToUtf8Bytes(part));
            Assert.Equal((part.Length, 0, 0), answer.Counts);
            created.AddRange(answer.Items);
        }
        Assert.Equal(Names(all), Names(created));

        var updated = new List<JsonElement>();
        foreach (var part in created.Chunk(PartnerRules.MaxItems))
        {
            var answer = await api.PutAsync(JsonSerializer.SerializeToUtf8Bytes(
                part.Select(partner => new { id = partner.GetProperty("id").GetString(), phone = "+1 555 0100" })));
            Assert.Equal((0, part.Length, 0), answer.Counts);
            updated.AddRange(answer.Items);
        }
        Assert.Equal(Names(all), Names(updated));

        var again = await api.PutAsync(JsonSerializer.SerializeToUtf8Bytes(updated.Take(PartnerRules.MaxItems)));
        Assert.Equal((0, 0, 10_000), again.Counts);
        Assert.Equal(4, again.Revision);

        // The same result as with ICU's collation, which is independent of our folding.
        var compare = System.Globalization.CultureInfo.InvariantCulture.CompareInfo;
        foreach (var q in new[] { "universite", "UNIVERSITÉ", "sao paulo", "nolog", "federal", "münchen", "ç", "of t" })
        {
            var found = await api.GetAsync($"/api/partners?take=1&count=true&q={Uri.EscapeDataString(q)}");
            Assert.Equal(
                all.Count(one => Has(one.GetProperty("name").GetString()!, q) || Has(one.GetProperty("email").GetString()!, q)),
                found.Count("Roster-Total"));
        }

        bool Has(string text, string q) => compare.IndexOf(
            text, q, System.Globalization.CompareOptions.IgnoreCase | System.Globalization.CompareOptions.IgnoreNonSpace) >= 0;

        static IEnumerable<string?> Names(IEnumerable<JsonElement> partners) =>
            partners.Select(partner => partner.GetProperty("name").GetString());
    }
}

public sealed class UniversitiesOnSqlite(SqliteHost host) : UniversitiesContract(host);

public sealed class UniversitiesOnPostgres(PostgresHost host) : UniversitiesContract(host);

public sealed class UniversitiesOnPgBouncer(PgBouncerHost host) : UniversitiesContract(host);
