using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;
using Roster.Server.Http;

namespace Roster.Server.Pages;

/// <summary>
/// GET /console/…: the pages for people. Every path that names no file is the one page, whose script shows what belongs
/// to the path.
/// </summary>
internal static class ConsolePages
{
    public const string Path = "/console/";

    public const string Route = "/console/{**path}";

    private const string Index = "index.html";

    /// <summary>Where index.html wants the nonce.</summary>
    private const string NoncePlace = "__NONCE__";

    /// <summary>Names in this folder have a hash of the content, so they never change.</summary>
    private const string Assets = "assets/";

    private const int NonceBytes = 18;

    private static readonly Lazy<IReadOnlyDictionary<string, ConsoleFile>> Files =
        new(() => ConsoleFile.ReadAll(typeof(ConsolePages).Assembly));

    /// <summary>Whether the pages were built with the server.</summary>
    internal static bool AreBuilt => Files.Value.ContainsKey(Index);

    public static Task Show(HttpContext http, string? path) =>
        http.Request.Path.StartsWithSegments("/console", out var rest) && rest.HasValue
            ? ShowAsync(http, path ?? "", Files.Value)
            : TypedResults.LocalRedirect(Path + http.Request.QueryString).ExecuteAsync(http);

    internal static Task ShowAsync(HttpContext http, string path, IReadOnlyDictionary<string, ConsoleFile> files)
    {
        if (!files.TryGetValue(Index, out var index))
            return ShowPageAsync(http, NotBuilt, SafeHeaders.Nothing);
        var isAsset = path.StartsWith(Assets, StringComparison.Ordinal);
        if (path != Index && files.TryGetValue(path, out var file))
            return SendAsync(http, file, isImmutable: isAsset);
        if (isAsset || (path != Index && System.IO.Path.HasExtension(path)))
            return Problem.NotFound.WriteAsync(http);
        var nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(NonceBytes));
        return ShowPageAsync(http, index.Text.Replace(NoncePlace, nonce, StringComparison.Ordinal), PolicyWith(nonce));
    }

    /// <summary>The page runs its own scripts, talks to this server only, and is shown in no frame.</summary>
    private static string PolicyWith(string nonce) =>
        $"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; connect-src 'self'; img-src 'self' data:; "
        + "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>Without an ETag: 304 would join a stored page and the nonce of a new policy.</summary>
    private static Task ShowPageAsync(HttpContext http, string html, string policy)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = policy;
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers.CacheControl = "no-cache";
        return TypedResults.Content(html, "text/html; charset=utf-8").ExecuteAsync(http);
    }

    private static Task SendAsync(HttpContext http, ConsoleFile file, bool isImmutable)
    {
        var headers = http.Response.Headers;
        headers.CacheControl = isImmutable ? "public, max-age=31536000, immutable" : "no-cache";
        headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        var form = file.FormFor(http.Request.GetTypedHeaders().AcceptEncoding);
        if (form.Encoding is { } encoding)
            headers.ContentEncoding = encoding;
        return TypedResults.Bytes(form.Bytes, file.ContentType, entityTag: form.Tag).ExecuteAsync(http);
    }

    private const string NotBuilt = """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>Roster: the console is not there</title></head><body>
        <h1>The console is not part of this build</h1>
        <p>This server was built without Node.js. To have the console, install Node.js 20.19 or newer with npm, build the
        server again, and start it. Nothing else is missing: the API works, and <a href="/docs">/docs</a> shows it.</p>
        <p lang="ar" dir="rtl">بُني هذا الخادم دون Node.js، لذلك لا توجد فيه صفحات الإدارة. ثبّت Node.js 20.19 أو أحدث مع npm،
        ثم أعد بناء الخادم وتشغيله. واجهة البرمجة تعمل كالمعتاد.</p>
        </body></html>
        """;
}
