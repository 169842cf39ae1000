namespace Roster.Tests.Hosting;

/// <summary>A browser that is signed in: it sends the session's cookie, and with each write what the console's pages send.</summary>
internal sealed class ConsoleClient(RosterClient browser, Answer begun)
{
    /// <summary>The answer to the sign-in.</summary>
    public Answer Begun => begun;

    /// <summary>The cookie as <c>name=value</c>.</summary>
    public string Cookie => CookieOf(begun);

    public string Secret => Cookie.Split('=', 2)[1];

    public string Id => begun.Json.GetProperty("id").GetString()!;

    /// <summary>The id of the session's key.</summary>
    public string KeyId => begun.Json.GetProperty("actor").GetProperty("id").GetString()!;

    /// <summary>The header Set-Cookie.</summary>
    public static string SetCookieOf(Answer answer) => answer.Headers.GetValues("Set-Cookie").Single();

    public static string CookieOf(Answer answer) => SetCookieOf(answer).Split(';')[0];

    /// <summary>Signs in with a key.</summary>
    /// <param name="browser">Without a key.</param>
    public static async Task<ConsoleClient> ByKeyAsync(RosterClient browser, string key)
    {
        var begun = await browser.SendAsync(HttpMethod.Post, "/api/session", authorization: $"Bearer {key}", headers: browser.OwnPage);
        Assert.True(begun.Status == 201, begun.Text);
        return new ConsoleClient(browser, begun);
    }

    /// <summary>Exchanges a link.</summary>
    /// <param name="browser">Without a key.</param>
    /// <param name="link">The whole link, or its token.</param>
    public static Task<Answer> OpenAsync(RosterClient browser, string link) => browser.SendAsync(
        HttpMethod.Post, "/api/session", Json($$"""{"link":"{{link.Split("#link=")[^1]}}"}"""), headers: browser.OwnPage);

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path, headers: []);

    public Task<Answer> PostAsync(string path, string json) => SendAsync(HttpMethod.Post, path, Json(json));

    public Task<Answer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path);

    /// <param name="headers">Besides the cookie; those of the console's own pages if omitted.</param>
    public Task<Answer> SendAsync(
        HttpMethod method, string path, HttpContent? content = null, IEnumerable<(string, string?)>? headers = null) =>
        browser.SendAsync(method, path, content, headers: [("Cookie", Cookie), .. headers ?? browser.OwnPage]);

    private static StringContent Json(string json) => new(json, System.Text.Encoding.UTF8, "application/json");
}
