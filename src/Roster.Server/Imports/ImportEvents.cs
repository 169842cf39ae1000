using System.Globalization;
using System.Text;
using System.Text.Json;
using Roster.Imports;
using Roster.Server.Formats;
using Roster.Server.Http;

namespace Roster.Server.Imports;

/// <summary>
/// GET /api/imports/{id}/events: an import's steps as server-sent events (html.spec.whatwg.org, section 9.2). Each has the
/// step as its id, and the import as its data; <c>Last-Event-ID</c> resumes after a step.
/// </summary>
internal static class ImportEvents
{
    /// <summary>Between comments, which keep proxies from closing a quiet connection.</summary>
    private static readonly TimeSpan CommentAfter = TimeSpan.FromSeconds(15);

    /// <summary>A stream ends after this time, and when nothing is left to do; clients that want more come again.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    public static async Task SendAsync(
        HttpContext http, string id, IRosterStore store, StoredImports imports, ImportWatch watch, TimeProvider clock)
    {
        var parameters = new Parameters(http.Request);
        var known = 0L;
        if (http.Request.Headers.TryGetValue("Last-Event-ID", out var last)
            && !long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out known))
            parameters.RejectHeader("Last-Event-ID", "It is the id of an event, a step.");
        if (await parameters.RefuseAsync(http) || await ImportEndpoints.FindAsync(http, id, imports) is not { } import)
            return;
        using var place = watch.Enter(import.WorkspaceId);
        if (place is null)
        {
            await Problem.TooManyWaiting.WriteAsync(http);
            return;
        }
        var actors = await Actors.OfAsync(http, store, import.KeyId);
        http.Response.ContentType = "text/event-stream; charset=utf-8";
        http.Response.Headers.CacheControl = "no-store";
        // nginx would hold events back.
        http.Response.Headers["X-Accel-Buffering"] = "no";
        if (HttpMethods.IsHead(http.Request.Method))
            return;
        for (var begun = clock.GetTimestamp(); clock.GetElapsedTime(begun) < Longest;)
        {
            if (import.Step > known)
            {
                known = import.Step;
                await WriteAsync(http, $"id: {known}\nevent: import\ndata: {JsonOf(import, actors)}\n\n");
            }
            if (import.Work is null)
                return;
            if (await watch.NextAsync(import, known, CommentAfter, http.RequestAborted) is { } next)
                import = next;
            else
                await WriteAsync(http, ": waiting\n\n");
        }
    }

    private static async Task WriteAsync(HttpContext http, string text)
    {
        await http.Response.WriteAsync(text, http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }

    /// <summary>On one line, as an event's data must be.</summary>
    private static string JsonOf(Import import, Actors actors)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
            ImportAnswer.Write(json, import, actors, null);
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }
}
