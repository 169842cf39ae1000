using System.Text;

namespace Roster.Storage;

/// <summary>A file with a password or the like, which a setting names.</summary>
public static class SecretFile
{
    private const int MaxBytes = 4 << 10;

    /// <summary>Reads it as UTF-8, without the white space at its ends.</summary>
    /// <exception cref="IOException">It cannot be read, is blank, or has more than 4 KiB. The message begins with the setting.</exception>
    public static string Read(string setting, string file)
    {
        try
        {
            using var reader = new FileStream(file, FileMode.Open, FileAccess.Read);
            var bytes = new byte[MaxBytes + 1];
            var length = reader.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            var secret = Encoding.UTF8.GetString(bytes, 0, length).Trim();
            return length <= MaxBytes && secret.Length > 0 ? secret
                : throw new IOException($"{file} is empty or has more than {MaxBytes} bytes.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new IOException($"{setting}: {failure.Message}", failure);
        }
    }
}
