using System.Diagnostics;
using System.Net.Sockets;

namespace Roster.Tests.Hosting;

/// <summary>A proxy with the settings of <c>ops/</c>, in front of a server. What differs is addresses and the certificate.</summary>
internal sealed class ReverseProxy : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempFolder _folder = new();
    private readonly Process _process;

    private ReverseProxy(Func<TempFolder, int, (string File, string[] Arguments)> prepare)
    {
        var port = Ports.Free();
        var (program, arguments) = prepare(_folder, port);
        _process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true,
            Environment = { ["HOME"] = _folder.Path, ["XDG_DATA_HOME"] = _folder.Path, ["XDG_CONFIG_HOME"] = _folder.Path },
        })!;
        var errors = _process.StandardError.ReadToEndAsync();
        Http = new HttpClient(new SocketsHttpHandler
        {
            UseCookies = false,
            AllowAutoRedirect = false,
            SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=localhost" },
        })
        { BaseAddress = new Uri($"https://localhost:{port}") };
        AwaitPort(port, errors);
    }

    /// <summary>Asks the proxy.</summary>
    public HttpClient Http { get; }

    /// <summary>nginx's port without TLS.</summary>
    public int PlainPort { get; private set; }

    public RosterClient Client(string? key) => new(Http, key, null);

    public static ReverseProxy Nginx(Uri server)
    {
        var plain = Ports.Free();
        return new ReverseProxy((folder, port) =>
        {
            var (certificate, key) = SelfSigned.Write(folder.Path, "localhost");
            File.WriteAllText(folder.File("roster.conf"), Settings("ops/nginx/roster.conf",
                ("127.0.0.1:5080", server.Authority),
                ("    listen 80;\n    listen [::]:80;\n", $"    listen 127.0.0.1:{plain};\n"),
                ("    listen 443 ssl http2;\n    listen [::]:443 ssl http2;\n", $"    listen 127.0.0.1:{port} ssl http2;\n"),
                ("roster.example.com;", "localhost;"),
                ("/etc/ssl/roster.example.com.pem", certificate),
                ("/etc/ssl/private/roster.example.com.key", key)));
            File.WriteAllText(folder.File("nginx.conf"), $$"""
                user root;
                daemon off;
                pid {{folder.File("nginx.pid")}};
                error_log stderr warn;
                events { }
                http {
                    access_log off;
                    client_body_temp_path {{folder.File("body")}};
                    proxy_temp_path {{folder.File("proxy")}};
                    fastcgi_temp_path {{folder.File("fastcgi")}};
                    uwsgi_temp_path {{folder.File("uwsgi")}};
                    scgi_temp_path {{folder.File("scgi")}};
                    include {{folder.File("roster.conf")}};
                }
                """);
            return ("/usr/sbin/nginx", ["-e", "stderr", "-p", folder.Path, "-c", folder.File("nginx.conf")]);
        })
        { PlainPort = plain };
    }

    public static ReverseProxy Caddy(Uri server) => new((folder, port) =>
    {
        var (certificate, key) = SelfSigned.Write(folder.Path, "localhost");
        File.WriteAllText(folder.File("Caddyfile"), "{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + Settings("ops/caddy/Caddyfile",
            ("127.0.0.1:5080", server.Authority),
            ("roster.example.com {", $"https://localhost:{port} {{\n\ttls {certificate} {key}")));
        return ("/usr/bin/caddy", ["run", "--config", folder.File("Caddyfile"), "--adapter", "caddyfile"]);
    });

    public void Dispose()
    {
        Http.Dispose();
        if (!_process.HasExited)
        {
            Process.Start("kill", [$"{_process.Id}"]).WaitForExit();
            if (!_process.WaitForExit(Patience))
                _process.Kill(entireProcessTree: true);
        }
        _process.Dispose();
        _folder.Dispose();
    }

    /// <summary>A file of the repository with other values. Each of the old ones must be there.</summary>
    private static string Settings(string file, params IEnumerable<(string Old, string New)> changes)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, file));
        foreach (var (old, @new) in changes)
        {
            Assert.Contains(old, text, StringComparison.Ordinal);
            text = text.Replace(old, @new, StringComparison.Ordinal);
        }
        return text;
    }

    private void AwaitPort(int port, Task<string> errors)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                using var socket = new TcpClient("localhost", port);
                return;
            }
            catch (SocketException)
            {
                Assert.False(_process.HasExited, $"{_process.StartInfo.FileName} has ended: {(_process.HasExited ? errors.Result : "")}");
                Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience, "The proxy never listened.");
                Thread.Sleep(20);
            }
        }
    }
}
