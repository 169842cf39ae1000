using Roster.Client;

namespace Roster.Cli.Connections;

/// <summary>A server and a key, and which setting gave each.</summary>
internal sealed record Connection(Uri Url, string UrlFrom, string Key, string KeyFrom)
{
    /// <summary>
    /// By option, then environment, then profile. The key of a profile is sent to no other server than that of the profile.
    /// </summary>
    /// <param name="url">--url; null if it is not given.</param>
    /// <param name="keyFile">--key-file; <c>-</c> is standard input.</param>
    /// <param name="profileName">--profile.</param>
    /// <exception cref="CommandException">Something is missing or wrong.</exception>
    public static Connection Resolve(string? url, string? keyFile, string? profileName)
    {
        var asked = profileName ?? Variable("ROSTER_PROFILE");
        var profiles = Profiles.Read();
        var name = asked ?? Profiles.Default;
        var profile = profiles.Find(name);
        if (asked is not null && profile is null)
            throw CommandException.Failed($"There is no profile '{asked}'. " + (profiles.Names.Any()
                ? $"There are: {string.Join(", ", profiles.Names)}." : $"Make it: roster login URL --profile {asked}"));

        var (address, addressFrom) = url is not null ? (url, "--url")
            : Variable("ROSTER_URL") is { } variable ? (variable, "ROSTER_URL")
            : profile is not null ? (profile.Url ?? throw Lacks("server"), $"profile {name}")
            : throw CommandException.Usage("There is no server yet. Log in first: roster login https://roster.example");
        var server = ParseUrl(address);

        if (keyFile is not null)
            return new(server, addressFrom, ReadKey(keyFile), "--key-file");
        if (Variable("ROSTER_KEY") is { } key)
            return new(server, addressFrom, key, "ROSTER_KEY");
        if (Variable("ROSTER_KEY_FILE") is { } file)
            return new(server, addressFrom, ReadKey(file), "ROSTER_KEY_FILE");
        if (profile is null)
            throw CommandException.Usage($"There is no key for {server}. Log in first: roster login {server}");
        if (string.IsNullOrWhiteSpace(profile.Key))
            throw Lacks("key");
        if (profile.Url is null)
            throw Lacks("server");
        if (ParseUrl(profile.Url) != server)
            throw CommandException.Usage(
                $"The key of profile {name} is for {profile.Url}, not for {server} ({addressFrom}). Give a key with --key-file.");
        return new(server, addressFrom, profile.Key, $"profile {name}");

        CommandException Lacks(string what) => CommandException.Usage($"Profile {name} in {Profiles.FilePath} has no {what}. "
            + $"Log in again: roster login {profile.Url ?? "URL"}{(name == Profiles.Default ? "" : $" --profile {name}")}");
    }

    /// <summary>The address of a server: http or https, perhaps with a path.</summary>
    public static Uri ParseUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Query == "" && url.UserInfo == ""
            ? url : throw CommandException.Usage($"'{text}' is not the address of a server, such as https://roster.example.");

    public RosterClient Open()
    {
        var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(15) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        try
        {
            return new RosterClient(http, new RosterClientOptions
            {
                Address = Url,
                Key = Key,
                // Somebody waits; and the same command goes on.
                MaxAttempts = 5,
                RetryTime = TimeSpan.FromSeconds(20),
            });
        }
        catch (ArgumentException wrong)
        {
            throw CommandException.Usage($"{KeyFrom}: {wrong.Message}");
        }
    }

    /// <summary>The first line of a file, or of standard input for <c>-</c>.</summary>
    public static string ReadKey(string file)
    {
        using var reader = file == "-" ? Console.In : new StreamReader(file);
        return reader.ReadLine()?.Trim() is { Length: > 0 } key ? key : throw CommandException.Usage($"There is no key in {file}.");
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
