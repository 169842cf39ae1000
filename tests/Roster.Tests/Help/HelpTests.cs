using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Roster.Server.Help;

namespace Roster.Tests.Help;

/// <summary>The pages of docs/, as the server shows them at /help.</summary>
public sealed partial class HelpTests(SqliteHost host)
{
    private const int MaxBytes = 8 << 20;

    /// <summary>The pages' paths below /help/.</summary>
    private static List<string> Pages => [.. Directory
        .GetFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(Path.Combine(Repository.Root, "docs"), file)[..^3]).Order(StringComparer.Ordinal)];

    [GeneratedRegex("(?:href|src)=\"([^\"]*)\"")]
    private static partial Regex Link();

    [GeneratedRegex("<li><a href=\"/help/([^\"#]+)\"")]
    private static partial Regex Listed();

    [GeneratedRegex("<h1[^>]*>(.+?)</h1>")]
    private static partial Regex Title();

    [Fact]
    public async Task The_list_has_every_page_and_each_is_shown_without_a_key()
    {
        var list = await GetAsync("/help");
        Assert.Equal(Pages, Listed().Matches(list.Text).Select(one => one.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));

        foreach (var path in Pages)
        {
            var page = await GetAsync("/help/" + path);
            var title = File.ReadLines(Path.Combine(Repository.Root, "docs", path + ".md")).First()[2..]
                .Replace("`", "", StringComparison.Ordinal);
            Assert.Equal((path, 200, "text/html"), (path, page.Status, page.ContentHeaders.ContentType!.MediaType));
            Assert.Equal(title, WebUtility.HtmlDecode(Regex.Replace(Title().Match(page.Text).Groups[1].Value, "<[^>]+>", "")));
            // The same list, with this page marked.
            Assert.Equal(Pages, Listed().Matches(page.Text).Select(one => one.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));
            Assert.Contains($"<a href=\"/help/{path}\" aria-current=\"page\">", page.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_list_is_sorted_by_what_a_reader_wants()
    {
        var list = await GetAsync("/help");

        Assert.Equal(
            ["Tutorial", "How-to", "Reference", "Explanation", "Decisions"],
            Regex.Matches(list.Text, "<h2 id=\"[a-z-]+\">(.+?)</h2>").Select(one => one.Groups[1].Value));
        Assert.Equal(
            ["tutorial", "how-to", "reference", "explanation", "decisions"],
            Listed().Matches(list.Text).Select(one => one.Groups[1].Value.Split('/')[0]).Distinct());
    }

    [Fact]
    public async Task Each_link_of_a_page_leads_to_a_page_or_a_picture_and_to_its_anchor()
    {
        var seen = new Dictionary<string, Answer>();
        var broken = new List<string>();
        foreach (var page in Pages.Select(path => "/help/" + path).Append("/help").Append("/help/decisions").Append("/errors"))
            foreach (var link in Link().Matches((await SeeAsync(page)).Text).Select(link => WebUtility.HtmlDecode(link.Groups[1].Value)))
            {
                var target = new Uri(new Uri(host.Address, page), link);
                if (target.Authority != host.Address.Authority)
                    continue;
                var answer = await SeeAsync(target.AbsolutePath);
                var isThere = answer.Status == 200 && (target.Fragment.Length == 0
                    || answer.Text.Contains($"id=\"{Uri.UnescapeDataString(target.Fragment[1..])}\"", StringComparison.Ordinal));
                if (!isThere)
                    broken.Add($"{page}: {link}");
            }
        Assert.Empty(broken);

        async Task<Answer> SeeAsync(string path) => seen.TryGetValue(path, out var answer) ? answer : seen[path] = await GetAsync(path);
    }

    [Fact]
    public async Task A_page_has_no_script_and_may_use_its_own_style_and_pictures_of_this_server_only()
    {
        foreach (var path in new[] { "/help", "/help/how-to/console", "/help/nothing", "/errors" })
        {
            var page = await GetAsync(path);
            var style = Regex.Match(page.Text, "(?s)<style>(.*?)</style>").Groups[1].Value;
            var hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)));
            Assert.Equal(
                "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; img-src 'self'; "
                + $"style-src 'sha256-{hash}'",
                page.Headers.GetValues("Content-Security-Policy").Single());
            Assert.DoesNotMatch("<script|<link| style=|<[^>]* on[a-z]+=|src=\"[^/]", page.Text);
        }
    }

    [Fact]
    public async Task The_pictures_of_pages_are_shown()
    {
        var page = await GetAsync("/help/how-to/console");
        var pictures = Regex.Matches(page.Text, "<img src=\"([^\"]+)\" alt=\"[^\"]+\"").Select(one => one.Groups[1].Value).ToList();

        Assert.NotEmpty(pictures);
        foreach (var path in pictures)
        {
            var picture = await GetAsync(path);
            Assert.Equal((200, "image/png"), (picture.Status, picture.ContentHeaders.ContentType!.MediaType));
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(Repository.Root, "docs", path["/help/".Length..])), picture.Body);
        }
    }

    [Theory]
    [InlineData("/help")]
    [InlineData("/help/reference/api")]
    [InlineData("/help/pictures/partners.png")]
    [InlineData("/errors")]
    public async Task A_browser_that_has_a_page_gets_304_and_HEAD_is_GET_without_the_body(string path)
    {
        var page = await GetAsync(path);
        var again = await host.WithKey(null).SendAsync(HttpMethod.Get, path, ifNoneMatch: page.Headers.ETag!.ToString());
        var head = await host.WithKey(null).SendAsync(HttpMethod.Head, path);

        Assert.True(page.Headers.CacheControl!.NoCache);
        Assert.Equal((304, 0), (again.Status, again.Body.Length));
        Assert.Equal((200, 0, page.ContentHeaders.ContentLength), (head.Status, head.Body.Length, head.ContentHeaders.ContentLength));
        Assert.Equal(page.Headers.ETag, head.Headers.ETag);
    }

    [Theory]
    [InlineData("/help/nothing", null)]
    [InlineData("/help/how-to", null)]
    [InlineData("/help/how-to/nothing.md", null)]
    [InlineData("/help/pictures/nothing.png", null)]
    [InlineData("/help/reference/nothing", "gzip")]
    [InlineData("/help/help.css", "br")]
    public async Task A_page_that_is_not_there_is_404_with_the_list(string path, string? encoding)
    {
        var page = await host.WithKey(null).SendAsync(HttpMethod.Get, path, acceptEncoding: encoding);

        Assert.Equal((404, "text/html"), (page.Status, page.ContentHeaders.ContentType!.MediaType));
        Assert.Equal(encoding, page.ContentHeaders.ContentEncoding.SingleOrDefault());
        if (encoding is not null)
            return;
        Assert.Equal("There is no such page", Title().Match(page.Text).Groups[1].Value);
        Assert.EndsWith("</html>\n", page.Text, StringComparison.Ordinal);
        Assert.Equal(Pages, Listed().Matches(page.Text).Select(one => one.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/help/", 200, null)]
    [InlineData("/help/reference/errors/", 200, null)]
    [InlineData("/help/reference/errors.md", 302, "/help/reference/errors")]
    public async Task A_page_is_found_with_a_slash_and_by_the_name_of_its_file(string path, int status, string? location)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = host.Address };

        using var answer = await http.GetAsync(path);

        Assert.Equal((status, location), ((int)answer.StatusCode, answer.Headers.Location?.OriginalString));
    }

    [Fact]
    public async Task The_front_page_names_the_pages_to_browsers_and_programs()
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = host.Address };
        foreach (var accept in new[] { "text/html", "*/*" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "Accept", accept } } };
            using var answer = await http.SendAsync(request);
            Assert.Equal(
                "</help>; rel=\"help\", </docs>; rel=\"service-doc\", </openapi/v1.json>; rel=\"service-desc\"",
                string.Join(", ", answer.Headers.GetValues("Link")));
        }
    }

    [Fact]
    public void A_build_that_knows_where_its_sources_are_links_to_them_and_another_leaves_the_words()
    {
        var with = Text(new HelpPages(isConsoleOn: true, "https://example.com/roster/"), "explanation/performance");
        var without = Text(new HelpPages(isConsoleOn: true, repository: null), "explanation/performance");

        Assert.Contains(
            "<a href=\"https://example.com/roster/blob/HEAD/bench/README.md\">bench/README.md</a>", with, StringComparison.Ordinal);
        Assert.Contains("bench/README.md", without, StringComparison.Ordinal);
        Assert.DoesNotContain("bench/README.md\"", without, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_without_a_console_has_no_link_to_it() => Assert.Equal(
        (true, false),
        (Text(new HelpPages(isConsoleOn: true, null), "").Contains("\"/console/\"", StringComparison.Ordinal),
            Text(new HelpPages(isConsoleOn: false, null), "").Contains("\"/console/\"", StringComparison.Ordinal)));

    [Fact]
    public void All_pages_together_take_less_memory_than_their_bound()
    {
        var pages = new HelpPages(isConsoleOn: true, repository: null);

        var bytes = pages.Paths.Sum(path => pages.Find(path)!.Bytes.Length);

        TestContext.Current.TestOutputHelper!.WriteLine($"{pages.Paths.Count()} pages and pictures, {bytes} bytes");
        Assert.InRange(bytes, 1, MaxBytes);
    }

    private static string Text(HelpPages pages, string path) => Encoding.UTF8.GetString(pages.Find(path)!.Bytes);

    private Task<Answer> GetAsync(string path) => host.WithKey(null).GetAsync(path);
}
