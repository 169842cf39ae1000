using System.CommandLine;
using System.Globalization;
using Roster.Client;

namespace Roster.Cli.Commands;

/// <summary>keys list, create, rotate and revoke.</summary>
internal static class KeyCommands
{
    public static Command Create(GlobalOptions options) => new("keys", "List, make, rotate and revoke the workspace's API keys.")
    {
        List(options), Make(options), Rotate(options), Revoke(options),
    };

    private static ExampleCommand List(GlobalOptions options)
    {
        var command = new ExampleCommand("list", "List all keys, also revoked ones.", "roster keys list");
        Invocation.Set(command, options, async (run, cancel) =>
        {
            await run.Results.WriteAsync(
                await run.Client.Keys.ListAsync(cancel),
                [
                    new("id", key => key.Id.ToString()), new("name", key => key.Name), new("kind", key => key.Kind),
                    new("role", key => key.Role), new("prefix", key => key.Prefix),
                    new("last used", key => key.LastUsedAt is { } used ? Times.Of(used) : "never"),
                    new("ends", key => key.RevokedAt is { } end ? $"revoked {Times.Of(end)}"
                        : key.ExpiresAt is { } expiry ? Times.Of(expiry) : "never"),
                ],
                "There is no key.", cancel);
            return ExitCodes.Done;
        });
        return command;
    }

    private static ExampleCommand Make(GlobalOptions options)
    {
        var name = new Option<string>("--name") { Description = "What it is for", HelpName = "TEXT", Required = true };
        var scopes = new Option<string>("--scopes")
        {
            Description = "What it may do, divided by commas",
            HelpName = "partnersRead,linksWrite,…",
            Required = true,
        };
        var expires = new Option<string?>("--expires")
        {
            Description = "How long it is valid, such as 12h or 90d; for ever without it",
            HelpName = "SPAN",
        };
        var command = new ExampleCommand("create", "Make a key. Only its secret is written to standard output; it is not shown again.",
            "roster keys create --name nightly --scopes partnersRead,linksWrite --expires 90d")
        {
            name, scopes, expires,
        };
        Invocation.Set(command, options, async (run, cancel) =>
        {
            var made = await run.Client.Keys.CreateAsync(
                new ApiKeyInput(
                    run.Parsed.GetRequiredValue(name),
                    run.Parsed.GetRequiredValue(scopes).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                {
                    ExpiresAt = run.Parsed.GetValue(expires) is { } span ? DateTimeOffset.UtcNow + SpanOf("--expires", span) : null,
                },
                cancel);
            return Show(run, made);
        });
        return command;
    }

    private static ExampleCommand Rotate(GlobalOptions options)
    {
        var id = new Argument<Guid>("id") { Description = "The key" };
        var overlap = new Option<string?>("--overlap")
        {
            Description = "How long the old one goes on, such as 1h; a day without it",
            HelpName = "SPAN",
        };
        var command = new ExampleCommand("rotate",
            "Make a new key for the same purpose. The old one goes on for a while.", "roster keys rotate $KEY_ID --overlap 1h")
        {
            id, overlap,
        };
        Invocation.Set(command, options, async (run, cancel) => Show(run, await run.Client.Keys.RotateAsync(
            run.Parsed.GetRequiredValue(id),
            run.Parsed.GetValue(overlap) is { } span ? SpanOf("--overlap", span) : null, cancel)));
        return command;
    }

    private static ExampleCommand Revoke(GlobalOptions options)
    {
        var id = new Argument<Guid>("id") { Description = "The key" };
        var yes = GlobalOptions.Yes("Revoke without asking");
        var command = new ExampleCommand("revoke", "End a key at once.", "roster keys revoke $KEY_ID --yes") { id, yes };
        Invocation.Set(command, options, async (run, cancel) =>
        {
            var key = run.Parsed.GetRequiredValue(id);
            if (!run.Parsed.GetValue(yes)
                && await run.Screen.AskAsync($"Revoke {key} at once? [y]es, [n]o", "yn", "--yes", cancel) == 'n')
                return ExitCodes.Done;
            await run.Client.Keys.RevokeAsync(key, cancel);
            run.Screen.Note("Done: it is revoked.");
            return ExitCodes.Done;
        });
        return command;
    }

    private static int Show(Invocation run, NewApiKey made)
    {
        var until = made.ExpiresAt is { } end ? Times.Of(end) : "it is revoked";
        run.Screen.Note($"Key {made.Name}, id {made.Id}, valid until {until}. It is not shown again:");
        Console.Out.WriteLine(made.Key);
        return ExitCodes.Done;
    }

    private static TimeSpan SpanOf(string option, string text)
    {
        const int Most = 36_500;
        if (text.Length > 1 && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= Most)
            switch (text[^1])
            {
                case 'm':
                    return TimeSpan.FromMinutes(number);
                case 'h':
                    return TimeSpan.FromHours(number);
                case 'd':
                    return TimeSpan.FromDays(number);
            }
        throw CommandException.Usage($"{option} is a number of minutes, hours or days, such as 30m, 12h or 90d, not '{text}'.");
    }
}
