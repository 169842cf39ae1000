using System.Diagnostics;

namespace Roster.Bench.Processes;

/// <summary>
/// Carries out a command when this program ends in any way, so also when it is killed, unless it is disposed before. It is a
/// shell in a session of its own, which a signal to this program's group does not reach, waiting for its input to end.
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
