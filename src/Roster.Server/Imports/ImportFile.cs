using System.Security.Cryptography;
using Roster.Imports;
using Roster.Server.Http;

namespace Roster.Server.Imports;

/// <summary>The file of an import: in blocks in the database, and for reading as a <see cref="LocalCopy"/>.</summary>
internal static class ImportFile
{
    /// <summary>Bytes of a block.</summary>
    public const int BlockBytes = 1 << 20;

    /// <summary>Stores a file as it comes in. Memory holds one block of it.</summary>
    /// <param name="maxBytes">Reading ends after these, and one more.</param>
    /// <returns>The local copy, its bytes and its SHA-256; no copy if the file is larger.</returns>
    /// <exception cref="BadHttpRequestException">
    /// It takes longer than <see cref="ImportLimits.UploadTime"/> (408), or what <see cref="RequestBody.ReadBlockAsync"/> throws.
    /// </exception>
    public static async Task<(LocalCopy? Copy, long Size, byte[] Sha256)> StoreAsync(
        IRosterStore store, long workspaceId, Guid id, Stream body, long maxBytes, TimeProvider clock, CancellationToken cancel)
    {
        var begun = clock.GetTimestamp();
        var copy = LocalCopy.Open();
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var block = new byte[BlockBytes];
            var size = 0L;
            for (var number = 0; ; number++)
            {
                var length = await RequestBody.ReadBlockAsync(body, block, cancel);
                size += length;
                if (size > maxBytes)
                {
                    await copy.DisposeAsync();
                    return (null, size, []);
                }
                if (length == 0)
                    break;
                if (clock.GetElapsedTime(begun) > ImportLimits.UploadTime)
                    throw new BadHttpRequestException("The file came in too slowly.", StatusCodes.Status408RequestTimeout);
                hash.AppendData(block, 0, length);
                await copy.WriteAsync(block.AsMemory(0, length), cancel);
                await store.WriteImportBlocksAsync(
                    workspaceId, id, [new ImportBlock(ImportBlockKind.File, number, [], block[..length])], cancel);
            }
            copy.Position = 0;
            return (copy, size, hash.GetHashAndReset());
        }
        catch
        {
            await copy.DisposeAsync();
            throw;
        }
    }

    /// <summary>The file as it was sent.</summary>
    /// <exception cref="FileRefusedException">It is not stored any more.</exception>
    public static async Task<LocalCopy> OpenAsync(IRosterStore store, Import import, CancellationToken cancel)
    {
        var copy = LocalCopy.Open();
        try
        {
            for (var number = 0; copy.Position < import.Size; number++)
            {
                var block = await store.ReadImportBlockAsync(import.WorkspaceId, import.Id, ImportBlockKind.File, number, cancel)
                    ?? throw new FileRefusedException("file_gone", import.FileGone ?? "The file is not stored any more; send it again.");
                await copy.WriteAsync(block.Bytes, cancel);
            }
            copy.Position = 0;
            return copy;
        }
        catch
        {
            await copy.DisposeAsync();
            throw;
        }
    }
}
