using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Roster.Tests.Hosting;

/// <summary>
/// A real provider of OpenID Connect (tests/browser/provider.mjs), shared by a class's tests. Its client is the server of one test
/// at a time.
/// </summary>
public sealed partial class OpenIdHost : IDisposable
{
    public const string ClientId = "roster";
    public const string ClientSecret = "a secret: of %+/ signs";

    private readonly int _port = Ports.Free();
    private string _callback = "";
    private Process? _process;

    public Uri Issuer => new($"http://127.0.0.1:{_port}");

    [GeneratedRegex("action=\"([^\"]+)\"")]
    private static partial Regex Action();

    /// <summary>Serves this server from now on, as if it were new: it knows nobody and tells the truth.</summary>
    public async Task ServeAsync(Uri server)
    {
        _callback = new Uri(server, "/api/session/oidc/callback").ToString();
        if (_process is null)
            await StartAsync();
        else
            await ControlAsync($$"""{"accounts":{},"tamper":null,"inToken":false,"callback":{{JsonSerializer.Serialize(_callback)}}}""");
    }

    /// <summary>Starts it, with a new key.</summary>
    public async Task StartAsync()
    {
        if (!Directory.Exists(Path.Combine(Repository.Root, "tests/browser/node_modules/oidc-provider")))
            await Repository.RunAsync("tests/browser", "npm", "ci", "--no-audit", "--no-fund");
        var start = new ProcessStartInfo("node", ["provider.mjs", $"{_port}", _callback])
        {
            WorkingDirectory = Path.Combine(Repository.Root, "tests/browser"),
            RedirectStandardOutput = true,
            // It warns that it is not for production.
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _process.BeginErrorReadLine();
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
            if (line.StartsWith("http:", StringComparison.Ordinal))
                return;
        Assert.Fail("The provider did not start.");
    }

    public void Stop()
    {
        _process!.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Says what the provider knows of a person from now on.</summary>
    /// <param name="claims">Besides <c>sub</c>, as JSON.</param>
    public Task KnowsAsync(string login, string claims) => ControlAsync($$$"""{"accounts":{"{{{login}}}":{{{claims}}}}}""");

    /// <summary>Makes it lie about the next tokens; null for the truth.</summary>
    public Task TamperAsync(string? how) => ControlAsync($$"""{"tamper":{{JsonSerializer.Serialize(how)}}}""");

    public async Task ControlAsync(string json)
    {
        using var http = new HttpClient();
        using var content = new StringContent(json);
        (await http.PostAsync(new Uri(Issuer, "/control"), content)).EnsureSuccessStatusCode();
    }

    /// <summary>Signs in at the provider as a browser does.</summary>
    /// <param name="address">Of its sign-in page, with the client's parameters.</param>
    /// <returns>Where the provider sends the browser.</returns>
    public async Task<Uri> VisitAsync(Uri address, string login)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        using var http = new HttpClient(handler);
        var (at, form) = (address, default(Dictionary<string, string>?));
        for (var i = 0; i < 20; i++)
        {
            using var content = form is null ? null : new FormUrlEncodedContent(form);
            using var answer = form is null ? await http.GetAsync(at) : await http.PostAsync(at, content);
            if (answer.Headers.Location is { } next)
            {
                (at, form) = (new Uri(at, next), null);
                if (at.Authority != Issuer.Authority)
                    return at;
                continue;
            }
            var page = await answer.Content.ReadAsStringAsync();
            Assert.True(Action().Match(page) is { Success: true }, page);
            at = new Uri(at, Action().Match(page).Groups[1].Value);
            form = page.Contains("name=\"login\"", StringComparison.Ordinal)
                ? new() { ["prompt"] = "login", ["login"] = login, ["password"] = "any" } : new() { ["prompt"] = "consent" };
        }
        throw new InvalidOperationException("The provider goes round in circles.");
    }

    public void Dispose()
    {
        if (_process is not null)
            Stop();
    }
}
