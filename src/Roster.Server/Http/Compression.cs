using System.IO.Compression;
using Microsoft.AspNetCore.ResponseCompression;

namespace Roster.Server.Http;

internal static class Compression
{
    /// <summary>
    /// Compresses answers for clients that accept br or gzip, at the fastest level: each answer is compressed for one
    /// client.
    /// </summary>
    public static void AddCompression(this IServiceCollection services)
    {
        services.AddResponseCompression(options =>
        {
            // Compression over TLS is unsafe only where answers mix one secret again and again with text that an attacker
            // chooses. None does: POST /api/keys and POST /api/links mix a secret with the caller's name, but each secret is
            // new and is answered once.
            options.EnableForHttps = true;
            options.Providers.Add<BrotliCompressionProvider>();
            options.Providers.Add<GzipCompressionProvider>();
            options.MimeTypes =
            [
                RequestBody.Json, RequestBody.Changes, RequestBody.Ndjson, RequestBody.Csv, RequestBody.TabSeparated,
                "application/problem+json", "text/html",
            ];
        });
        services.Configure<BrotliCompressionProviderOptions>(brotli => brotli.Level = CompressionLevel.Fastest);
        services.Configure<GzipCompressionProviderOptions>(gzip => gzip.Level = CompressionLevel.Fastest);
    }
}
