using System.Diagnostics;

namespace Roster.Tests.Hosting;

/// <summary>A terminal (tmux) in which a command is run, typed into and looked at.</summary>
internal sealed class Tmux : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _socket = $"roster-{Guid.NewGuid():N}";

    /// <param name="command">The folder, variables and program.</param>
    public Tmux(RosterCommand command, int width, int height)
    {
        string[] variables =
        [
            $"HOME={command.Folder}", $"PATH={Path.GetDirectoryName(RosterCommand.Path)}:{Environment.GetEnvironmentVariable("PATH")}",
            "PS1=$ ", "LC_ALL=C.UTF-8", "HISTFILE=/dev/null", .. command.Variables.Select(pair => $"{pair.Key}={pair.Value}"),
        ];
        Run([
            "-f", "/dev/null", "new-session", "-d", "-x", $"{width}", "-y", $"{height}", "-c", command.Folder,
            "env", "-u", "XDG_CONFIG_HOME", "-u", "XDG_STATE_HOME", "-u", "NO_COLOR", .. variables, "bash", "--norc",
        ]);
    }

    /// <summary>Types a line.</summary>
    public void Type(string line)
    {
        Write(line);
        Press("Enter");
    }

    /// <summary>Types text, and nothing after it.</summary>
    public void Write(string text) => Run("send-keys", "-l", text);

    /// <param name="key">As tmux names it, such as <c>C-c</c>.</param>
    public void Press(string key) => Run("send-keys", key);

    /// <summary>The screen and what has scrolled away; a line that is too long for the screen is one line.</summary>
    /// <param name="withColours">With the escape sequences of colours.</param>
    public string Text(bool withColours = false) =>
        Run(["capture-pane", "-p", "-J", "-S", "-500", .. withColours ? (string[])["-e"] : []]);

    /// <summary>Waits until this text is on the screen.</summary>
    public async Task<string> SeesAsync(string text)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var now = Text();
            if (now.Contains(text, StringComparison.Ordinal))
                return now;
            Assert.True(Stopwatch.GetElapsedTime(started) < Patience, $"'{text}' never came:\n{now}");
            await Task.Delay(50);
        }
    }

    public void Dispose() => Run("kill-server");

    private string Run(params IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("tmux", ["-L", _socket, .. arguments])
        {
            RedirectStandardOutput = true,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
