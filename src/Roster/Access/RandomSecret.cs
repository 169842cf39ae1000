using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Roster.Access;

/// <summary>The secret of a session's cookie or of a link: 256 random bits in base64url.</summary>
public sealed class RandomSecret
{
    private const int RandomBytes = 32;
    private const int TextLength = 43;

    private RandomSecret(string text) => Text = text;

    /// <summary>The whole secret. Send it once, store it nowhere.</summary>
    public string Text { get; }

    public byte[] Hash() => SHA256.HashData(Encoding.ASCII.GetBytes(Text));

    public static RandomSecret Mint() => new(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes)));

    /// <returns>Null if <see cref="Mint"/> could not have made the text.</returns>
    public static RandomSecret? Parse(string text) =>
        text.Length == TextLength && Base64Url.IsValid(text, out var bytes) && bytes == RandomBytes ? new RandomSecret(text) : null;
}
