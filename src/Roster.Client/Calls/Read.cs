using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Roster.Client;

/// <summary>Readers of answers.</summary>
internal static class Read
{
    private const int Piece = 64 << 10;

    public static Func<HttpResponseMessage, Stream, CancellationToken, Task<T>> Json<T>(JsonTypeInfo<T> type) =>
        (_, body, cancel) => OneAsync(body, type, cancel);

    /// <summary>The page, and the cursor of the next one.</summary>
    public static Func<HttpResponseMessage, Stream, CancellationToken, Task<Page<T>>> Page<T>(
        JsonTypeInfo<List<T>> type, string cursor = "cursor") =>
        async (answer, body, cancel) =>
            new Page<T>(await OneAsync(body, type, cancel).ConfigureAwait(false), Headers.Next(answer, cursor));

    /// <summary>For answers of which only the success counts.</summary>
    public static readonly Func<HttpResponseMessage, Stream, CancellationToken, Task<bool>> Nothing = (_, _, _) => Task.FromResult(true);

    /// <summary>Copies the answer into a stream, from where it stands now.</summary>
    public static Func<HttpResponseMessage, Stream, CancellationToken, Task<bool>> Into(Stream to)
    {
        var start = to.CanSeek ? to.Position : 0;
        return async (_, body, cancel) =>
        {
            if (to.CanSeek && to.Position != start)
            {
                to.Position = start;
                to.SetLength(start);
            }
            var piece = new byte[Piece];
            int read;
            while ((read = await body.ReadAsync(piece, cancel).ConfigureAwait(false)) > 0)
                try
                {
                    await to.WriteAsync(piece.AsMemory(0, read), cancel).ConfigureAwait(false);
                }
                catch (IOException own)
                {
                    throw new TargetFailedException(own);
                }
            return true;
        };
    }

    public static async Task<T> OneAsync<T>(Stream body, JsonTypeInfo<T> type, CancellationToken cancel) =>
        await JsonSerializer.DeserializeAsync(body, type, cancel).ConfigureAwait(false) ?? throw new JsonException();
}

/// <summary>The caller's own stream failed, which is no loss of the line.</summary>
internal sealed class TargetFailedException(IOException own) : Exception(own.Message, own);

/// <summary>A page of a list.</summary>
/// <param name="Next">The cursor of the next page; null at the end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);
