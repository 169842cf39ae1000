using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Primitives;
using Roster.Changes;
using Roster.Server.Formats;
using Roster.Server.Http;

namespace Roster.Server.Writes;

/// <summary>What a caller asks of a write beside the change itself: to preview it, to be told what changes, to make sure of something.</summary>
/// <param name="IsDryRun">Nothing is to be written.</param>
/// <param name="WantsChanges">The answer is what changes, instead of the partners (<c>Prefer: return=changes</c>, RFC 7240).</param>
/// <param name="IfRevision">The only revision of the workspace on which it is to be carried out.</param>
/// <param name="IdempotencyKey">
/// Requests with the same key are the same request (draft-ietf-httpapi-idempotency-key-header); null where there is none, and for a
/// dry run, which can be repeated anyway.
/// </param>
internal sealed record WriteOptions(bool IsDryRun, bool WantsChanges, long? IfRevision, string? IdempotencyKey)
{
    public const string IfRevisionHeader = "If-Revision";
    public const string IdempotencyKeyHeader = "Idempotency-Key";
    public const int MaxIdempotencyKey = 255;

    private const string ReturnChanges = "return=changes";

    /// <summary>How many columns of CSV were passed over, where the caller asked for that.</summary>
    public int? IgnoredColumns { get; init; }

    /// <summary>Reads the parameter and the headers; what is wrong with them, <paramref name="parameters"/> says.</summary>
    public static WriteOptions Read(HttpRequest request, Parameters parameters)
    {
        var ifRevision = default(long?);
        if (request.Headers.TryGetValue(IfRevisionHeader, out var text))
        {
            if (text.Count == 1 && long.TryParse(text[0], NumberStyles.None, CultureInfo.InvariantCulture, out var revision))
                ifRevision = revision;
            else
                parameters.RejectHeader(IfRevisionHeader, "It is a revision, as Roster-Revision gave it.");
        }
        var key = default(string);
        if (request.Headers.TryGetValue(IdempotencyKeyHeader, out var keys))
        {
            key = keys.Count == 1 ? keys[0] : "";
            if (!IsKey(key))
                parameters.RejectHeader(IdempotencyKeyHeader, $"It has 1 to {MaxIdempotencyKey} printable ASCII characters.");
        }
        var isDryRun = parameters.Choice("dryRun", ("false", false), ("true", true));
        return new WriteOptions(isDryRun, Prefers(request.Headers["Prefer"]), ifRevision, isDryRun ? null : key);
    }

    public static bool IsKey(string? text) => text is { Length: > 0 and <= MaxIdempotencyKey } && text.All(c => c is >= ' ' and <= '~');

    public static byte[] HashOf(string key) => SHA256.HashData(Encoding.ASCII.GetBytes(key));

    /// <summary>What makes two requests the same: the call, all that changes its meaning, and the body.</summary>
    /// <param name="body">SHA-256 of the body; null where there is none.</param>
    public static byte[] Fingerprint(HttpRequest request, byte[]? body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in new[]
        {
            request.Method, request.Path.Value, request.QueryString.Value, request.ContentType,
            request.Headers["Prefer"].ToString(), request.Headers[IfRevisionHeader].ToString(),
        })
            hash.AppendData(Encoding.UTF8.GetBytes(part + "\n"));
        hash.AppendData(body ?? []);
        return hash.GetHashAndReset();
    }

    /// <summary>Says in the status and in headers what a write did, or would do.</summary>
    public void ShowOutcome(HttpContext http, ChangePlan plan)
    {
        if (plan.Kind == ChangeKind.Create && !IsDryRun)
            http.Response.StatusCode = StatusCodes.Status201Created;
        var headers = http.Response.Headers;
        headers["Roster-Revision"] = PartnerAnswer.Number(IsDryRun ? plan.End.Number : plan.Revision.Number);
        headers["Roster-Created"] = PartnerAnswer.Number(plan.Created);
        headers["Roster-Updated"] = PartnerAnswer.Number(plan.Updated);
        headers["Roster-Unchanged"] = PartnerAnswer.Number(plan.Unchanged);
        if (plan.Kind is ChangeKind.Delete or ChangeKind.Undo or ChangeKind.Mirror or ChangeKind.Erase)
            headers["Roster-Deleted"] = PartnerAnswer.Number(plan.Deleted);
        if (plan.Kind is ChangeKind.Restore or ChangeKind.Undo)
            headers["Roster-Restored"] = PartnerAnswer.Number(plan.Restored);
        Show(http.Response);
    }

    /// <summary>Says on the answer which preference was met, and what was passed over.</summary>
    private void Show(HttpResponse response)
    {
        if (WantsChanges)
            response.Headers["Preference-Applied"] = ReturnChanges;
        if (IgnoredColumns is { } columns)
            response.Headers["Roster-Ignored-Columns"] = columns.ToString(CultureInfo.InvariantCulture);
    }

    private static bool Prefers(StringValues preferences) => preferences.Any(header => header?.Split([',', ';'], StringSplitOptions.TrimEntries)
        .Contains(ReturnChanges, StringComparer.OrdinalIgnoreCase) == true);
}
