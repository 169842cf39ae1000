namespace Roster.Tests.Packaging;

/// <summary>Debian's package of the published programs, made once.</summary>
public sealed class DebPackage : IAsyncLifetime
{
    private readonly TempFolder _folder = new();

    /// <summary>The package's file.</summary>
    public string File { get; private set; } = "";

    /// <summary>The same package with a higher version.</summary>
    public string Newer { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        // The smallest package takes a minute to make.
        var made = await Repository.RunAsync("", "env", "DEB_COMPRESSION=-Zgzip -z1",
            "packaging/deb.sh", await Published.Server, await Published.Command, _folder.Path);
        File = made.Trim();
        var files = _folder.File("files");
        await Repository.RunAsync("", "dpkg-deb", "--raw-extract", File, files);
        await Repository.RunAsync("", "sed", "-i", "s/^Version: .*/Version: 999.0.0/", Path.Combine(files, "DEBIAN/control"));
        Newer = _folder.File("newer.deb");
        await Repository.RunAsync("", "dpkg-deb", "--root-owner-group", "-Znone", "--build", files, Newer);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
