namespace Roster.Tests.Packaging;

/// <summary>What the systemd unit runs, and with which variables, where there is no systemd to read it.</summary>
internal sealed class Unit
{
    private readonly ILookup<string, string> _settings;

    private Unit(string file) => _settings = File.ReadLines(file)
        .Where(line => line.Contains('=', StringComparison.Ordinal) && line[0] != '#')
        .ToLookup(line => line.Split('=', 2)[0], line => line.Split('=', 2)[1]);

    public static string Source { get; } = Path.Combine(Repository.Root, "packaging/deb/roster.service");

    public string User => _settings["User"].Single() + ":" + _settings["Group"].Single();

    /// <summary>Writes the unit into a folder, with a command that is installed here.</summary>
    public static async Task WriteAsync(string folder) => await File.WriteAllTextAsync(
        Path.Combine(folder, "roster.service"),
        (await File.ReadAllTextAsync(Source)).Replace("=/usr/lib/roster/Roster.Server", "=/bin/true", StringComparison.Ordinal));

    /// <summary>What systemd finds wrong with the unit in a folder, and with what changes it there.</summary>
    public static Task<string> VerifyAsync(string folder) => Repository.RunAsync(
        "", "sh", "-c", $"systemd-analyze verify --man=no '{Path.Combine(folder, "roster.service")}' 2>&1");

    /// <summary>The unit's command in its root, as its user, in its folder, with its variables and no others.</summary>
    public static string[] CommandIn(RootFolder root)
    {
        var unit = new Unit(root.File("/usr/lib/systemd/system/roster.service"));
        var file = unit._settings["EnvironmentFile"].Single().TrimStart('-');
        var variables = unit._settings["Environment"]
            .Concat(File.ReadLines(root.File(file)).Where(line => line.Length > 0 && line[0] != '#'));
        return root.Command(unit.User, null,
            ["env", "-i", $"--chdir={unit._settings["WorkingDirectory"].Single()}", .. variables, unit._settings["ExecStart"].Single()]);
    }
}
