using Roster.Clients.NSwag;

/// <summary>
/// NSwag with its defaults, but for two options: members and parameters that may be absent are nullable and optional.
/// </summary>
internal static class NSwagScenario
{
    public static async IAsyncEnumerable<string> RunAsync(HttpClient http, LinkReader links)
    {
        var api = new RosterApi(http) { BaseUrl = http.BaseAddress!.ToString() };

        var created = await PutAsync(
            new PartnerInput { Name = "Ada Lovelace", Email = "ada@example.com", Phone = "+44 20 7946 0000" },
            new PartnerInput { Name = "Grace Hopper" }, new PartnerInput { Name = "Edith Clarke" });
        yield return $"created: {string.Join(", ", created.Select(Show))}";
        var ada = created[0].Id;

        yield return $"name changed: {Show((await PutAsync(new PartnerInput { Id = ada, Name = "Ada King" }))[0])}";

        var cleared = new PartnerInput { Id = ada };
        cleared.AdditionalProperties["email"] = null!;
        yield return $"email cleared: {Show((await PutAsync(cleared))[0])}";

        string fault;
        try
        {
            await PutAsync(new PartnerInput { Name = "Jean Bartik" }, new PartnerInput { Name = "Kay McNulty", Email = "kay" });
            fault = "none";
        }
        catch (ApiException<Problem> refused)
        {
            var details = refused.Result.Details.Select(one => $"{one.Index} {one.Field} {one.Code}");
            fault = $"{refused.Result.Status} {refused.Result.Code}, {string.Join(", ", details)}";
        }
        yield return $"fault: {fault}".ToLowerInvariant();

        var first = await PageAsync(null);
        var second = await PageAsync(links.NextCursor);
        yield return $"pages: {Names(first)} | {Names(second)} | {links.NextCursor ?? "end"}";

        static string Names(IEnumerable<PartnerThen> page) => string.Join(", ", page.Select(one => one.Name));

        async Task<List<Partner>> PutAsync(params PartnerInput[] items) =>
            [.. await api.UpsertPartnersAsync(body: items)];

        async Task<ICollection<PartnerThen>> PageAsync(string? cursor) =>
            await api.ListPartnersAsync(take: 2, sort: Sort.Asc, cursor: cursor);
    }

    private static string Show(Partner partner) => $"{partner.Name} {partner.Email ?? "-"} {partner.Phone ?? "-"}";
}
