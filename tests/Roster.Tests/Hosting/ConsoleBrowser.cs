using Microsoft.Playwright;

namespace Roster.Tests.Hosting;

/// <summary>Debian's Chromium, started once for all tests of the console.</summary>
public sealed class ConsoleBrowser : IAsyncDisposable
{
    private static readonly string Chromium = Environment.GetEnvironmentVariable("ROSTER_TEST_CHROMIUM") ?? "/usr/bin/chromium";

    private readonly SemaphoreSlim _one = new(1, 1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Opens a page of the console as a new visitor, with nothing kept from other tests.</summary>
    /// <param name="path">Below <c>/console</c>, such as <c>/partners</c>; may have a fragment.</param>
    /// <param name="key">Signs in with this key first; null to come as a stranger.</param>
    internal async Task<ConsolePage> OpenAsync(
        Uri server, string path, string? key, string locale = "en-GB", ColorScheme theme = ColorScheme.Light, int width = 1_440,
        string timeZone = "UTC")
    {
        var context = await (await StartAsync()).NewContextAsync(new BrowserNewContextOptions
        {
            Locale = locale,
            TimezoneId = timeZone,
            ColorScheme = theme,
            ViewportSize = new ViewportSize { Width = width, Height = 900 },
            Permissions = ["clipboard-read", "clipboard-write"],
        });
        context.SetDefaultTimeout(30_000);
        Assertions.SetDefaultExpectTimeout(30_000);
        var console = await ConsolePage.StartAsync(context, server);
        if (key is not null)
            await console.SignInAsync(key);
        else
            // The page asks who is there, perhaps before this method returns.
            console.ExpectedStatuses.Add(401);
        await console.GoAsync(path);
        return console;
    }

    private async Task<IBrowser> StartAsync()
    {
        Assert.SkipUnless(File.Exists(Chromium), $"Chromium is not at {Chromium}; test.sh installs it.");
        await _one.WaitAsync();
        try
        {
            _playwright ??= await Playwright.CreateAsync();
            return _browser ??= await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
            {
                ExecutablePath = Chromium,
                Args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"],
            });
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        _one.Dispose();
    }
}
