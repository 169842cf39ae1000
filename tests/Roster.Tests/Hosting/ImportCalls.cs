using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Roster.Tests.Hosting;

/// <summary>Imports as an integrator would use them.</summary>
internal static class ImportCalls
{
    public const string Path = "/api/imports";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly string[] Changes = ["created", "updated", "unchanged", "deleted", "faulty", "skipped"];

    public static Task<Answer> UploadAsync(
        this RosterClient api, byte[] file, string? type = "text/csv", string name = "people.csv", string? digest = null)
    {
        var content = new ByteArrayContent(file);
        if (type is not null)
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return api.SendAsync(HttpMethod.Post, $"{Path}?filename={name}", content, headers: [("Content-Digest", digest)]);
    }

    /// <summary>Uploads a CSV file and sets how it is imported.</summary>
    /// <returns>The import's id.</returns>
    public static async Task<string> NewImportAsync(this RosterClient api, string csv, string? settings = null)
    {
        var sent = await api.UploadAsync(Encoding.UTF8.GetBytes(csv));
        Assert.True(sent.Status == 201, sent.Text);
        var id = sent.Json.GetProperty("id").GetString()!;
        if (settings is not null)
        {
            var set = await api.ChangeImportAsync(id, settings);
            Assert.True(set.Status == 200, set.Text);
        }
        return id;
    }

    public static Task<Answer> ChangeImportAsync(this RosterClient api, string id, string json) =>
        api.SendAsync(HttpMethod.Patch, $"{Path}/{id}", new StringContent(json, Encoding.UTF8, "application/json"));

    public static Task<Answer> MendAsync(this RosterClient api, string id, string json) =>
        api.SendAsync(HttpMethod.Patch, $"{Path}/{id}/rows", new StringContent(json, Encoding.UTF8, "application/json"));

    /// <summary>Mends rows, and waits for the new plan.</summary>
    public static async Task<JsonElement> MendedAsync(this RosterClient api, string id, string json) =>
        await api.AcceptedAsync(id, await api.MendAsync(id, json));

    public static async Task<JsonElement> ImportAsync(this RosterClient api, string id)
    {
        var answer = await api.GetAsync($"{Path}/{id}");
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Json;
    }

    /// <summary>Waits until no server works on the import.</summary>
    public static async Task<JsonElement> SettledAsync(this RosterClient api, string id)
    {
        var start = TimeProvider.System.GetTimestamp();
        for (var looks = 1; ; looks++)
        {
            var import = await api.ImportAsync(id);
            if (import.GetProperty("work").ValueKind == JsonValueKind.Null)
                return import;
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience, $"It is still at work: {import}");
            await Task.Delay(Math.Min(10 * looks, 250));
        }
    }

    /// <summary>Plans an import to its end.</summary>
    public static async Task<JsonElement> PlannedAsync(this RosterClient api, string id)
    {
        var import = await api.AcceptedAsync(id, await api.PostAsync("", $"{Path}/{id}/plan"));
        Assert.True(import.State() == "planned", $"{import}");
        return import;
    }

    /// <summary>Uploads a CSV file and plans it.</summary>
    public static async Task<(string Id, JsonElement Import)> NewPlanAsync(this RosterClient api, string csv, string? settings = null)
    {
        var id = await api.NewImportAsync(csv, settings);
        return (id, await api.PlannedAsync(id));
    }

    /// <summary>Asks to apply what is planned.</summary>
    public static async Task<Answer> ApplyAsync(this RosterClient api, string id, string query = "")
    {
        var counts = (await api.ImportAsync(id)).GetProperty("counts");
        int Of(string name) => counts.GetProperty(name).GetInt32();
        return await api.PostAsync(
            $$"""{"created":{{Of("created")}},"updated":{{Of("updated")}},"deleted":{{Of("deleted")}}}""", $"{Path}/{id}/apply{query}");
    }

    /// <summary>Applies what is planned, to its end.</summary>
    public static async Task<JsonElement> AppliedAsync(this RosterClient api, string id, string query = "") =>
        await api.AcceptedAsync(id, await api.ApplyAsync(id, query));

    public static async Task<JsonElement> UndoneAsync(this RosterClient api, string id, string query = "") =>
        await api.AcceptedAsync(id, await api.PostAsync("", $"{Path}/{id}/undo{query}"));

    /// <summary>Rows as <c>line change code|code</c>; the line of a deleted partner is -.</summary>
    public static async Task<IReadOnlyList<string>> RowsAsync(this RosterClient api, string id, string query = "")
    {
        var answer = await api.GetAsync($"{Path}/{id}/rows{query}");
        Assert.True(answer.Status == 200, answer.Text);
        return [.. answer.Json.EnumerateArray().Select(RowText)];
    }

    public static string State(this JsonElement import) => import.GetProperty("state").GetString()!;

    public static string? Reason(this JsonElement import) =>
        import.GetProperty("reason") is { ValueKind: JsonValueKind.Object } reason ? reason.GetProperty("code").GetString() : null;

    /// <summary>Created, updated, unchanged, deleted, faulty and skipped rows.</summary>
    public static string Counts(this JsonElement import) =>
        string.Join(' ', Changes.Select(name => import.GetProperty("counts").GetProperty(name).GetInt64()));

    public static IReadOnlyList<long> Revisions(this JsonElement import) =>
        [.. import.GetProperty("revisions").EnumerateArray().Select(one => one.GetInt64())];

    public static string Digest(byte[] file) => $"sha-256=:{Convert.ToBase64String(SHA256.HashData(file))}:";

    /// <summary>A CSV file of many partners, with lines from 2.</summary>
    public static string Many(int from, int count, string phone = "1") =>
        "externalId,name,phone\n" + string.Concat(Enumerable.Range(from, count)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"x{i},Name {i},{phone}\n")));

    private static string RowText(JsonElement row)
    {
        var line = row.GetProperty("line");
        var codes = row.GetProperty("faults").EnumerateArray().Select(fault => fault.GetProperty("code").GetString());
        var place = line.ValueKind == JsonValueKind.Null ? "-" : line.GetRawText();
        return $"{place} {row.GetProperty("change").GetString()} {string.Join('|', codes)}".TrimEnd();
    }

    private static async Task<JsonElement> AcceptedAsync(this RosterClient api, string id, Answer answer)
    {
        Assert.True(answer.Status == 202, answer.Text);
        return await api.SettledAsync(id);
    }
}
