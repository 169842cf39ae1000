using System.Security.Cryptography;
using System.Text;

namespace Roster.Access;

/// <summary>Who a person is at a provider of OpenID Connect.</summary>
public static class PersonIdentity
{
    /// <summary>SHA-256 of the issuer, a line feed, and the subject: 32 bytes. Neither is stored.</summary>
    public static byte[] HashOf(string issuer, string subject) => SHA256.HashData(Encoding.UTF8.GetBytes($"{issuer}\n{subject}"));
}
