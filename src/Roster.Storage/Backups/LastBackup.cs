using System.Text.Json;

namespace Roster.Storage.Backups;

/// <summary>
/// The newest good backup of a database, in a small file beside it (<c>roster.db.last-backup</c>): whoever makes a backup notes it,
/// and the server reads it. It is not in the database: there it would be in each backup, with the time of the one before.
/// </summary>
/// <param name="File">Its full path when it was made.</param>
public sealed record LastBackup(Timestamp TakenAt, string File, long Bytes)
{
    internal const string End = ".last-backup";

    /// <summary>A path has at most 4,096 bytes, six times as many when escaped.</summary>
    private const int MaxBytes = 32 << 10;

    /// <returns>Null if none is noted, or the note cannot be read.</returns>
    public static LastBackup? Read(string database)
    {
        try
        {
            using var stream = new FileStream(database + End, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[Math.Min(stream.Length, MaxBytes)];
            using var json = JsonDocument.Parse(bytes.AsMemory(0, stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)));
            var root = json.RootElement;
            return Timestamp.TryParse(root.GetProperty("takenAt").GetString(), out var takenAt)
                ? new LastBackup(takenAt, root.GetProperty("file").GetString() ?? "", root.GetProperty("bytes").GetInt64()) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException
            or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <exception cref="IOException" />
    /// <exception cref="UnauthorizedAccessException" />
    internal void Write(string database)
    {
        var part = PrivateFile.PartOf(database + End);
        try
        {
            using (var stream = PrivateFile.Create(part))
            using (var json = new Utf8JsonWriter(stream))
            {
                json.WriteStartObject();
                json.WriteString("takenAt", TakenAt.ToString());
                json.WriteString("file", File);
                json.WriteNumber("bytes", Bytes);
                json.WriteEndObject();
            }
            System.IO.File.Move(part, database + End, overwrite: true);
        }
        finally
        {
            PrivateFile.DeletePart(part);
        }
    }
}
