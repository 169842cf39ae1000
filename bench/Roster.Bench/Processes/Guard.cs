using System.Diagnostics;

namespace Roster.Bench.Processes;

/// <summary>
/// Runs a command when this program ends in any way, even if killed, unless disposed before. It is a shell that waits
/// for the end of its input. It has a session of its own: signals to this program's group do not reach it.
/// </summary>
internal sealed class Guard : IDisposable
{
    private const string Waiting = "exec >/dev/null 2>&1; read -r word; [ \"$word\" = done ] || exec \"$@\"";

    private readonly Process _shell;

    public Guard(params string[] command)
    {
        var start = new ProcessStartInfo("setsid", ["sh", "-c", Waiting, "guard", .. command])
        {
            RedirectStandardInput = true,
            WorkingDirectory = "/",
        };
        _shell = Process.Start(start)!;
    }

    public void Dispose()
    {
        _shell.StandardInput.WriteLine("done");
        _shell.StandardInput.Close();
        _shell.WaitForExit();
        _shell.Dispose();
    }
}
