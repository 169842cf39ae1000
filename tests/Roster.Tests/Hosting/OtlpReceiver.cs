using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Roster.Tests.Hosting;

/// <summary>A collector that takes traces and metrics by OTLP over HTTP, and keeps them.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly WebApplication _app;
    private readonly Channel<Span> _spans = Channel.CreateUnbounded<Span>();
    private readonly Channel<Measured> _metrics = Channel.CreateUnbounded<Measured>();
    private readonly ConcurrentQueue<byte[]> _bodies = [];

    private OtlpReceiver(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    /// <summary>All bytes that came, as text as far as they are.</summary>
    public string Everything => string.Join('\n', _bodies.Select(Encoding.UTF8.GetString));

    public static async Task<OtlpReceiver> StartAsync(string url = "http://127.0.0.1:0")
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(url);
        var app = builder.Build();
        var receiver = new OtlpReceiver(app);
        app.Run(receiver.TakeAsync);
        await app.StartAsync();
        return receiver;
    }

    /// <summary>Waits for spans until there is one.</summary>
    /// <returns>All spans so far, since the last call.</returns>
    public Task<IReadOnlyList<Span>> SpansUntilAsync(Func<IReadOnlyList<Span>, bool> isEnough) => ReadUntilAsync(_spans.Reader, isEnough);

    public Task<IReadOnlyList<Measured>> MetricsUntilAsync(Func<IReadOnlyList<Measured>, bool> isEnough) =>
        ReadUntilAsync(_metrics.Reader, isEnough);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task<IReadOnlyList<T>> ReadUntilAsync<T>(ChannelReader<T> reader, Func<IReadOnlyList<T>, bool> isEnough)
    {
        using var patience = new CancellationTokenSource(Patience);
        var read = new List<T>();
        while (!isEnough(read))
            read.Add(await reader.ReadAsync(patience.Token));
        return read;
    }

    private async Task TakeAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        _bodies.Enqueue(body.ToArray());
        foreach (var ofResource in new ProtocolBuffer(body.ToArray()).Messages(1))
        {
            var resource = Attributes(ofResource.Messages(1).Single(), 1);
            foreach (var ofScope in ofResource.Messages(2))
            {
                var scope = ofScope.Messages(1).Single().Text(1);
                foreach (var one in ofScope.Messages(2))
                {
                    if (http.Request.Path == "/v1/traces")
                        await _spans.Writer.WriteAsync(SpanOf(one, resource));
                    else if (http.Request.Path == "/v1/metrics")
                        await _metrics.Writer.WriteAsync(new Measured(scope, one.Text(1), one.Text(3)));
                }
            }
        }
    }

    private static Span SpanOf(ProtocolBuffer one, IReadOnlyDictionary<string, string> resource) => new(
        Convert.ToHexStringLower(one.Bytes(1)), Convert.ToHexStringLower(one.Bytes(2)), Convert.ToHexStringLower(one.Bytes(4)),
        one.Text(5), one.Number(7), one.Number(8), Attributes(one, 9), resource);

    private static Dictionary<string, string> Attributes(ProtocolBuffer message, int field) => message.Messages(field).ToDictionary(
        pair => pair.Text(1),
        pair => pair.Messages(2).Select(value => value.Has(1) ? value.Text(1) : $"{value.Number(3)}").SingleOrDefault(""));
}

/// <param name="Start">In nanoseconds, as <paramref name="End"/>.</param>
internal sealed record Span(
    string Trace, string Id, string Parent, string Name, ulong Start, ulong End, IReadOnlyDictionary<string, string> Attributes,
    IReadOnlyDictionary<string, string> Resource);

internal sealed record Measured(string Scope, string Name, string Unit);
