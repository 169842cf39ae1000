using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using Roster.Cli;
using Roster.Partners;
using Roster.Server.Hosting;
using Roster.Server.Operations;
using Roster.Storage;

namespace Roster.Server.Commands;

/// <summary>The commands and settings of the executable. Without a command it serves.</summary>
internal static class CommandLine
{
    public static Task<int> RunAsync(string[] args)
    {
        // Output is for machines as well as people: it does not depend on the machine's language.
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        // The host ends the server on SIGTERM and waits for its requests; the parser must not cut that short.
        var invocation = new InvocationConfiguration { ProcessTerminationTimeout = null };
        var parsed = Root().Parse(args);
        if (parsed.Action is not ParseErrorAction)
            return parsed.InvokeAsync(invocation);
        foreach (var error in parsed.Errors)
            Console.Error.WriteLine(error.Message);
        Console.Error.WriteLine($"See: {string.Join(' ', PathOf(parsed.CommandResult))} --help");
        return Task.FromResult(ExitCodes.Usage);
    }

    private static IEnumerable<string> PathOf(CommandResult command) =>
        command.Parent is CommandResult parent ? PathOf(parent).Append(command.Command.Name) : ["roster-server"];


    private static RootCommand Root()
    {
        var database = Setting("--database", "ROSTER_DATABASE", "sqlite:./data/roster.db",
            "Where the data is: " + Store.Forms);
        database.Recursive = true;
        var passwordFile = Setting("--database-password-file", "ROSTER_DATABASE_PASSWORD_FILE", "",
            "A file with the password of the PostgreSQL user, where the address does not have it");
        passwordFile.Recursive = true;
        var isUnsafe = Setting("--unsafe-database", "ROSTER_UNSAFE_DATABASE", "off",
            "Whether a PostgreSQL that can lose acknowledged writes in a crash will do: on or off");
        isUnsafe.Recursive = true;
        var urls = Setting("--urls", "ROSTER_URLS", "http://localhost:5080",
            "Where to listen: addresses divided by semicolons");
        var timing = Setting("--server-timing", "ROSTER_SERVER_TIMING", "off",
            "Whether answers say in Server-Timing how long each stage took: on or off");
        var logFormat = Setting("--log-format", "ROSTER_LOG_FORMAT", "auto",
            "How to log: text, json, or auto, which is text on a terminal and json elsewhere");
        var logLevel = Setting("--log-level", "ROSTER_LOG_LEVEL", "Information",
            "From which level on to log, and for single categories: Information,Microsoft.AspNetCore=Debug");
        var logAddresses = Setting("--log-addresses", "ROSTER_LOG_ADDRESSES", "on",
            "Whether the log has the client's address of each request: on or off");
        var metricsUrls = Setting("--metrics-urls", "ROSTER_METRICS_URLS", "",
            "Where to serve metrics for Prometheus, apart from --urls: addresses such as http://localhost:9464, divided by semicolons");
        var otlp = Setting("--otlp", "ROSTER_OTLP", "",
            "A collector such as http://localhost:4318 to which metrics and traces are sent; OTEL_* variables say the rest");
        var rows = Setting("--rows-per-minute", "ROSTER_ROWS_PER_MINUTE", "1200000",
            "How many rows each key may write, and requests make, in a minute: 10000 or more, or 0 for no limit");
        var failures = Setting("--failed-authentications", "ROSTER_FAILED_AUTHENTICATIONS", "30",
            "How many requests without a valid key an address may make at once; one more each second");
        var proxies = Setting("--trusted-proxies", "ROSTER_TRUSTED_PROXIES", "",
            "Networks such as 10.0.0.0/8, divided by commas, whose X-Forwarded-For and X-Forwarded-Proto are believed");
        var certificate = Setting("--certificate", "ROSTER_CERTIFICATE", "",
            "The PEM file with the certificate, and its chain, for https addresses");
        var certificateKey = Setting("--certificate-key", "ROSTER_CERTIFICATE_KEY", "",
            "The PEM file with the certificate's private key");
        var keepAnswers = Setting("--idempotency-hours", "ROSTER_IDEMPOTENCY_HOURS", "24",
            "How many hours the answer to a request with an Idempotency-Key can be had again");
        var keepValues = Setting("--keep-old-values", "ROSTER_KEEP_OLD_VALUES", "forever",
            "How long the log keeps what partners were before: a number of minutes, hours or days, such as 90d, or forever");
        var firstKeyFile = Setting("--first-key-file", "ROSTER_FIRST_KEY_FILE", "",
            "A new file into which the first start writes its key, instead of printing it");
        var console = Setting("--console", "ROSTER_CONSOLE", "on",
            "Whether there is a console, with sessions and links to it: on or off");
        var readOnly = Setting("--read-only", "ROSTER_READ_ONLY", "off",
            "Whether nothing is written and no search index is kept, to read what is left of a damaged SQLite file: on or off");
        var openId = new OpenIdOptions();
        var backups = new BackupOptions();
        var shutdown = Setting("--shutdown-seconds", "ROSTER_SHUTDOWN_SECONDS", "30",
            "How many seconds requests may go on after the server was told to stop: 1 or more");
        var openIndexes = Setting("--open-indexes", "ROSTER_OPEN_INDEXES", $"{Store.DefaultOpenIndexes}",
            "How many workspaces' search indexes are open at once on SQLite, up to nine files each: a number from 1");
        var maxImport = Setting("--max-import-mb", "ROSTER_MAX_IMPORT_MB", $"{ServerSettings.DefaultImportMebibytes}",
            "How many MiB the file of an import may have: 1 or more");
        var keepImports = Setting("--keep-imports", "ROSTER_KEEP_IMPORTS", $"{ServerSettings.DefaultImportDays}d",
            "How long the file and rows of an import are kept after its end: a number of minutes, hours or days, such as 14d");
        // For tests, which kill servers and cannot wait so long. Nobody else needs it, so the help does not have it.
        var importLease = Setting("--import-lease-seconds", "ROSTER_IMPORT_LEASE_SECONDS", $"{ServerSettings.DefaultImportLeaseSeconds}",
            "How many seconds after a server's last sign another one goes on with its imports: 1 or more");
        importLease.Hidden = true;
        var root = new RootCommand("Roster, a partner directory. Without a command it serves the HTTP API.")
        {
            database, passwordFile, isUnsafe, urls, timing, logFormat, logLevel, logAddresses, metricsUrls, otlp, rows, failures, proxies,
            certificate, certificateKey, keepAnswers, keepValues, firstKeyFile, console, shutdown, openIndexes, maxImport,
            keepImports, importLease, readOnly,
        };
        foreach (var option in openId.All.Concat(backups.All))
            root.Options.Add(option);
        root.SetAction((parsed, cancel) => ReportAsync(() => Serve.RunAsync(ParseSettings(parsed), ParseStoreToServe(parsed), cancel)));
        root.Subcommands.Add(KeyCommands.Create(WithStore));
        root.Subcommands.Add(ConsoleCommands.Create(WithStore));
        root.Subcommands.Add(WorkspaceCommands.Create(WithStore));
        root.Subcommands.Add(Migrate());
        root.Subcommands.Add(BackupCommand.Create(ParseStore, ReportAsync));
        root.Subcommands.Add(RestoreCommand.Create(ParseStore, ReportAsync));
        root.Subcommands.Add(CopyCommand.Create(ParseAddress, ReportAsync));
        root.Subcommands.Add(DistributeCommand.Create(ParseStore, ReportAsync));
        root.Subcommands.Add(CheckCommand.Create(ParseStore, ReportAsync));
        root.Subcommands.Add(CheckCommand.CreateReindex(ParseStore, ReportAsync));
        root.Subcommands.Add(AcceptCommand.Create(WithStore));
        root.Subcommands.Add(HealthCommand.Create(urls, text => ParseOwnUrls(text, hasCertificate: true), ReportAsync));
        root.Subcommands.Add(SbomCommand.Create());
        root.Subcommands.Add(ManCommand.Create(root));
        return root;

        ServerSettings ParseSettings(ParseResult parsed)
        {
            var isConsoleOn = ParseSwitch("--console", parsed.GetRequiredValue(console));
            return new ServerSettings(
                ParseOwnUrls(parsed.GetRequiredValue(urls), hasCertificate: parsed.GetRequiredValue(certificate) != ""),
                ParseSwitch("--server-timing", parsed.GetRequiredValue(timing)),
                parsed.GetRequiredValue(logFormat) switch
                {
                    "text" => LogFormat.Text,
                    "json" => LogFormat.Json,
                    "auto" => Console.IsErrorRedirected ? LogFormat.Json : LogFormat.Text,
                    var other => throw new SettingException($"--log-format is text, json or auto, not '{other}'."),
                },
                ParseNumber("--rows-per-minute", parsed.GetRequiredValue(rows), PartnerRules.MaxItems, 1_000_000_000, orNone: true),
                ParseNumber("--failed-authentications", parsed.GetRequiredValue(failures), 1, 1_000_000),
                ParseNetworks(parsed.GetRequiredValue(proxies)),
                ReadCertificate(parsed.GetRequiredValue(certificate), parsed.GetRequiredValue(certificateKey)),
                parsed.GetRequiredValue(keepValues) is "forever"
                    ? null : KeyCommands.ParseSpan("--keep-old-values", parsed.GetRequiredValue(keepValues)))
            {
                IdempotencyRemembered = TimeSpan.FromHours(
                    ParseNumber("--idempotency-hours", parsed.GetRequiredValue(keepAnswers), 1, 1_000_000)),
                Telemetry = TelemetrySettings.Parse(
                    ParseUrls("--metrics-urls", parsed.GetRequiredValue(metricsUrls), hasCertificate: false),
                    parsed.GetRequiredValue(otlp),
                    Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
                        .ToDictionary(one => (string)one.Key, one => (string?)one.Value)),
                LogLevels = LogLevels.Parse(parsed.GetRequiredValue(logLevel)),
                LogsAddresses = ParseSwitch("--log-addresses", parsed.GetRequiredValue(logAddresses)),
                FirstKeyFile = parsed.GetRequiredValue(firstKeyFile) is { Length: > 0 } file ? file : null,
                IsConsoleOn = isConsoleOn,
                IsReadOnly = ParseSwitch("--read-only", parsed.GetRequiredValue(readOnly)),
                OpenId = openId.Parse(parsed, isConsoleOn),
                Backups = backups.Parse(parsed, ParseStore(parsed)),
                MaxImportBytes = (long)ParseNumber("--max-import-mb", parsed.GetRequiredValue(maxImport), 1, 65_536) << 20,
                ImportsKept = KeyCommands.ParseSpan("--keep-imports", parsed.GetRequiredValue(keepImports)),
                ImportLease = TimeSpan.FromSeconds(
                    ParseNumber("--import-lease-seconds", parsed.GetRequiredValue(importLease), 1, 3_600)),
                ShutdownTimeout = TimeSpan.FromSeconds(
                    ParseNumber("--shutdown-seconds", parsed.GetRequiredValue(shutdown), 1, 3_600)),
            };
        }

        Func<ParseResult, CancellationToken, Task<int>> WithStore(StoreCommand command) =>
            (parsed, cancel) => ReportAsync(async () =>
            {
                var store = await ParseStore(parsed).OpenAsync(StoreUse.Administer, TimeProvider.System, cancel);
                await using (store)
                    return await command(parsed, store, cancel);
            });

        Command Migrate()
        {
            var migrate = new Command("migrate", "Bring the database's schema up to date, creating it where there is none.");
            migrate.SetAction((parsed, cancel) => ReportAsync(async () =>
            {
                var applied = await ParseStore(parsed).MigrateAsync(cancel);
                await Console.Error.WriteLineAsync(
                    applied.Count == 0 ? "The schema is up to date." : $"Applied {string.Join(", ", applied)}.");
                return 0;
            }));
            return migrate;
        }

        Store ParseStoreToServe(ParseResult parsed)
        {
            var store = ParseStore(parsed);
            store.OpenIndexes = ParseNumber("--open-indexes", parsed.GetRequiredValue(openIndexes), 1, 100_000);
            return store;
        }

        Store ParseStore(ParseResult parsed) => ParseAddress(parsed, parsed.GetRequiredValue(database));

        Store ParseAddress(ParseResult parsed, string address) => Store.Parse(
            address, parsed.GetRequiredValue(passwordFile) is { Length: > 0 } file ? file : null,
            ParseSwitch("--unsafe-database", parsed.GetRequiredValue(isUnsafe)));
    }

