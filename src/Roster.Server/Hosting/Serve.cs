using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Roster.Partners;
using Roster.Server.Commands;
using Roster.Storage;

namespace Roster.Server.Hosting;

/// <summary>The server's life, from opening its database to closing it.</summary>
internal static class Serve
{
    public static async Task<int> RunAsync(ServerSettings settings, Store database, CancellationToken cancel)
    {
        // Sent when a terminal closes, and by some supervisors to ask for a reload. There is nothing to reload.
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => signal.Cancel = true);
        if (!SearchText.IsWhole)
            throw new SettingException(
                "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT must not be set: searching needs ICU (Debian's package libicu72 or newer).");
        var clock = TimeProvider.System;
        var store = await database.OpenAsync(StoreUse.Serve, clock, cancel);
        await using var app = Program.Build(settings, store, clock);
        var loggers = app.Services.GetRequiredService<ILoggerFactory>();
        var logger = loggers.CreateLogger("Roster");
        ReportBugs(loggers, logger);
        var hasListened = false;
        try
        {
            await ListenAsync(app, settings, cancel);
            await MakeFirstKeyAsync(settings, store, app.Urls.First(), logger, cancel);
            var sinceStart = DateTime.UtcNow - Process.GetCurrentProcess().StartTime.ToUniversalTime();
            ServerLog.Listening(logger, string.Join(' ', app.Urls), database.Name, ServerVersion.Text, sinceStart.TotalMilliseconds);
            hasListened = true;
            app.Lifetime.ApplicationStopping.Register(() => ServerLog.Stopping(logger));
            await app.WaitForShutdownAsync(cancel);
        }
        finally
        {
            // Only then is it true that the server has stopped.
            await store.DisposeAsync();
            if (hasListened)
                ServerLog.Stopped(logger);
        }
        return 0;
    }

    /// <summary>Says why the process ends, or what ended unseen, where nothing else does.</summary>
    private static void ReportBugs(ILoggerFactory loggers, ILogger logger)
    {
        AppDomain.CurrentDomain.UnhandledException += (_, bug) =>
        {
            ServerLog.Crashed(logger, bug.ExceptionObject as Exception);
            // The console's logger writes behind what it was given; disposing of it waits for that.
            loggers.Dispose();
        };
        TaskScheduler.UnobservedTaskException += (_, bug) => ServerLog.TaskFailed(logger, bug.Exception);
    }

    /// <exception cref="SettingException">It cannot listen where it was told to.</exception>
    private static async Task ListenAsync(WebApplication app, ServerSettings settings, CancellationToken cancel)
    {
        try
        {
            await app.StartAsync(cancel);
        }
        catch (IOException failure)
        {
            throw new SettingException($"--urls: {failure.Message}");
        }
        catch (SocketException failure)
        {
            throw new SettingException($"--urls: cannot listen on {string.Join(" and ", settings.Urls)}: " + failure.SocketErrorCode switch
            {
                SocketError.AddressNotAvailable => "this machine has no such address.",
                SocketError.AccessDenied => "this user may not; ports below 1024 need the capability CAP_NET_BIND_SERVICE.",
                _ => failure.Message,
            });
        }
    }

    /// <summary>
    /// On the first start, makes the workspace and the key that a newcomer begins with, and shows the key or writes it to its file.
    /// </summary>
    private static async Task MakeFirstKeyAsync(
        ServerSettings settings, IRosterStore store, string url, ILogger logger, CancellationToken cancel)
    {
        if (await store.HasKeysAsync(cancel))
            return;
        // Before the key is: one that was made and could not be written would be lost.
        using var file = settings.FirstKeyFile is { } path ? FirstKeyFile.Create(path) : null;
        var workspace = await store.AddWorkspaceAsync(Workspace.Default, Timestamp.Now(TimeProvider.System), cancel)
            ?? (await store.ListWorkspacesAsync(cancel)).Single(one => one.Name == Workspace.Default);
        if (await KeyCommands.AddFirstAsync(store, workspace, Timestamp.Now(TimeProvider.System), cancel) is not { } secret)
            return;
        if (file is null)
        {
            await Console.Out.WriteLineAsync(Welcome($"is shown only now:\n\n  {secret.Text}", secret.Text, url));
            return;
        }
        file.Write(secret);
        ServerLog.FirstKeyWritten(logger, file.Path);
        await Console.Out.WriteLineAsync(Welcome($"is in the file {file.Path}.", $"$(cat '{file.Path}')", url));
    }

    /// <param name="isWhere">Where the key is.</param>
    /// <param name="inShell">The key as a shell's double quotes take it.</param>
    private static string Welcome(string isWhere, string inShell, string url) => $$"""

        Roster is ready. The key of the workspace "{{Workspace.Default}}", with all scopes, {{isWhere}}

        Create your first partner:

          curl -X PUT {{Reachable(url)}}/api/partners \
            -H "Authorization: Bearer {{inShell}}" \
            -H 'Content-Type: application/json' \
            -d '[{"name": "Ada Lovelace", "email": "ada@example.com", "phone": null}]'

        """;

    /// <summary>An address that a client on this machine can use, where the server listens on all of them.</summary>
    private static string Reachable(string url) => url.Replace("[::]", "localhost", StringComparison.Ordinal)
        .Replace("0.0.0.0", "localhost", StringComparison.Ordinal).TrimEnd('/');
}
