using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Roster.Server.Pages;

namespace Roster.Tests.Server;

/// <summary>How the console's pages are served.</summary>
public sealed partial class ConsolePagesTests(SqliteHost host)
{
    [GeneratedRegex("src=\"/console/(assets/[^\"]+\\.js)\"")]
    private static partial Regex Script();

    [Fact]
    public async Task The_page_runs_its_own_scripts_talks_to_its_server_and_is_framed_by_nobody()
    {
        var page = await PageAsync("/console/");

        Assert.Equal((200, "text/html"), (page.Status, page.ContentHeaders.ContentType!.MediaType));
        Assert.Equal(
            $"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{Nonce(page)}'; connect-src 'self'; img-src 'self' data:; "
            + "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            page.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("no-referrer", page.Headers.GetValues("Referrer-Policy").Single());
        Assert.Equal("same-origin", page.Headers.GetValues("Cross-Origin-Opener-Policy").Single());
        Assert.Equal("nosniff", page.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.True(page.Headers.CacheControl!.NoCache);
        Assert.DoesNotMatch(@"<script(?![^>]*\bsrc=)|\son[a-z]+=", page.Text);
        Assert.DoesNotContain("://", Regex.Replace(page.Text, "xmlns=\"[^\"]*\"", ""), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_answer_has_a_nonce_of_its_own()
    {
        var nonces = new HashSet<string>();
        for (var i = 0; i < 20; i++)
        {
            var page = await PageAsync("/console/");
            Assert.Contains($"content=\"{Nonce(page)}\"", page.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("__NONCE__", page.Text, StringComparison.Ordinal);
            Assert.True(Convert.FromBase64String(Nonce(page)).Length >= 16);
            nonces.Add(Nonce(page));
        }
        Assert.Equal(20, nonces.Count);
    }

    [Theory]
    [InlineData("/console/partners")]
    [InlineData("/console/partners/0199a1f0-0000-7000-8000-000000000000/history")]
    [InlineData("/console/changes?actor=x.js")]
    [InlineData("/console/index.html")]
    public async Task Every_path_that_names_no_file_is_the_one_page(string path)
    {
        var page = await PageAsync(path);

        Assert.Equal(200, page.Status);
        Assert.Contains($"content=\"{Nonce(page)}\"", page.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/console/assets/nothing-0123.js")]
    [InlineData("/console/assets/")]
    [InlineData("/console/nothing.js")]
    [InlineData("/console/assets/%2e%2e%2findex.html")]
    public async Task A_file_that_is_not_there_is_404(string path) => Assert.Equal(404, (await PageAsync(path)).Status);

    [Theory]
    [InlineData("br, gzip", "br")]
    [InlineData("gzip, deflate, br, zstd", "br")]
    [InlineData("gzip", "gzip")]
    [InlineData("br;q=0.1, gzip;q=0.5", "gzip")]
    [InlineData("*", "br")]
    [InlineData("br;q=0, identity", null)]
    [InlineData(null, null)]
    public async Task A_script_is_sent_as_the_browser_accepts_it(string? accepted, string? encoding)
    {
        var script = await ScriptAsync();
        var plain = await PageAsync(script);

        var answer = await PageAsync(script, accepted);

        Assert.Equal(encoding, answer.ContentHeaders.ContentEncoding.SingleOrDefault());
        Assert.Equal(plain.Body, Opened(answer));
        Assert.Equal("text/javascript", answer.ContentHeaders.ContentType!.MediaType);
        Assert.Contains("Accept-Encoding", answer.Headers.Vary);
        Assert.Equal("public, max-age=31536000, immutable", Written(answer));
        Assert.Equal(encoding is not null, answer.Body.Length < plain.Body.Length);
        Assert.Equal(encoding is null, answer.Headers.ETag!.Tag == plain.Headers.ETag!.Tag);
    }

    [Fact]
    public async Task A_browser_that_has_a_script_gets_304()
    {
        var script = await ScriptAsync();
        var tag = (await PageAsync(script, "br")).Headers.ETag!.ToString();

        var again = await host.WithKey(null).SendAsync(HttpMethod.Get, script, ifNoneMatch: tag, acceptEncoding: "br");
        var other = await host.WithKey(null).SendAsync(HttpMethod.Get, script, ifNoneMatch: tag, acceptEncoding: "gzip");

        Assert.Equal((304, 0, "public, max-age=31536000, immutable"), (again.Status, again.Body.Length, Written(again)));
        Assert.Equal(200, other.Status);
    }

    [Fact]
    public async Task HEAD_is_GET_without_the_body()
    {
        foreach (var path in new[] { "/console/", await ScriptAsync() })
        {
            var get = await PageAsync(path);
            var head = await host.WithKey(null).SendAsync(HttpMethod.Head, path);
            Assert.Equal((200, 0), (head.Status, head.Body.Length));
            Assert.Equal(get.ContentHeaders.ContentLength, head.ContentHeaders.ContentLength);
            Assert.Equal(get.Headers.ETag, head.Headers.ETag);
        }
    }

    [Fact]
    public async Task The_path_without_its_slash_leads_to_the_page()
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = host.Address };

        using var answer = await http.GetAsync("/console?lang=ar");

        Assert.Equal((HttpStatusCode.Redirect, "/console/?lang=ar"), (answer.StatusCode, answer.Headers.Location?.OriginalString));
    }

    [Fact]
    public async Task Switched_off_there_is_no_console_and_the_front_page_leads_to_the_docs()
    {
        await using var own = await host.AnotherAsync(settings => settings with { IsConsoleOn = false });
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = own.Address };
        http.DefaultRequestHeaders.Accept.ParseAdd("text/html");

        using var front = await http.GetAsync("/");

        Assert.Equal("/docs", front.Headers.Location?.OriginalString);
        foreach (var path in new[] { "/console", "/console/", "/console/partners" })
            Assert.Equal(404, (int)(await http.GetAsync(path)).StatusCode);
    }

    [Fact]
    public async Task A_build_without_the_pages_says_how_to_get_them()
    {
        var files = ConsoleFile.ReadAll(typeof(ConsolePagesTests).Assembly);
        using var body = new MemoryStream();
        await using var services = new ServiceCollection().AddLogging().BuildServiceProvider();
        var http = new DefaultHttpContext { RequestServices = services, Response = { Body = body } };

        await ConsolePages.ShowAsync(http, "partners", files);

        var text = Encoding.UTF8.GetString(body.ToArray());
        Assert.Equal((200, "text/html; charset=utf-8"), (http.Response.StatusCode, http.Response.ContentType));
        Assert.Contains("Node.js 20", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", text, StringComparison.Ordinal);
    }

    private async Task<Answer> PageAsync(string path, string? acceptEncoding = null)
    {
        Assert.SkipUnless(ConsolePages.AreBuilt, "The pages were not built: Node.js or src/Roster.Console is missing.");
        return await host.WithKey(null).SendAsync(HttpMethod.Get, path, acceptEncoding: acceptEncoding);
    }

    private async Task<string> ScriptAsync() => "/console/" + Script().Match((await PageAsync("/console/")).Text).Groups[1].Value;

    private static string Nonce(Answer page) =>
        Regex.Match(page.Headers.GetValues("Content-Security-Policy").Single(), "'nonce-([^']+)'").Groups[1].Value;

    /// <summary>Cache-Control as it came: the parsed header has another order.</summary>
    private static string Written(Answer answer) => answer.Headers.NonValidated["Cache-Control"].ToString();

    private static byte[] Opened(Answer answer)
    {
        using var body = new MemoryStream(answer.Body);
        using Stream open = answer.ContentHeaders.ContentEncoding.SingleOrDefault() switch
        {
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            _ => body,
        };
        using var bytes = new MemoryStream();
        open.CopyTo(bytes);
        return bytes.ToArray();
    }
}
