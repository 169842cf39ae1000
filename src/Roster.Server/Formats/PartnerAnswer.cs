using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.Net.Http.Headers;
using Roster.Changes;
using Roster.Partners;
using Roster.Server.Http;

namespace Roster.Server.Formats;

/// <summary>Answers with partners.</summary>
internal static class PartnerAnswer
{
    /// <summary>The answer to a write: its partners in order, the deleted or erased ids, or the changes.</summary>
    public static JsonAnswer Written(ChangePlan plan, IncludedFields include, bool wantsChanges, bool isDryRun)
    {
        if (wantsChanges)
            return JsonAnswer.Of(json => ChangeJson.WritePlan(json, plan, isDryRun), RequestBody.Changes);
        // Partners that a dry run would create have no id yet; they get the nil UUID.
        var unborn = isDryRun ? plan.Changes.Where(change => change.Before is null).Select(change => change.After.Id).ToHashSet() : [];
        return plan.Kind is ChangeKind.Delete or ChangeKind.Erase
            ? JsonAnswer.Of(json => WriteIds(json, plan))
            : JsonAnswer.OfBytes(buffer => WritePartners(buffer, unborn.Count == 0 ? plan.Answer : plan.Answer.Select(Unborn), include));

        Partner Unborn(Partner partner) => unborn.Contains(partner.Id) ? partner with { Id = Guid.Empty } : partner;
    }

    /// <summary>Sends a page. The partners are not held in memory while a slow client reads.</summary>
    public static Task PageAsync(HttpContext http, IReadOnlyList<Partner> partners, IncludedFields include) =>
        JsonAnswer.OfBytes(buffer => WritePartners(buffer, partners, include)).SendAsync(http);

    public static async Task OneAsync(HttpContext http, Partner partner, IncludedFields include)
    {
        // Weak, because the bytes also depend on the content encoding and the included fields.
        var tag = new EntityTagHeaderValue($"\"{partner.Revision}\"", isWeak: true);
        http.Response.GetTypedHeaders().ETag = tag;
        var known = http.Request.GetTypedHeaders().IfNoneMatch;
        if (known.Any(one => one.Equals(EntityTagHeaderValue.Any) || one.Compare(tag, useStrongComparison: false)))
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        await JsonAnswer.OfBytes(buffer =>
        {
            using var json = new PartnerJson(buffer, include);
            json.Write(partner);
        }).SendAsync(http);
    }

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static void WriteIds(Utf8JsonWriter json, ChangePlan plan)
    {
        json.WriteStartObject();
        json.WriteStartArray(plan.Kind == ChangeKind.Erase ? "erasedIds" : "deletedIds");
        foreach (var partner in plan.Answer)
            json.WriteStringValue(partner.Id);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePartners(IBufferWriter<byte> buffer, IEnumerable<Partner> partners, IncludedFields include)
    {
        using var json = new PartnerJson(buffer, include);
        json.WriteArray(partners);
    }
}
