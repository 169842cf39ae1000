using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Roster.Server.Hosting;

namespace Roster.Tests.Server;

public sealed partial class LogTests
{
    /// <summary>A row of the table of events in docs/reference/operations.md.</summary>
    [GeneratedRegex(@"^\| (\d+) \| (\w+) \| ", RegexOptions.Multiline)]
    private static partial Regex Row();

    private static List<(int Id, string Level)> Ours => [.. Events(typeof(ServerLog).Assembly)];

    [Fact]
    public void No_event_shares_its_id_with_another_of_ours_or_of_a_library()
    {
        Assert.Equal(Ours.Count, Ours.DistinctBy(one => one.Id).Count());
        var libraries = AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!.ToString()!.Split(Path.PathSeparator)
            .Where(file => Path.GetFileName(file).StartsWith("Microsoft.", StringComparison.Ordinal))
            .SelectMany(file => Events(Assembly.Load(AssemblyName.GetAssemblyName(file)))).ToList();

        Assert.InRange(libraries.Count, 100, int.MaxValue);
        Assert.Empty(libraries.Select(one => one.Id).Intersect(Ours.Select(one => one.Id)));
    }

    [Fact]
    public void Every_event_is_in_the_manual_with_its_level_and_no_other() => Assert.Equal(
        Ours.OrderBy(one => one.Id).Select(one => $"{one.Id} {one.Level}"),
        Row().Matches(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "pages", "docs", "reference", "operations.md")))
            .Select(row => $"{row.Groups[1].Value} {row.Groups[2].Value}"));

    private static IEnumerable<(int Id, string Level)> Events(Assembly assembly) =>
        from type in Types(assembly)
        from method in type.GetMethods(
            BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        let message = method.GetCustomAttribute<LoggerMessageAttribute>()
        where message is not null
        select (message.EventId, message.Level.ToString());

    private static Type[] Types(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException partly)
        {
            return [.. partly.Types.OfType<Type>()];
        }
    }
}
