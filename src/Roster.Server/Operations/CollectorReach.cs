using System.Net.Sockets;
using Roster.Server.Hosting;

namespace Roster.Server.Operations;

/// <summary>Logs when a collector begins to refuse what is sent to it, and when it takes it again.</summary>
internal sealed class CollectorReach(ILogger logger) : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false })
{
    private int _isFailing;

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return Note(request, base.Send(request, cancellationToken));
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException or OperationCanceledException)
        {
            Note(request, failure.Message);
            throw;
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return Note(request, await base.SendAsync(request, cancellationToken));
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException or OperationCanceledException)
        {
            Note(request, failure.Message);
            throw;
        }
    }

    private HttpResponseMessage Note(HttpRequestMessage request, HttpResponseMessage response)
    {
        Note(request, response.IsSuccessStatusCode ? null : $"it answers {(int)response.StatusCode}");
        return response;
    }

    /// <param name="failure">Null if it was taken.</param>
    private void Note(HttpRequestMessage request, string? failure)
    {
        // Without what else an address can have: a password, or a query.
        var url = request.RequestUri!.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        if (failure is not null && Interlocked.Exchange(ref _isFailing, 1) == 0)
            ServerLog.CollectorFails(logger, url, failure);
        else if (failure is null && Interlocked.Exchange(ref _isFailing, 0) == 1)
            ServerLog.CollectorAnswers(logger, url);
    }
}
