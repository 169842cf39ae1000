using System.CommandLine;
using System.Net.Sockets;

namespace Roster.Server.Commands;

/// <summary>health: asks the server on this machine whether it is ready, for containers and scripts without an HTTP client.</summary>
internal static class HealthCommand
{
    /// <summary>Shorter than the time after which the ones who ask give up themselves.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="urls">Where the server listens: the same setting, so that both read the same variable.</param>
    /// <param name="parse">Reads its value: at least one address.</param>
    public static Command Create(
        Option<string> urls, Func<string, IReadOnlyList<string>> parse, Func<Func<Task<int>>, Task<int>> report)
    {
        var live = new Option<bool>("--live")
        {
            Description = "Ask only whether it answers: a server whose database is full or is being cleaned up still reads.",
        };
        var health = new Command("health", "Ask the server on this machine whether it is ready: exit code 0 if it is, 1 if it is not.")
        {
            urls, live,
        };
        health.SetAction((parsed, cancel) => report(() => AskAsync(
            parse(parsed.GetRequiredValue(urls))[0], parsed.GetValue(live) ? "/health/live" : "/health/ready", cancel)));
        return health;
    }

    private static async Task<int> AskAsync(string url, string path, CancellationToken cancel)
    {
        // The server's certificate is for its public name. This machine's own address needs no proof of who answers.
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
#pragma warning disable CA5359
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
        };
        using var http = new HttpClient(handler) { Timeout = Patience };
        try
        {
            using var answer = await http.GetAsync(new Uri(OnThisMachine(url), path), cancel);
            await Console.Out.WriteLineAsync(await answer.Content.ReadAsStringAsync(cancel));
            return answer.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException)
        {
            await Console.Error.WriteLineAsync($"{url} does not answer: {failure.Message}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"{url} does not answer within {Patience.TotalSeconds:0} seconds.");
        }
        return 1;
    }

    /// <summary>
    /// The address that a client on this machine uses. By number: a container may have no names. Where the server listens on
    /// all addresses, or on localhost, this one is among them.
    /// </summary>
    private static Uri OnThisMachine(string url)
    {
        var address = BindingAddress.Parse(url);
        var host = address.Host is "*" or "+" or "0.0.0.0" or "[::]" or "localhost" ? "127.0.0.1" : address.Host;
        return new UriBuilder(address.Scheme, host, address.Port).Uri;
    }
}
