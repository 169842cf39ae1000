using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;
using Roster.Clients.Kiota;
using Roster.Clients.Kiota.Api.Partners;
using Roster.Clients.Kiota.Models;

/// <summary>Kiota with its defaults.</summary>
internal static class KiotaScenario
{
    public static async IAsyncEnumerable<string> RunAsync(HttpClient http, LinkReader links)
    {
        using var adapter = new HttpClientRequestAdapter(new AnonymousAuthenticationProvider(), httpClient: http)
        {
            BaseUrl = http.BaseAddress!.ToString().TrimEnd('/'),
        };
        var partners = new RosterApi(adapter).Api.Partners;

        var created = await PutAsync(
            new PartnerInput { Name = "Ada Lovelace", Email = "ada@example.com", Phone = "+44 20 7946 0000" },
            new PartnerInput { Name = "Grace Hopper" }, new PartnerInput { Name = "Edith Clarke" });
        yield return $"created: {string.Join(", ", created.Select(Show))}";
        var ada = created[0].Id;

        yield return $"name changed: {Show((await PutAsync(new PartnerInput { Id = ada, Name = "Ada King" }))[0])}";

        var cleared = new PartnerInput { Id = ada };
        cleared.AdditionalData["email"] = null!;
        yield return $"email cleared: {Show((await PutAsync(cleared))[0])}";

        string fault;
        try
        {
            await PutAsync(new PartnerInput { Name = "Jean Bartik" }, new PartnerInput { Name = "Kay McNulty", Email = "kay" });
            fault = "none";
        }
        catch (Problem refused)
        {
            var details = refused.Details!.Select(one => $"{one.Index} {one.Field} {one.Code}");
            fault = $"{refused.Status} {refused.Code}, {string.Join(", ", details)}";
        }
        yield return $"fault: {fault}".ToLowerInvariant();

        var first = await PageAsync(null);
        var second = await PageAsync(links.NextCursor);
        yield return $"pages: {Names(first)} | {Names(second)} | {links.NextCursor ?? "end"}";

        static string Names(IEnumerable<PartnerThen> page) => string.Join(", ", page.Select(one => one.Name));

        async Task<List<Partner>> PutAsync(params PartnerInput[] items) => (await partners.PutAsync([.. items]))!;

        async Task<List<PartnerThen>> PageAsync(string? cursor) => (await partners.GetAsync(request =>
        {
            request.QueryParameters.Take = 2;
            request.QueryParameters.SortAsGetSortQueryParameterType = GetSortQueryParameterType.Asc;
            request.QueryParameters.Cursor = cursor;
        }))!;
    }

    private static string Show(Partner partner) => $"{partner.Name} {partner.Email ?? "-"} {partner.Phone ?? "-"}";
}
