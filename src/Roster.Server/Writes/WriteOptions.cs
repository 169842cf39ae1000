using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Primitives;
using Roster.Changes;
using Roster.Server.Formats;
using Roster.Server.Http;

namespace Roster.Server.Writes;

/// <summary>A caller's options of a write: to preview it, to get the changes as the answer, and conditions.</summary>
/// <param name="IsDryRun">Whether nothing is written.</param>
/// <param name="WantsChanges">
/// Whether the answer shows the changes instead of the partners (<c>Prefer: return=changes</c>, RFC 7240).
/// </param>
/// <param name="IfRevision">If set, the newest revision that the workspace must have.</param>
/// <param name="IdempotencyKey">
/// Requests with the same key are the same request (draft-ietf-httpapi-idempotency-key-header). Null if there is no
/// key, and for a dry run, which can be repeated anyway.
/// </param>
internal sealed record WriteOptions(bool IsDryRun, bool WantsChanges, long? IfRevision, string? IdempotencyKey)
{
    public const string IfRevisionHeader = "If-Revision";
    public const string IdempotencyKeyHeader = "Idempotency-Key";
    public const int MaxIdempotencyKey = 255;

    private const string ReturnChanges = "return=changes";

    /// <summary>Number of ignored CSV columns, if the caller asked to ignore unknown ones.</summary>
    public int? IgnoredColumns { get; init; }

    /// <summary>Reads the parameter and the headers, and reports faults to <paramref name="parameters"/>.</summary>
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

    /// <summary>
    /// A hash of everything that makes two requests the same: the call, its parameters and headers, and the body.
    /// </summary>
    /// <param name="body">SHA-256 of the body, or null.</param>
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

    /// <summary>Shows the effect of a write, or of a dry run, in the status and headers.</summary>
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

    /// <summary>Shows the applied preference and the number of ignored columns.</summary>
    private void Show(HttpResponse response)
    {
        if (WantsChanges)
            response.Headers["Preference-Applied"] = ReturnChanges;
        if (IgnoredColumns is { } columns)
            response.Headers["Roster-Ignored-Columns"] = columns.ToString(CultureInfo.InvariantCulture);
    }

    private static bool Prefers(StringValues preferences) => preferences.Any(header =>
        header?.Split([',', ';'], StringSplitOptions.TrimEntries).Contains(ReturnChanges, StringComparer.OrdinalIgnoreCase) == true);
}
