using System.Text.Json;

namespace Roster.Tests.Server;

/// <summary>The page /docs in a real browser.</summary>
public sealed class DocsPageTests(SqliteHost host)
{
    private static readonly string Chromium = Environment.GetEnvironmentVariable("ROSTER_TEST_CHROMIUM") ?? "/usr/bin/chromium";

    [Fact]
    public async Task The_page_sends_the_upsert_as_it_opens_and_breaks_no_policy()
    {
        Assert.SkipUnless(File.Exists(Chromium), $"Chromium is not at {Chromium}; test.sh installs it.");
        var api = await host.NewWorkspaceAsync();
        if (!Directory.Exists(Path.Combine(Repository.Root, "tests/browser/node_modules")))
            await Repository.RunAsync("tests/browser", "npm", "ci", "--no-audit", "--no-fund");

        var seen = JsonDocument.Parse(
            await Repository.RunAsync("tests/browser", "node", "docs.mjs", host.Address.ToString(), api.Key!)).RootElement;

        Assert.Equal("""{"status":200,"names":["Ada Lovelace","Grace Hopper"],"complaints":[],"elsewhere":[]}""", seen.GetRawText());
        Assert.Equal(2, (await api.GetAsync("/api/partners")).Items.Count);
    }

    [Fact]
    public async Task The_page_may_run_its_own_scripts_only_and_not_be_framed()
    {
        var page = await host.WithKey(null).GetAsync("/docs/");
        var policy = page.Headers.GetValues("Content-Security-Policy").Single().Split("; ");
        var again = (await host.WithKey(null).GetAsync("/docs/")).Headers.GetValues("Content-Security-Policy").Single().Split("; ");

        Assert.Contains("default-src 'none'", policy);
        Assert.Contains("frame-ancestors 'none'", policy);
        var scripts = policy.Single(part => part.StartsWith("script-src", StringComparison.Ordinal));
        Assert.Matches("^script-src 'self' 'nonce-[^']{16,}'$", scripts);
        Assert.DoesNotContain(scripts, again);
        Assert.Contains(scripts.Split("nonce-")[1].TrimEnd('\''), page.Text, StringComparison.Ordinal);
    }
}
