using System.Text;
using Microsoft.AspNetCore.Http;
using Roster.Access;
using Roster.Server.Guard;
using Roster.Server.Writes;

namespace Roster.Fuzz.Targets;

/// <summary>
/// Secrets of keys, sessions and links, and idempotency keys. What is accepted is text of that very form; a key that was
/// changed anywhere is none.
/// </summary>
internal sealed class SecretTarget() : FuzzTarget("secret")
{
    private static readonly string Minted = ApiKeySecret.Mint().Text;

    public override void Run(byte[] input)
    {
        var text = TextOf(input);
        CheckKey(text);
        CheckKey(Changed(input));
        if (RandomSecret.Parse(text) is { } secret)
        {
            FuzzException.UnlessSame(text, secret.Text, "the secret of a session");
            FuzzException.UnlessSame(32, Convert.FromBase64String(text.Replace('-', '+').Replace('_', '/') + "=").Length, "its bytes");
            CheckCookie(text);
        }
        if (WriteOptions.IsKey(text))
            FuzzException.UnlessSame(text, Encoding.ASCII.GetString(Encoding.ASCII.GetBytes(text)), "an idempotency key");
    }

    private void CheckKey(string text)
    {
        var key = ApiKeySecret.Parse(text);
        if (key is not null)
        {
            Accept();
            FuzzException.UnlessSame(text, key.Text, "a key");
            FuzzException.Unless(key.Text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'), "a key has other characters");
            FuzzException.Unless(key.Text.StartsWith(key.Prefix, StringComparison.Ordinal), "a key has another prefix");
        }
        var http = new DefaultHttpContext();
        foreach (var header in new[] { text, "Bearer " + text, "bearer  " + text })
        {
            http.Request.Headers.Authorization = header;
            var read = CallerLookUp.KeyOf(http.Request);
            FuzzException.Unless(read is null || header.Contains(read.Text, StringComparison.Ordinal), "a key that was not sent");
            if (key is not null)
                FuzzException.UnlessSame(key.Text, read?.Text, "the key of a header");
        }
    }

    private static void CheckCookie(string text)
    {
        var http = new DefaultHttpContext();
        http.Request.IsHttps = true;
        http.Request.Headers.Cookie = "__Host-roster=" + text;
        FuzzException.UnlessSame(text, ConsoleCookie.Read(http.Request)?.Text, "the secret of a cookie");
    }

    /// <summary>A real key with the input's bits changed.</summary>
    private static string Changed(byte[] input)
    {
        var text = Minted.ToCharArray();
        for (var i = 0; i < Math.Min(input.Length, text.Length); i++)
            text[i] ^= (char)input[i];
        var changed = new string(text);
        FuzzException.Unless(
            changed == Minted || ApiKeySecret.Parse(changed) is null || !changed.AsSpan(0, 39).SequenceEqual(Minted.AsSpan(0, 39)),
            "a key with a changed checksum is taken");
        return changed;
    }
}
