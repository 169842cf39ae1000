namespace Roster.Client;

/// <summary>What may be done if nobody knows whether the server has carried out a call.</summary>
internal enum Resend
{
    /// <summary>It changes nothing, or repeating it does no harm.</summary>
    Freely,

    /// <summary>It has an idempotency key: the receipt is asked first.</summary>
    ByReceipt,

    /// <summary>Only if it was not sent, or was refused.</summary>
    IfRefused,

    /// <summary>Not at all: its body can be read only once.</summary>
    Never,
}

/// <summary>One logical call: the same over its attempts.</summary>
/// <param name="Name">Its name in traces and metrics.</param>
/// <param name="Path">Relative to the server's address, with the query.</param>
internal sealed record Call(string Name, HttpMethod Method, string Path)
{
    /// <summary>Makes the body of an attempt; the argument is to be called whenever something of it was sent.</summary>
    public Func<Action, HttpContent>? Body { get; init; }

    public Resend Resend { get; init; }

    public string? IdempotencyKey { get; init; }

    public long? IfRevision { get; init; }

    public bool ReturnsChanges { get; init; }

    public string? Accept { get; init; }

    /// <summary>How long an attempt may be silent beyond <see cref="RosterClientOptions.AttemptTimeout"/>.</summary>
    public TimeSpan Wait { get; init; }

    /// <summary>Whether the answer may have any size: it is not kept in memory.</summary>
    public bool IsStreamed { get; init; }

    /// <summary>The same, with an answer that goes into a stream. It can begin again only if the stream can go back.</summary>
    public Call Streamed(Stream to) => this with { IsStreamed = true, Resend = to.CanSeek ? Resend.Freely : Resend.IfRefused };

    public HttpRequestMessage ToRequest(Uri address, string key, Action sent)
    {
        var request = new HttpRequestMessage(Method, new Uri(address, Path)) { Content = Body?.Invoke(sent) };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        request.Headers.TryAddWithoutValidation("Accept", Accept ?? "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
        // That of a receipt is in its path.
        if (IdempotencyKey is not null && Method != HttpMethod.Get)
            request.Headers.TryAddWithoutValidation("Idempotency-Key", IdempotencyKey);
        if (IfRevision is { } revision)
            request.Headers.TryAddWithoutValidation("If-Revision", revision.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (ReturnsChanges)
            request.Headers.TryAddWithoutValidation("Prefer", "return=changes");
        return request;
    }

    private static readonly string UserAgent = $"Roster.Client/{typeof(Call).Assembly.GetName().Version?.ToString(3)}";
}
