namespace Roster.Client;

/// <summary>How a <see cref="RosterClient"/> reaches its server, and how long it tries.</summary>
public sealed class RosterClientOptions
{
    /// <summary>
    /// The server's address, such as <c>https://roster.example</c>, with a path if it is below one. Null: the
    /// <see cref="HttpClient.BaseAddress"/>.
    /// </summary>
    public Uri? Address { get; set; }

    /// <summary>The API key. It is sent with each request, and never written anywhere.</summary>
    public string Key { get; set; } = "";

    /// <summary>Most attempts of a call, 1 to 100.</summary>
    public int MaxAttempts { get; set; } = 6;

    /// <summary>
    /// The wait before the second attempt. It doubles with each, up to 30 s; half of it is random. If the server says how
    /// long to wait, it is at least that.
    /// </summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>No attempt begins later than this after the first one.</summary>
    public TimeSpan RetryTime { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long a connection may be silent in an attempt: no byte is sent or comes. Uploads of files have ten times as long
    /// for the answer. The <see cref="HttpClient.Timeout"/> counts too, from the first byte that is sent: an upload that takes
    /// longer than its 100 s needs another one.
    /// </summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Most bytes of an answer that is kept in memory; more is <see cref="RosterErrors.AnswerTooLarge"/>.</summary>
    public int MaxAnswerBytes { get; set; } = 256 << 20;

    /// <summary>The clock of waits and times.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <returns>The address, ending with a slash.</returns>
    /// <exception cref="ArgumentException">Something is missing or cannot be.</exception>
    internal Uri Check(Uri? baseAddress)
    {
        if ((Address ?? baseAddress) is not { IsAbsoluteUri: true } address || address.Scheme is not ("http" or "https"))
            throw new ArgumentException("Address is missing; it is an http or https address, such as https://roster.example.");
        if (Key.Length == 0 || Key.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw new ArgumentException("Key is missing, or has white space or characters beyond ASCII.");
        if (MaxAttempts is < 1 or > 100)
            throw new ArgumentException("MaxAttempts is 1 to 100.");
        if (RetryDelay < TimeSpan.Zero || RetryTime < TimeSpan.Zero || AttemptTimeout <= TimeSpan.Zero || MaxAnswerBytes < 1)
            throw new ArgumentException("RetryDelay, RetryTime, AttemptTimeout and MaxAnswerBytes cannot be negative, or endless.");
        var text = address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        return new Uri(text.EndsWith('/') ? text : text + "/");
    }
}
