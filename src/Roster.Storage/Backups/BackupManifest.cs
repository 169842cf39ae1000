using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Roster.Storage.Backups;

/// <summary>What a backup is, as the file beside it says: <c>FILE.json</c>. Without it a backup is not restored.</summary>
/// <param name="Version">Of the Roster that made it.</param>
/// <param name="Schema">The database's newest migration.</param>
/// <param name="TakenAt">The moment whose state it has.</param>
/// <param name="Bytes">The file's size.</param>
/// <param name="Sha256">The file's, in lower-case hexadecimal.</param>
public sealed record BackupManifest(string Version, string Schema, Timestamp TakenAt, long Bytes, string Sha256)
{
    public const string End = ".json";

    /// <summary>What is read of a manifest: the members before its workspaces have a few hundred bytes.</summary>
    private const int MaxHead = 16 << 10;

    private const int FlushedTogether = 64 << 10;

    private const int Format = 1;

    /// <summary>The path of a backup's manifest.</summary>
    public static string Of(string file) => file + End;

    /// <summary>Writes it. Its workspaces come last and are never in memory together.</summary>
    public void Write(Stream stream, IEnumerable<BackedUpWorkspace> workspaces)
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("format", Format);
        json.WriteString("version", Version);
        json.WriteString("schema", Schema);
        json.WriteString("takenAt", TakenAt.ToString());
        json.WriteNumber("bytes", Bytes);
        json.WriteString("sha256", Sha256);
        json.WriteStartArray("workspaces");
        foreach (var workspace in workspaces)
        {
            json.WriteStartObject();
            json.WriteNumber("id", workspace.Id);
            json.WriteString("name", workspace.Name);
            json.WriteNumber("revision", workspace.Revision);
            json.WriteEndObject();
            if (json.BytesPending > FlushedTogether)
                json.Flush();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Reads a backup's manifest, without its workspaces.</summary>
    /// <exception cref="StoreRefusedException">There is none, or it is not one.</exception>
    public static BackupManifest Read(string file)
    {
        var path = Of(file);
        var buffer = ArrayPool<byte>.Shared.Rent(MaxHead);
        try
        {
            int length;
            using (var stream = new FileStream(path, FileMode.Open, FileAccess.Read))
                length = stream.ReadAtLeast(buffer.AsSpan(0, MaxHead), MaxHead, throwOnEndOfStream: false);
            return Read(buffer.AsSpan(0, length)) ?? throw new StoreRefusedException($"{path} is not the manifest of a backup.");
        }
        catch (Exception damage) when (damage is JsonException or InvalidOperationException)
        {
            throw new StoreRefusedException($"{path} is not the manifest of a backup.");
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new StoreRefusedException(
                $"{path} is missing: it says what a backup has. Put it beside {file}, as roster-server backup made it.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <returns>Null if a member is missing.</returns>
    /// <exception cref="JsonException" />
    /// <exception cref="InvalidOperationException">A text is no text.</exception>
    private static BackupManifest? Read(ReadOnlySpan<byte> head)
    {
        var json = new Utf8JsonReader(head, isFinalBlock: false, default);
        long? format = null, bytes = null;
        string? version = null, schema = null, sha256 = null;
        Timestamp? takenAt = null;
        while (json.Read() && !(json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals("workspaces")))
        {
            if (json.TokenType != JsonTokenType.PropertyName)
                continue;
            var name = json.GetString();
            if (!json.Read())
                break;
            if (json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var number))
                _ = name switch { "format" => format = number, "bytes" => bytes = number, _ => 0 };
            else if (json.TokenType == JsonTokenType.String && json.GetString() is { } text)
                switch (name)
                {
                    case "version": version = text; break;
                    case "schema": schema = text; break;
                    case "sha256": sha256 = text; break;
                    case "takenAt": takenAt = Timestamp.TryParse(text, out var time) ? time : null; break;
                }
        }
        if (format > Format)
            throw new StoreRefusedException(string.Create(
                CultureInfo.InvariantCulture, $"The backup is of a newer Roster ({version}, format {format}). Restore it with that one."));
        return format is null || bytes is null || version is null || schema is null || sha256 is null || takenAt is null
            ? null : new BackupManifest(version, schema, takenAt.Value, bytes.Value, sha256);
    }
}

/// <param name="Revision">The workspace's newest revision in the backup.</param>
public readonly record struct BackedUpWorkspace(long Id, string Name, long Revision);

/// <param name="Bytes">How many of <paramref name="Total"/> bytes are copied.</param>
public readonly record struct BackupProgress(long Bytes, long Total);

/// <param name="NoteTrouble">Why its time could not be noted beside the database; null if it was.</param>
public sealed record MadeBackup(BackupManifest Manifest, string? NoteTrouble);

/// <param name="FirstRevision">Where the log of each workspace goes on.</param>
/// <param name="KeptAs">Where the database is that was replaced; null if there was none.</param>
public sealed record RestoredBackup(BackupManifest Manifest, long FirstRevision, long Workspaces, string? KeptAs);
