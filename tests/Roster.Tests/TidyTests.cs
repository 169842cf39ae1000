using System.Text.RegularExpressions;

namespace Roster.Tests;

/// <summary>Rules of the sources that no compiler checks.</summary>
public sealed partial class TidyTests
{
    private const int MaxCode = 140;
    private const int MaxProse = 120;
    private const int MaxListed = 20;

    private static readonly string[] CodeExtensions = [".cs", ".sql", ".sh", ".yaml", ".ts", ".js", ".py"];

    /// <summary>Folders of the sources, if they must be found without git.</summary>
    private static readonly string[] SourceFolders = ["src", "tests", "bench", "build", "docs"];

    /// <summary>Folders within them that git ignores.</summary>
    private static readonly string[] IgnoredFolders = ["bin", "obj", "node_modules", "artifacts"];

    [Fact]
    public async Task No_line_of_code_is_longer_than_140_characters()
    {
        var files = (await FilesAsync())
            .Where(file => CodeExtensions.Contains(Path.GetExtension(file), StringComparer.Ordinal))
            .Where(file => !file.StartsWith("tests/data/", StringComparison.Ordinal));
        AssertNone("lines are too long", files.SelectMany(file => LongLines(file, File.ReadLines(PathOf(file)), MaxCode)));
    }

    [Fact]
    public async Task No_line_of_prose_is_longer_than_120_characters()
    {
        var files = (await FilesAsync()).Where(file => Path.GetExtension(file) == ".md");
        AssertNone("lines are too long", files.SelectMany(file => LongLines(file, Prose(File.ReadLines(PathOf(file))), MaxProse)));
    }

    [Fact]
    public async Task Each_page_that_code_scripts_and_settings_name_is_there()
    {
        var files = (await FilesAsync()).Where(file => !file.StartsWith("tests/data/", StringComparison.Ordinal)
            && (CodeExtensions.Contains(Path.GetExtension(file), StringComparer.Ordinal)
                || Path.GetExtension(file) is ".yml" or ".json" or ".service" or ".conf"));
        AssertNone("files name pages that are not there", files.SelectMany(file => Page().Matches(File.ReadAllText(PathOf(file)))
            .Select(page => page.Value).Where(page => !File.Exists(PathOf(page))).Select(page => $"{file}: {page}")));
    }

    [GeneratedRegex(@"\bdocs/[A-Za-z0-9/_.-]+\.md\b")]
    private static partial Regex Page();

    [Fact]
    public async Task Using_directives_are_sorted_with_those_of_System_first()
    {
        var files = (await FilesAsync()).Where(file => Path.GetExtension(file) == ".cs");
        AssertNone("files have unsorted using directives", files.Where(file =>
        {
            var names = File.ReadLines(PathOf(file)).TakeWhile(line => line is "" || line.StartsWith("using ", StringComparison.Ordinal))
                .Select(line => UsingDirective().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value).ToList();
            return !names.SequenceEqual(
                names.OrderBy(name => name.Split('.')[0] != "System").ThenBy(name => name, StringComparer.OrdinalIgnoreCase));
        }));
    }

    [GeneratedRegex(@"^using ([\w.]+);")]
    private static partial Regex UsingDirective();

    [Fact]
    public void The_order_of_classes_knows_a_class_by_its_collection() => Assert.Equal(
        typeof(TidyTests).FullName, LongestFirst.ClassOf(TestContext.Current.TestCollection!));

    /// <summary>./test.sh finds them by their names, to run them on several versions of PostgreSQL.</summary>
    [Fact]
    public async Task Classes_of_tests_that_use_PostgreSQL_say_so_in_their_names()
    {
        var files = (await FilesAsync())
            .Where(file => Path.GetExtension(file) == ".cs" && file.StartsWith("tests/Roster.Tests/", StringComparison.Ordinal))
            .Where(file => !file.StartsWith("tests/Roster.Tests/Hosting/", StringComparison.Ordinal));
        var users = files.SelectMany(file => TypeDeclaration().Split(File.ReadAllText(PathOf(file))).Skip(1))
            .Where(type => PostgresServer().IsMatch(type)).Select(type => TestClass().Match(type))
            .Where(match => match.Success).Select(match => match.Groups[1].Value).ToList();
        Assert.Contains(nameof(Server.TwoServersOnPostgresTests), users);
        AssertNone("classes of tests that use PostgreSQL have neither Postgres nor PgBouncer in their names", users.Where(name =>
            !name.Contains("Postgres", StringComparison.Ordinal) && !name.Contains("PgBouncer", StringComparison.Ordinal)));
    }

    /// <summary>The start of each type of a file.</summary>
    [GeneratedRegex(@"^(?=(?:public|internal) )", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"^public (?:(?:sealed|partial) )*class (\w+)")]
    private static partial Regex TestClass();

    [GeneratedRegex(@"\bP(?:ostgres|gBouncer)(?:Host|Cluster|Seed)\b")]
    private static partial Regex PostgresServer();

    /// <summary>The lines of a page. Code, tables and lines that are one long link become empty.</summary>
    private static IEnumerable<string> Prose(IEnumerable<string> lines)
    {
        var isCode = false;
        foreach (var line in lines)
        {
            var isFence = line.TrimStart().StartsWith("```", StringComparison.Ordinal);
            isCode ^= isFence;
            var isExempt = isCode || isFence || line.StartsWith("    ", StringComparison.Ordinal)
                || line.StartsWith('|') || OneLink().IsMatch(line);
            yield return isExempt ? "" : line;
        }
    }

    [GeneratedRegex(@"^[-*\s]*(\[[^\]]*\](\([^)]*\)|: ?\S+)|<?https?://\S+)[.,;]?$")]
    private static partial Regex OneLink();

    private static IEnumerable<string> LongLines(string file, IEnumerable<string> lines, int most) =>
        lines.Index().Where(line => line.Item.Length > most).Select(line => $"{file}:{line.Index + 1}");

    internal static void AssertNone(string rule, IEnumerable<string> offenders)
    {
        var all = offenders.ToList();
        Assert.True(all.Count == 0, $"{all.Count} {rule}:\n{string.Join('\n', all.Take(MaxListed))}");
    }

    private static string PathOf(string file) => Path.Combine(Repository.Root, file);

    /// <summary>The files that git tracks, or else all files of the source folders, relative to the root.</summary>
    private static async Task<IReadOnlyList<string>> FilesAsync()
    {
        if (Path.Exists(PathOf(".git")))
            return (await Repository.RunAsync("", "git", "ls-files", "-z"))
                .Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(file => File.Exists(PathOf(file))).ToList();
        return Directory.EnumerateFiles(Repository.Root)
            .Concat(SourceFolders.SelectMany(folder => Walk(new DirectoryInfo(PathOf(folder)))))
            .Select(file => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/')).ToList();
    }

    private static IEnumerable<string> Walk(DirectoryInfo folder) => folder.EnumerateFiles().Select(file => file.FullName)
        .Concat(folder.EnumerateDirectories().Where(below => !IgnoredFolders.Contains(below.Name)).SelectMany(Walk));
}
