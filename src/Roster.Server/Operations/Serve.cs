using System.Diagnostics;
using Roster.Access;
using Roster.Storage;

namespace Roster.Server.Operations;

/// <summary>The server's life, from opening its database to closing it.</summary>
internal static class Serve
{
    public static async Task<int> RunAsync(ServerSettings settings, Store database, CancellationToken cancel)
    {
        if (!SearchText.IsWhole)
            throw new SettingException(
                "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT must not be set: searching needs ICU (Debian's package libicu72 or newer).");
        var clock = TimeProvider.System;
        await using var store = await database.OpenAsync(StoreUse.Serve, clock, cancel);
        await using var app = Program.Build(settings, store, clock);
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Roster");
        try
        {
            await app.StartAsync(cancel);
        }
        catch (IOException failure)
        {
            throw new SettingException($"--urls: {failure.Message}");
        }
        if (await FirstKeyAsync(store, Timestamp.Now(clock), cancel) is { } secret)
            await Console.Out.WriteLineAsync(Welcome(secret, app.Urls.First()));
        var sinceStart = DateTime.UtcNow - Process.GetCurrentProcess().StartTime.ToUniversalTime();
        Log.Listening(logger, string.Join(' ', app.Urls), database.Name, sinceStart.TotalMilliseconds);
        app.Lifetime.ApplicationStopping.Register(() => Log.Stopping(logger));
        await app.WaitForShutdownAsync(cancel);
        Log.Stopped(logger);
        return 0;
    }

    /// <summary>On the first start, the workspace and the key that a newcomer begins with.</summary>
    private static async Task<ApiKeySecret?> FirstKeyAsync(IRosterStore store, Timestamp now, CancellationToken cancel)
    {
        if (await store.HasKeysAsync(cancel))
            return null;
        var workspace = await store.AddWorkspaceAsync(Workspace.Default, now, cancel)
            ?? (await store.ListWorkspacesAsync(cancel)).Single(one => one.Name == Workspace.Default);
        return await KeyCommands.AddFirstAsync(store, workspace, now, cancel);
    }

    private static string Welcome(ApiKeySecret secret, string url) => $$"""

        Roster is ready. This is the key of the workspace "{{Workspace.Default}}", with all scopes. It is shown only now:

          {{secret.Text}}

        Create your first partner:

          curl -X PUT {{Reachable(url)}}/api/partners \
            -H 'Authorization: Bearer {{secret.Text}}' \
            -H 'Content-Type: application/json' \
            -d '[{"name": "Ada Lovelace", "email": "ada@example.com", "phone": null}]'

        """;

    /// <summary>An address that a client on this machine can use, where the server listens on all of them.</summary>
    private static string Reachable(string url) => url.Replace("[::]", "localhost", StringComparison.Ordinal)
        .Replace("0.0.0.0", "localhost", StringComparison.Ordinal).TrimEnd('/');
}
