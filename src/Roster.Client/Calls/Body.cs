namespace Roster.Client;

/// <summary>Bodies of requests.</summary>
internal static class Body
{
    public static Func<Action, HttpContent> Json(byte[] json) => sent => SentBody.Of(json, "application/json", sent);
}
