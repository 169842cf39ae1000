using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Roster.Tests.Server;

/// <summary>The certificate of https addresses, and SIGHUP, which reads it again.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task After_SIGHUP_new_connections_get_the_renewed_certificate_and_old_ones_go_on()
    {
        var first = Write(Issue("CN=localhost"));
        using var server = Serve();
        await using var old = await ConnectAsync(server);
        Assert.Equal(first, Fingerprint(old));

        var second = Write(Issue("CN=localhost"));
        server.Signal("HUP");
        await server.SaysAsync("The certificate was read again; it ends at");

        await using var renewed = await ConnectAsync(server);
        Assert.Equal(second, Fingerprint(renewed));
        Assert.Equal("HTTP/1.1 200 OK", await AskAsync(renewed));
        Assert.Equal("HTTP/1.1 200 OK", await AskAsync(old));
    }

    [Fact]
    public async Task After_SIGHUP_files_that_have_the_same_certificate_as_before_are_an_event_of_their_own()
    {
        var first = Write(Issue("CN=localhost"));
        using var server = Serve();

        server.Signal("HUP");
        await server.SaysAsync("The files have the certificate that is in use already; it ends at");

        await using var connection = await ConnectAsync(server);
        Assert.Equal(first, Fingerprint(connection));
        Assert.DoesNotContain("was read again", server.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_read_leaves_the_old_one_and_is_an_event()
    {
        var first = Write(Issue("CN=localhost"));
        using var server = Serve();

        // The key is still the old one's, as in the middle of a renewal.
        using (var other = Issue("CN=localhost"))
            await File.WriteAllTextAsync(_folder.File("cert.pem"), other.ExportCertificatePem());
        await HangUpAsync(server);
        await File.WriteAllTextAsync(_folder.File("cert.pem"), "no certificate");
        await HangUpAsync(server);
        File.Delete(_folder.File("cert.pem"));
        await HangUpAsync(server);
        var renewed = Write(Issue("CN=localhost"));
        server.Signal("HUP");
        await server.SaysAsync("The certificate was read again");
        await using var last = await ConnectAsync(server);
        Assert.Equal(renewed, Fingerprint(last));
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());

        async Task HangUpAsync(RosterProcess server)
        {
            server.Signal("HUP");
            await server.SaysAsync("The certificate could not be read again; the one that ends at");
            await using var connection = await ConnectAsync(server);
            Assert.Equal(first, Fingerprint(connection));
        }
    }

    [Fact]
    public async Task A_client_that_knows_only_the_root_gets_the_certificates_between()
    {
        using var root = Issue("CN=root", isSigner: true);
        using var between = Issue("CN=between", root, isSigner: true);
        using var leaf = Issue("CN=localhost", between);
        Write(leaf, between);
        using var server = Serve();

        var isTrusted = false;
        await using var connection = await ConnectAsync(server, (certificate, chain) =>
        {
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(root);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            isTrusted = chain.Build(certificate);
        });

        Assert.True(isTrusted);
    }

    private RosterProcess Serve() => RosterProcess.Serve(
        _folder.Path, "--urls", "https://127.0.0.1:0", "--certificate", "cert.pem", "--certificate-key", "key.pem");

    /// <summary>Writes the files of a certificate, and of its signers.</summary>
    /// <returns>Its fingerprint.</returns>
    private string Write(X509Certificate2 certificate, params X509Certificate2[] signers)
    {
        File.WriteAllText(
            _folder.File("cert.pem"), string.Join('\n', signers.Prepend(certificate).Select(one => one.ExportCertificatePem())));
        using var key = certificate.GetECDsaPrivateKey()!;
        File.WriteAllText(_folder.File("key.pem"), key.ExportPkcs8PrivateKeyPem());
        return certificate.Thumbprint;
    }

    private static X509Certificate2 Issue(string subject, X509Certificate2? by = null, bool isSigner = false)
    {
        using var key = ECDsa.Create();
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isSigner, false, 0, true));
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        if (by is null)
            return request.CreateSelfSigned(from, to);
        using var issued = request.Create(by, by.NotBefore, by.NotAfter, RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }

    private static async Task<SslStream> ConnectAsync(RosterProcess server, Action<X509Certificate2, X509Chain>? look = null)
    {
        var client = new TcpClient();
        await client.ConnectAsync(server.Address.Host, server.Address.Port);
        var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, certificate, chain, _) =>
        {
            look?.Invoke((X509Certificate2)certificate!, chain!);
            // The tests' own, which nobody has signed or a root of theirs.
            return certificate?.Subject == "CN=localhost";
        });
        await stream.AuthenticateAsClientAsync("localhost");
        return stream;
    }

    private static string Fingerprint(SslStream connection) => ((X509Certificate2)connection.RemoteCertificate!).Thumbprint;

    /// <returns>The answer's first line.</returns>
    private static async Task<string> AskAsync(SslStream connection)
    {
        await connection.WriteAsync("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        var bytes = new byte["HTTP/1.1 200 OK".Length];
        await connection.ReadExactlyAsync(bytes);
        return Encoding.ASCII.GetString(bytes);
    }
}
