using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.Net.Http.Headers;
using Roster.Changes;
using Roster.Server.Http;

namespace Roster.Server.Partners;

/// <summary>Answers with partners: written into pooled memory first, so that their length and time are known.</summary>
internal static class PartnerAnswer
{
    public static Task OkAsync(HttpContext http, ChangePlan plan, IncludedFields include, StageTimes times) =>
        WrittenAsync(http, plan, times, buffer => WritePartners(buffer, plan.Answer, include));

    public static Task CreatedAsync(HttpContext http, ChangePlan plan, IncludedFields include, StageTimes times)
    {
        http.Response.StatusCode = StatusCodes.Status201Created;
        return OkAsync(http, plan, include, times);
    }

    public static Task DeletedAsync(HttpContext http, ChangePlan plan, IncludedFields _, StageTimes times) =>
        WrittenAsync(http, plan, times, buffer =>
        {
            using var json = new Utf8JsonWriter(buffer);
            json.WriteStartObject();
            json.WriteStartArray("deletedIds");
            foreach (var partner in plan.Answer)
                json.WriteStringValue(partner.Id);
            json.WriteEndArray();
            json.WriteEndObject();
        });

    public static Task PageAsync(HttpContext http, IReadOnlyList<Partner> partners, IncludedFields include) =>
        JsonAnswer.SendAsync(http, buffer => WritePartners(buffer, partners, include), null);

    public static async Task OneAsync(HttpContext http, Partner partner, IncludedFields include)
    {
        // Weak: the bytes differ by content encoding and by what is included, the partner does not.
        var tag = new EntityTagHeaderValue($"\"{partner.Revision}\"", isWeak: true);
        http.Response.GetTypedHeaders().ETag = tag;
        var known = http.Request.GetTypedHeaders().IfNoneMatch;
        if (known.Any(one => one.Equals(EntityTagHeaderValue.Any) || one.Compare(tag, useStrongComparison: false)))
            http.Response.StatusCode = StatusCodes.Status304NotModified;
        else
            await JsonAnswer.SendAsync(http, buffer =>
            {
                using var json = new PartnerJson(buffer, include);
                json.Write(partner);
            }, null);
    }

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static Task WrittenAsync(HttpContext http, ChangePlan plan, StageTimes times, Action<IBufferWriter<byte>> write)
    {
        var headers = http.Response.Headers;
        headers["Roster-Revision"] = Number(plan.Revision.Number);
        headers["Roster-Created"] = Number(plan.Created);
        headers["Roster-Updated"] = Number(plan.Updated);
        headers["Roster-Unchanged"] = Number(plan.Unchanged);
        if (plan.Kind == ChangeKind.Delete)
            headers["Roster-Deleted"] = Number(plan.Deleted);
        if (plan.Kind == ChangeKind.Restore)
            headers["Roster-Restored"] = Number(plan.Restored);
        return JsonAnswer.SendAsync(http, write, times);
    }

    private static void WritePartners(IBufferWriter<byte> buffer, IReadOnlyList<Partner> partners, IncludedFields include)
    {
        using var json = new PartnerJson(buffer, include);
        json.WriteArray(partners);
    }
}
