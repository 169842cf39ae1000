using System.Globalization;
using System.Text.RegularExpressions;

namespace Roster.Tests.Packaging;

/// <summary>The systemd unit, as systemd's own tools judge it.</summary>
public sealed partial class UnitTests
{
    private const double MostExposed = 2.0;

    [GeneratedRegex(@"Overall exposure level for \S+: (\d+\.\d+)")]
    private static partial Regex Exposure();

    [Fact]
    public async Task Systemd_rates_its_exposure_at_most_2()
    {
        var rating = await Repository.RunAsync("", "systemd-analyze", "security", "--offline=yes", "--no-pager", Unit.Source);

        Assert.InRange(double.Parse(Exposure().Match(rating).Groups[1].Value, CultureInfo.InvariantCulture), 0, MostExposed);
    }

    [Fact]
    public async Task Systemd_finds_no_fault_in_it()
    {
        using var folder = new TempFolder();
        await Unit.WriteAsync(folder.Path);

        Assert.Empty(await Unit.VerifyAsync(folder.Path));
    }
}
