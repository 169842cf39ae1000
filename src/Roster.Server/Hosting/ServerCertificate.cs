using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Roster.Server.Commands;

namespace Roster.Server.Hosting;

/// <summary>The certificate for https addresses, which SIGHUP reads again.</summary>
internal sealed class ServerCertificate
{
    private readonly string _file;
    private readonly string _keyFile;
    private volatile SslStreamCertificateContext _current;

    private ServerCertificate(string file, string keyFile) => (_file, _keyFile, _current) = (file, keyFile, Load(file, keyFile));

    /// <summary>With the chain that clients need to verify it.</summary>
    public SslStreamCertificateContext Current => _current;

    /// <summary>The last moment at which clients accept it.</summary>
    public DateTimeOffset EndsAt => _current.TargetCertificate.NotAfter;

    /// <param name="file">PEM: the certificate, followed by those that signed it.</param>
    /// <param name="keyFile">PEM: the certificate's private key.</param>
    /// <exception cref="CommandFailedException">The files cannot be read, or do not belong together.</exception>
    public static ServerCertificate Read(string file, string keyFile)
    {
        try
        {
            return new ServerCertificate(file, keyFile);
        }
        catch (Exception failure)
            when (failure is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandFailedException($"--certificate: {failure.Message}");
        }
    }

    /// <summary>New connections get what is in the files now. If that cannot be used, the certificate stays.</summary>
    public void ReadAgain(ILogger logger)
    {
        try
        {
            var before = _current.TargetCertificate.Thumbprint;
            _current = Load(_file, _keyFile);
            if (_current.TargetCertificate.Thumbprint == before)
                ServerLog.CertificateUnchanged(logger, EndsAt);
            else
                ServerLog.CertificateRead(logger, EndsAt);
        }
        // Of any kind: whatever is in the files, a signal must not end the server.
        catch (Exception failure)
        {
            ServerLog.CertificateKept(logger, EndsAt, failure.Message);
        }
    }

    private static SslStreamCertificateContext Load(string file, string keyFile)
    {
        var certificate = X509Certificate2.CreateFromPemFile(file, keyFile);
        var signers = new X509Certificate2Collection();
        signers.ImportFromPemFile(file);
        return SslStreamCertificateContext.Create(certificate, signers, offline: true);
    }
}
