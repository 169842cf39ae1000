using System.IO.Compression;
using Microsoft.AspNetCore.ResponseCompression;

namespace Roster.Server.Http;

internal static class Compression
{
    /// <summary>Answers are compressed for clients that accept br or gzip; quickly, since they are made for one client each.</summary>
    public static void AddCompression(this IServiceCollection services)
    {
        services.AddResponseCompression(options =>
        {
            // Answers hold no secret beside text that an attacker chooses, which is what makes compression over TLS unsafe.
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