    /// <summary>An option that can also be set by an environment variable; the option wins.</summary>
    internal static Option<string> Setting(string name, string variable, string fallback, string description) => new(name)
    {
        Description = $"{description} [env: {variable}]",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : fallback,
    };

    private static bool ParseSwitch(string setting, string text) => text switch
    {
        "on" => true,
        "off" => false,
        var other => throw new SettingException($"{setting} is on or off, not '{other}'."),
    };

    /// <returns>At least one.</returns>
    private static string[] ParseOwnUrls(string urls, bool hasCertificate) =>
        ParseUrls("--urls", urls, hasCertificate) is { Length: > 0 } all ? all : throw new SettingException("--urls is empty.");

    private static string[] ParseUrls(string setting, string urls, bool hasCertificate)
    {
        var each = urls.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (var url in each)
        {
            if (SchemeOf(url) is not { } scheme)
                throw new SettingException($"{setting} takes addresses such as http://localhost:5080 or http://*:5080, not '{url}'.");
            if (scheme == "https" && !hasCertificate)
                throw new SettingException(setting == "--urls"
                    ? $"--urls: {url} needs --certificate and --certificate-key." : $"{setting} takes http addresses only, not '{url}'.");
        }
        return each;
    }

    /// <returns>Null if the text is not an address to listen on.</returns>
    private static string? SchemeOf(string url)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            // Kestrel takes any other name for "all interfaces", and finds no free port for the two addresses of this one.
            var isHost = address.Host is "*" or "+" || (address.Host == "localhost" && address.Port != 0)
                || IPAddress.TryParse(address.Host, out _);
            return isHost && address is { Scheme: "http" or "https", Port: >= 0 and <= 65_535, PathBase: "" } ? address.Scheme : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>A whole number within bounds, so that nothing that is made of it can overflow.</summary>
    private static int ParseNumber(string setting, string text, int min, int max, bool orNone = false) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && ((number >= min && number <= max) || (orNone && number == 0))
            ? number
            : throw new SettingException(
                $"{setting} is a number from {min} to {max}{(orNone ? ", or 0 for no limit" : "")}, not '{text}'.");

