using System.CommandLine;
using System.Globalization;
using Roster.Storage;

namespace Roster.Server.Operations;

/// <summary>The executable's commands and settings. Without a subcommand it serves.</summary>
internal static class CommandLine
{
    public static Task<int> RunAsync(string[] args)
    {
        // What Roster writes is for machines as much as for people: it does not change with the machine's language.
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        // The host ends the server on SIGTERM and waits for its requests; the parser must not cut that short.
        var invocation = new InvocationConfiguration { ProcessTerminationTimeout = null };
        return Root().Parse(args).InvokeAsync(invocation);
    }

    private static RootCommand Root()
    {
        var database = Setting("--database", "ROSTER_DATABASE", "sqlite:./data/roster.db",
            "Where the data is: " + Store.Forms);
        database.Recursive = true;
        var urls = Setting("--urls", "ROSTER_URLS", "http://localhost:5080",
            "Where to listen: addresses divided by semicolons");
        var timing = Setting("--server-timing", "ROSTER_SERVER_TIMING", "off",
            "Whether answers say in Server-Timing how long each stage took: on or off");
        var logFormat = Setting("--log-format", "ROSTER_LOG_FORMAT", "auto",
            "How to log: text, json, or auto, which is text on a terminal and json elsewhere");
        var root = new RootCommand("Roster, a partner directory. Without a command it serves the HTTP API.")
        {
            database, urls, timing, logFormat,
        };
        root.SetAction((parsed, cancel) => ReportAsync(() => Serve.RunAsync(
            new ServerSettings(
                ParseUrls(parsed.GetRequiredValue(urls)),
                parsed.GetRequiredValue(database),
                parsed.GetRequiredValue(timing) switch
                {
                    "on" => true,
                    "off" => false,
                    var other => throw new SettingException($"--server-timing is on or off, not '{other}'."),
                },
                parsed.GetRequiredValue(logFormat) switch
                {
                    "text" => LogFormat.Text,
                    "json" => LogFormat.Json,
                    "auto" => Console.IsErrorRedirected ? LogFormat.Json : LogFormat.Text,
                    var other => throw new SettingException($"--log-format is text, json or auto, not '{other}'."),
                }),
            ParseStore(parsed.GetRequiredValue(database)), cancel)));
        root.Subcommands.Add(KeyCommands.Create(WithStore));
        root.Subcommands.Add(WorkspaceCommands.Create(WithStore));
        root.Subcommands.Add(Migrate());
        return root;

        Func<ParseResult, CancellationToken, Task<int>> WithStore(StoreCommand command) =>
            (parsed, cancel) => ReportAsync(async () =>
            {
                var store = ParseStore(parsed.GetRequiredValue(database)).Open(StoreUse.Administer, TimeProvider.System);
                await using (store)
                    return await command(parsed, store, cancel);
            });

        Command Migrate()
        {
            var migrate = new Command("migrate", "Bring the database's schema up to date, creating it where there is none.");
            migrate.SetAction((parsed, _) => ReportAsync(() =>
            {
                var applied = ParseStore(parsed.GetRequiredValue(database)).Migrate();
                Console.Error.WriteLine(applied.Count == 0 ? "The schema is up to date." : $"Applied {string.Join(", ", applied)}.");
                return Task.FromResult(0);
            }));
            return migrate;
        }
    }

    /// <summary>An option that an environment variable can set too; the option wins.</summary>
    private static Option<string> Setting(string name, string variable, string fallback, string description) => new(name)
    {
        Description = $"{description} [env: {variable}]",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : fallback,
    };

    private static Store ParseStore(string address) => Store.Parse(address)
        ?? throw new SettingException($"--database is {Store.Forms}, not '{address}'.");

    private static string[] ParseUrls(string urls)
    {
        var each = urls.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (var url in each)
            if (!IsAddress(url))
                throw new SettingException($"--urls takes addresses such as http://localhost:5080, not '{url}'.");
        return each.Length > 0 ? each : throw new SettingException("--urls is empty.");
    }

    private static bool IsAddress(string url)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            return address is { Scheme: "http", Port: >= 0 and <= 65_535, PathBase: "" } && !address.IsUnixPipe && !address.IsNamedPipe;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>Runs a command and turns what an operator can mend into one sentence and exit code 1.</summary>
    private static async Task<int> ReportAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (Exception failure) when (failure is SettingException or StoreRefusedException or StoreException
            or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }
}

/// <summary>An operator's command on an open database; returns the exit code.</summary>
internal delegate Task<int> StoreCommand(ParseResult parsed, IRosterStore store, CancellationToken cancel);

/// <summary>A setting or argument has a value that it cannot have; the message names it and says what it can be.</summary>
internal sealed class SettingException(string message) : Exception(message);
