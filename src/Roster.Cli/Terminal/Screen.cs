using Spectre.Console;

namespace Roster.Cli.Terminal;

/// <summary>
/// What a command writes and asks. Results go to standard output, all else to standard error, so that a result can be piped
/// while one sees what goes on. Lines on standard error have names and texts of files and of the server in them, so they are
/// <see cref="Tables.Shown"/>, also where a log takes them, which is looked at later.
/// </summary>
internal sealed class Screen
{
    private readonly bool _isQuiet;
    private readonly bool _hasColour;

    /// <param name="hasColour">Whether the person wants colours; they are used on terminals only.</param>
    public Screen(bool hasColour, bool isQuiet)
    {
        _isQuiet = isQuiet;
        var wants = hasColour && Tables.WantsColour;
        _hasColour = IsNoteTerminal && wants;
        Results = Tables.Open(Console.Out, IsResultTerminal && wants);
        Notes = Tables.Open(Console.Error, _hasColour);
    }

    /// <summary>Standard output, for tables.</summary>
    public IAnsiConsole Results { get; }

    /// <summary>Standard error, for bars and prompts.</summary>
    public IAnsiConsole Notes { get; }

    public bool IsResultTerminal { get; } = !Console.IsOutputRedirected;

    public bool IsNoteTerminal { get; } = !Console.IsErrorRedirected;

    /// <summary>Whether somebody is there to answer.</summary>
    public bool CanAsk { get; } = !Console.IsInputRedirected && !Console.IsErrorRedirected;

    /// <summary>A line about what goes on; nothing with --quiet.</summary>
    public void Note(string line = "")
    {
        if (!_isQuiet)
            Console.Error.WriteLine(Tables.Shown(line));
    }

    /// <summary>A line that is written with --quiet too: what is wrong, or what must be known.</summary>
    public void Warn(string line) => Write(line, "\e[33m");

    /// <summary>A line about what failed.</summary>
    public void Fail(string line) => Write(line, "\e[31m");

    private void Write(string line, string colour) =>
        Console.Error.WriteLine(_hasColour ? $"{colour}{Tables.Shown(line)}\e[0m" : Tables.Shown(line));

    public bool ShowsProgress => !_isQuiet;

    /// <summary>Asks for one of some letters.</summary>
    /// <param name="instead">What to give where nobody can answer, such as <c>--yes</c>.</param>
    /// <exception cref="CommandException">Nobody is there.</exception>
    public async Task<char> AskAsync(string question, string letters, string instead, CancellationToken cancel)
    {
        if (!CanAsk)
            throw CommandException.Usage($"This needs an answer, and there is no terminal: \"{question}\" Use {instead}.");
        while (true)
        {
            Console.Error.Write(Tables.Shown(question) + " ");
            var line = await ReadLineAsync(cancel) ?? throw CommandException.Usage($"This needs an answer. Use {instead}.");
            var answer = line.Trim().ToLowerInvariant();
            if (answer.Length > 0 && letters.Contains(answer[0], StringComparison.Ordinal))
                return answer[0];
        }
    }

    /// <summary>Reads a secret: typed unseen on a terminal, else the first line of standard input.</summary>
    public async Task<string> ReadSecretAsync(string prompt, CancellationToken cancel)
    {
        if (Console.IsInputRedirected)
            return (await ReadLineAsync(cancel))?.Trim() ?? "";
        return (await new TextPrompt<string>(Markup.Escape(prompt)).Secret(null).ShowAsync(Notes, cancel)).Trim();
    }

    /// <summary>A line of standard input; null at its end. The console itself would not stop reading for Ctrl-C.</summary>
    public static Task<string?> ReadLineAsync(CancellationToken cancel) =>
        Task.Run(Console.In.ReadLine, CancellationToken.None).WaitAsync(cancel);
}