    private static List<IPNetwork> ParseNetworks(string networks)
    {
        var parsed = new List<IPNetwork>();
        foreach (var text in networks.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            parsed.Add(IPNetwork.TryParse(text, out var network) ? network
                : throw new SettingException($"--trusted-proxies takes networks such as 10.0.0.0/8 or 192.0.2.1/32, not '{text}'."));
        return parsed;
    }

    private static ServerCertificate? ReadCertificate(string file, string keyFile)
    {
        if (file == "" && keyFile == "")
            return null;
        if (file == "" || keyFile == "")
            throw new SettingException("--certificate and --certificate-key are given together.");
        return ServerCertificate.Read(file, keyFile);
    }

    /// <summary>
    /// Runs a command. Failures that an operator can fix become one sentence and an exit code: that of wrong usage if the
    /// command or a setting is wrong whatever the machine has, else that of what failed.
    /// </summary>
    private static async Task<int> ReportAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (Exception failure) when (failure is SettingException or StoreAddressException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return ExitCodes.Usage;
        }
        catch (Exception failure) when (failure is CommandFailedException or StoreRefusedException or StoreException
            or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return ExitCodes.Failed;
        }
    }
}

/// <summary>An operator's command on an open database; returns the exit code.</summary>
internal delegate Task<int> StoreCommand(ParseResult parsed, IRosterStore store, CancellationToken cancel);

/// <summary>An invalid value of a setting or argument. The message names it and says what is valid.</summary>
internal sealed class SettingException(string message) : Exception(message);

/// <summary>What was asked cannot be done here and now. The message says why, and what to do.</summary>
internal sealed class CommandFailedException(string message) : Exception(message);
