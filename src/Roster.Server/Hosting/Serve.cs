using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Roster.Access;
using Roster.Partners;
using Roster.Server.Commands;
using Roster.Server.Operations;
using Roster.Storage;

namespace Roster.Server.Hosting;

/// <summary>The server's life, from opening its database to closing it.</summary>
internal static class Serve
{
    /// <summary>The person of the first link.</summary>
    private const string Administrator = "Administrator";

    public static async Task<int> RunAsync(ServerSettings settings, Store database, CancellationToken cancel)
    {
        // SIGHUP comes when a terminal closes, and from who has renewed the certificate. It reloads nothing else.
        ILogger? hearsOfReload = null;
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            if (hearsOfReload is not null)
                settings.Certificate?.ReadAgain(hearsOfReload);
        });
        if (!SearchText.IsWhole)
            throw new SettingException(
                "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT must not be set: searching needs ICU (Debian's package libicu72 or newer).");
        var clock = TimeProvider.System;
        var store = await database.OpenAsync(settings.IsReadOnly ? StoreUse.Read : StoreUse.Serve, clock, cancel);
        await using var app = Program.Build(settings, store, clock);
        var loggers = app.Services.GetRequiredService<ILoggerFactory>();
        var logger = loggers.CreateLogger("Roster");
        hearsOfReload = logger;
        ReportBugs(app.Services, settings.LogFormat, logger);
        using var systemd = new Systemd();
        await using var metrics = MetricsServer.Build(settings.Telemetry.MetricsUrls, app.Services);
        var hasListened = false;
        try
        {
            await ListenAsync(app, "--urls", settings.Urls, cancel);
            if (metrics is not null)
            {
                await ListenAsync(metrics, "--metrics-urls", settings.Telemetry.MetricsUrls, cancel);
                ServerLog.MetricsServed(logger, string.Join(' ', metrics.Urls.Select(url => url + MetricsServer.Path)));
            }
            await MakeFirstKeyAsync(settings, store, database.Folder, app.Urls.First(), logger, cancel);
            var sinceStart = DateTime.UtcNow - Process.GetCurrentProcess().StartTime.ToUniversalTime();
            ServerLog.Listening(logger, string.Join(' ', app.Urls), database.Name, ServerVersion.Text, sinceStart.TotalMilliseconds);
            hasListened = true;
            app.Lifetime.ApplicationStopping.Register(() =>
            {
                ServerLog.Stopping(logger);
                systemd.Stopping(settings.ShutdownTimeout);
            });
            systemd.Ready();
            await app.WaitForShutdownAsync(cancel);
        }
        finally
        {
            if (metrics is not null)
                await metrics.StopAsync(CancellationToken.None);
            // Only now has the server really stopped.
            await store.DisposeAsync();
            if (hasListened)
                ServerLog.Stopped(logger);
        }
        return 0;
    }

    /// <summary>Logs why the process crashes, and failures of tasks that nobody awaited.</summary>
    private static void ReportBugs(IServiceProvider services, LogFormat format, ILogger logger)
    {
        var (loggers, unqueued) = (services.GetRequiredService<ILoggerFactory>(), new UnqueuedLog(services.ConsoleFormatter(format)));
        AppDomain.CurrentDomain.UnhandledException += (_, bug) =>
        {
            var isWanted = logger.IsEnabled(LogLevel.Critical);
            // The console logger writes in the background. Disposing of it waits for that, but not for long.
            loggers.Dispose();
            if (isWanted)
                ServerLog.Crashed(unqueued, bug.ExceptionObject as Exception);
        };
        TaskScheduler.UnobservedTaskException += (_, bug) => ServerLog.TaskFailed(logger, bug.Exception);
    }

    /// <exception cref="CommandFailedException">It cannot listen on the given addresses.</exception>
    private static async Task ListenAsync(WebApplication app, string setting, IReadOnlyList<string> urls, CancellationToken cancel)
    {
        try
        {
            await app.StartAsync(cancel);
        }
        catch (IOException failure)
        {
            throw new CommandFailedException($"{setting}: {failure.Message}");
        }
        catch (SocketException failure)
        {
            throw new CommandFailedException($"{setting}: cannot listen on {string.Join(" and ", urls)}: " + failure.SocketErrorCode switch
            {
                SocketError.AddressNotAvailable => "this machine has no such address.",
                SocketError.AccessDenied => "this user may not; ports below 1024 need the capability CAP_NET_BIND_SERVICE.",
                _ => failure.Message,
            });
        }
    }

    /// <summary>
    /// On the first start, creates the default workspace, the first key and a link to the console. Prints the key or writes
    /// it to its file. Writes the link to a file, and prints it if the key is printed.
    /// </summary>
    private static async Task MakeFirstKeyAsync(
        ServerSettings settings, IRosterStore store, string folder, string url, ILogger logger, CancellationToken cancel)
    {
        if (await store.HasKeysAsync(cancel))
            return;
        // The file comes before the key: a key that cannot be written would be lost.
        using var file = settings.FirstKeyFile is { } path ? FirstKeyFile.Create(path) : null;
        var workspace = await store.AddWorkspaceAsync(Workspace.Default, Timestamp.Now(TimeProvider.System), cancel)
            ?? (await store.ListWorkspacesAsync(cancel)).Single(one => one.Name == Workspace.Default);
        if (await KeyCommands.AddFirstAsync(store, workspace, Timestamp.Now(TimeProvider.System), cancel) is not { } secret)
            return;
        if (file is null)
        {
            await Console.Out.WriteLineAsync(Welcome($"is shown only now:\n\n  {secret.Text}", secret.Text, url));
        }
        else
        {
            file.Write(secret);
            ServerLog.FirstKeyWritten(logger, file.Path);
            await Console.Out.WriteLineAsync(Welcome($"is in the file {file.Path}.", $"$(cat '{file.Path}')", url));
        }
        if (!settings.IsConsoleOn)
            return;
        // After the key, which must not be lost if this fails.
        var link = await ConsoleCommands.AddLinkAsync(
            store, workspace, Administrator, Scopes.All, Reachable(url), Timestamp.Now(TimeProvider.System), cancel);
        var linkFile = ConsoleLinkFile.TryWrite(folder, link);
        // Where the key is not printed, the output may be a log.
        if ((file is null ? link : linkFile is null ? null : $"the link in the file {linkFile}") is { } shown)
            await Console.Out.WriteLineAsync($"Or open the console in a browser, once and within 30 minutes:\n\n  {shown}\n");
    }

    /// <param name="isWhere">Where the key is, as the end of a sentence.</param>
    /// <param name="inShell">The key as it stands within double quotes of a shell.</param>
    private static string Welcome(string isWhere, string inShell, string url) => $$"""

        Roster is ready. The key of the workspace "{{Workspace.Default}}", with all scopes, {{isWhere}}

        Create your first partner:

          curl -X PUT {{Reachable(url)}}/api/partners \
            -H "Authorization: Bearer {{inShell}}" \
            -H 'Content-Type: application/json' \
            -d '[{"name": "Ada Lovelace", "email": "ada@example.com", "phone": null}]'

        """;

    /// <summary>The address for a client on this machine, if the server listens on all interfaces.</summary>
    private static string Reachable(string url) => url.Replace("[::]", "localhost", StringComparison.Ordinal)
        .Replace("0.0.0.0", "localhost", StringComparison.Ordinal).TrimEnd('/');
}
