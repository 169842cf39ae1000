using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;
using Roster.Server.Hosting;

namespace Roster.Server.Help;

/// <summary>
/// GET /help/…: the pages of docs/, which are resources of the assembly; and GET /errors, where the <c>type</c> of each
/// problem leads. A page is rendered when it is first asked for, and kept: at most as many as the build has, which a test
/// keeps below 8 MiB together.
/// </summary>
internal sealed class HelpPages
{
    public const string Path = "/help";

    public const string Route = "/help/{**path}";

    private const string Errors = "reference/errors";

    private const string Html = "text/html; charset=utf-8";

    private readonly FrozenDictionary<string, Lazy<HelpAnswer>> _answers;
    private readonly Lazy<HelpAnswer> _notFound;

    public HelpPages(ServerSettings settings)
        : this(settings.IsConsoleOn, Metadata("RepositoryUrl"))
    {
    }

    /// <param name="repository">The address of the sources; null if it is not known.</param>
    internal HelpPages(bool isConsoleOn, string? repository)
    {
        var links = new HelpLinks(repository);
        var pages = ReadPages();
        var frame = new HelpFrame(pages, isConsoleOn);
        var answers = pages.ToDictionary(
            page => page.Path, page => Page(() => frame.Around(page.Title, page.Render(links), page)), StringComparer.Ordinal);
        answers[""] = Page(frame.Index);
        answers[HelpFrame.Decisions] = Page(frame.IndexOfDecisions);
        foreach (var (path, name) in Resources(".png"))
            answers[path] = new(() => new HelpAnswer(Read(name), "image/png"));
        _answers = answers.ToFrozenDictionary(StringComparer.Ordinal);
        _notFound = Page(frame.NotFound);
    }

    /// <summary>The paths below /help/ of everything that is served.</summary>
    internal IEnumerable<string> Paths => _answers.Keys;

    /// <param name="path">Below /help/.</param>
    public static Task Show(HttpContext http, HelpPages pages, string? path) => pages.SendAsync(http, path?.TrimEnd('/') ?? "");

    public static Task ShowErrors(HttpContext http, HelpPages pages) => pages.SendAsync(http, Errors);

    internal HelpAnswer? Find(string path) => _answers.GetValueOrDefault(path)?.Value;

    private Task SendAsync(HttpContext http, string path)
    {
        if (Find(path) is { } answer)
        {
            http.Response.Headers.CacheControl = "no-cache";
            if (answer.ContentType == Html)
                http.Response.Headers.ContentSecurityPolicy = HelpFrame.Policy;
            return TypedResults.Bytes(answer.Bytes, answer.ContentType, entityTag: answer.Tag).ExecuteAsync(http);
        }
        // As the file is called in the sources.
        return path.EndsWith(HelpLinks.Ending, StringComparison.Ordinal) && _answers.ContainsKey(path[..^HelpLinks.Ending.Length])
            ? TypedResults.LocalRedirect($"{Path}/{path[..^HelpLinks.Ending.Length]}").ExecuteAsync(http)
            : SendNotFoundAsync(http);
    }

    private async Task SendNotFoundAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        http.Response.ContentType = Html;
        http.Response.Headers.ContentSecurityPolicy = HelpFrame.Policy;
        // Else it would be a bare status, which becomes a problem.
        await http.Response.StartAsync(http.RequestAborted);
        await http.Response.Body.WriteAsync(_notFound.Value.Bytes, http.RequestAborted);
    }

    /// <summary>All pages: by title, decisions by number.</summary>
    private static List<HelpPage> ReadPages() =>
    [
        .. Resources(HelpLinks.Ending).Select(page => new HelpPage(page.Path, Encoding.UTF8.GetString(Read(page.Name))))
            .OrderBy(page => page.Folder == HelpFrame.Decisions ? page.Path : page.Title, StringComparer.OrdinalIgnoreCase),
    ];

    private static Lazy<HelpAnswer> Page(Func<string> render) => new(() => new HelpAnswer(Encoding.UTF8.GetBytes(render()), Html));

    /// <summary>The files of docs/ with this ending: their paths below docs/, and their names as resources.</summary>
    private static IEnumerable<(string Path, string Name)> Resources(string ending) => typeof(HelpPages).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(HelpLinks.Folder, StringComparison.Ordinal) && name.EndsWith(ending, StringComparison.Ordinal))
        // A build on Windows has its own slashes in them.
        .Select(name => (name[HelpLinks.Folder.Length..].Replace('\\', '/'), name));

    private static byte[] Read(string name)
    {
        using var stream = typeof(HelpPages).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static string? Metadata(string key) => typeof(HelpPages).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(one => one.Key == key)?.Value;
}

/// <summary>What is sent for one path.</summary>
internal sealed class HelpAnswer(byte[] bytes, string contentType)
{
    public byte[] Bytes => bytes;

    public string ContentType => contentType;

    /// <summary>Weak: the same for the compressed form, which is made when it is sent.</summary>
    public EntityTagHeaderValue Tag { get; } = new($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 16))}\"", isWeak: true);
}
