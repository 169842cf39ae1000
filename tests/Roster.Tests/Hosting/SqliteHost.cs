namespace Roster.Tests.Hosting;

/// <summary>On an SQLite file of its own.</summary>
public sealed class SqliteHost : RosterHost
{
    private readonly TempFolder _folder = new();

    internal override string Database => "sqlite:" + File;

    protected override RosterHost Create(bool alone) => new SqliteHost();

    /// <summary>A second host, not yet started; dispose it.</summary>
    internal SqliteHost Another() => (SqliteHost)Create(alone: true);

    public string File => _folder.File("roster.db");

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}
