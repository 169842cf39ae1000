using System.Collections.Concurrent;
using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace Roster.Tests.Hosting;

/// <summary>
/// A page of the console in a browser. At its end each test finds: the console of the browser said nothing, no policy was
/// broken, and no request went to another host.
/// </summary>
internal sealed class ConsolePage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly Uri _server;
    private readonly bool _isOwner;
    private readonly ConcurrentQueue<string> _complaints = new();

    private ConsolePage(IBrowserContext context, IPage page, Uri server, bool isOwner) =>
        (_context, Page, _server, _isOwner) = (context, page, server, isOwner);

    private static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    public IPage Page { get; }

    /// <summary>Answers with an error that a test expects; the browser writes each of them into its console.</summary>
    public ConcurrentBag<int> ExpectedStatuses { get; } = [];

    /// <summary>Another server whose pages a test leads to.</summary>
    public Uri? Elsewhere { get; set; }

    public ILocator Grid => Page.GetByRole(AriaRole.Grid, new() { Name = "Partners" });

    /// <param name="isOwner">Whether the browser's context ends with this page.</param>
    public static async Task<ConsolePage> StartAsync(IBrowserContext context, Uri server, bool isOwner = true)
    {
        var page = await context.NewPageAsync();
        var console = new ConsolePage(context, page, server, isOwner);
        page.Console += (_, message) =>
        {
            // Of pages that name no icon, a browser asks for one once, which there is not.
            var isExpected = message.Location.Contains("/favicon.ico", StringComparison.Ordinal)
                || console.ExpectedStatuses.Any(status => message.Text.Contains($"status of {status} ", StringComparison.Ordinal));
            if (message.Type is "error" or "warning" && !isExpected)
                console._complaints.Enqueue($"{message.Text} {message.Location}");
        };
        page.PageError += (_, error) => console._complaints.Enqueue(error);
        page.Request += (_, request) =>
        {
            var address = new Uri(request.Url);
            if (address.Scheme is not ("data" or "blob") && address.Authority != server.Authority
                && address.Authority != console.Elsewhere?.Authority)
                console._complaints.Enqueue("a request to " + request.Url);
        };
        await page.ExposeFunctionAsync<string>("complain", console._complaints.Enqueue);
        await page.AddInitScriptAsync(
            """
            document.addEventListener('securitypolicyviolation', event =>
                window.complain(`${event.violatedDirective} ${event.blockedURI}`));
            """);
        return console;
    }

    /// <summary>Another page of the same browser, with its cookies, at another server.</summary>
    public Task<ConsolePage> AtAsync(Uri server) => StartAsync(_context, server, isOwner: false);

    public async Task GoAsync(string path) => await Page.GotoAsync(new Uri(_server, "/console" + path).ToString());

    /// <summary>
    /// Signs in with a key, so that the browser has a session's cookie. <see cref="Pages.SignInTests"/> tests the page.
    /// </summary>
    public async Task SignInAsync(string key)
    {
        var answer = await _context.APIRequest.PostAsync(new Uri(_server, "/api/session").ToString(), new()
        {
            Headers =
            [
                new("Authorization", $"Bearer {key}"), new("Roster-Console", "1"), new("Sec-Fetch-Site", "same-origin"),
                new("Origin", _server.GetLeftPart(UriPartial.Authority)),
            ],
        });
        Assert.Equal(201, answer.Status);
    }

    /// <summary>Waits until the page has what it reads.</summary>
    public async Task IsWholeAsync()
    {
        await Page.GetByRole(AriaRole.Heading).First.WaitForAsync();
        await Page.Locator(".bone, [aria-busy=true]").First.WaitForAsync(new() { State = WaitForSelectorState.Hidden });
    }

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    public ILocator Heading(string name) => Page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true });

    public ILocator Field(string name) => Page.GetByRole(AriaRole.Textbox, new() { Name = name, Exact = true });

    /// <summary>Waits until a text is on the page.</summary>
    public Task SeesAsync(string text) => Page.GetByText(text).First.WaitForAsync();

    /// <summary>The row of the list of partners that has this text.</summary>
    public ILocator Row(string text) => Grid.GetByRole(AriaRole.Row).Filter(new() { HasText = text });

    /// <summary>Leaves a picture of the page in artifacts/screens, to be looked at.</summary>
    public Task PictureAsync(string name) =>
        Page.ScreenshotAsync(new() { Path = Path.Combine(Repository.Root, "artifacts/screens", name + ".png") });

    /// <summary>What axe-core finds on the page, by the rules of WCAG 2.2 AA and its own good practice.</summary>
    public async Task<IReadOnlyList<string>> FindingsAsync()
    {
        // axe's own library for Playwright opens another browser window for each look.
        if (!await Page.EvaluateAsync<bool>("'axe' in window"))
            await Page.EvaluateAsync(Axe);
        // What passes is not written down: that takes axe most of its time.
        return await Page.EvaluateAsync<string[]>(
            """
            async () => {
                const { violations } = await axe.run(document, { resultTypes: ['violations'] });
                return violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html}`));
            }
            """);
    }

    public async ValueTask DisposeAsync()
    {
        if (_isOwner)
            await _context.DisposeAsync();
        Assert.True(_complaints.IsEmpty, string.Join('\n', _complaints));
    }
}
