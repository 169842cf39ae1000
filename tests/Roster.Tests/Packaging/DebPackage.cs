using Roster.Tests.Cli;

namespace Roster.Tests.Packaging;

/// <summary>Debian's package of the published programs, made once, as its page says.</summary>
[CollectionDefinition(nameof(DebPackage))]
public sealed class DebPackage : ICollectionFixture<DebPackage>, IAsyncLifetime
{
    private readonly TempFolder _folder = new();

    /// <summary>The package's file.</summary>
    public string File { get; private set; } = "";

    /// <summary>The same package with a higher version.</summary>
    public string Newer { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        // The smallest package takes a minute to make.
        using var shell = new RosterCommand { Variables = { ["DEB_COMPRESSION"] = "-Zgzip -z1" } };
        var sources = Directory.CreateDirectory(_folder.File("sources")).FullName;
        Repository.LinkInto(sources);
        var (page, run) = (new Page(DebTests.PagePath), new PageRun(shell, new Uri("http://localhost:5080"), sources)
        {
            Folder = sources,
            PublishedServer = await Published.Server,
            PublishedCommand = await Published.Command,
        });
        await run.RunAsync(page, page.Next());
        File = Directory.GetFiles(Path.Combine(sources, "artifacts"), "roster_*.deb").Single();

        var files = _folder.File("files");
        await Repository.RunAsync("", "dpkg-deb", "--raw-extract", File, files);
        await Repository.RunAsync("", "sed", "-i", "s/^Version: .*/Version: 999.0.0/", Path.Combine(files, "DEBIAN/control"));
        Newer = _folder.File("newer.deb");
        await Repository.RunAsync("", "dpkg-deb", "--root-owner-group", "-Znone", "--build", files, Newer);
    }

    /// <summary>A Debian of its own with the package.</summary>
    internal async Task<RootFolder> InstallAsync(string folder)
    {
        var root = await DebianRoot.UnpackAsync(folder);
        System.IO.File.Copy(File, root.File("/roster.deb"));
        await root.RunAsync("dpkg", "--install", "/roster.deb");
        return root;
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
