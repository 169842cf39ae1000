/// <summary>
/// .NET runs this before a process's own code if <c>DOTNET_STARTUP_HOOKS</c> names this assembly. It makes a bug: an
/// exception on a thread of its own, when somebody writes to the pipe named by <c>ROSTER_TEST_BUG</c>; or it lets a statement
/// fail that the file named by <c>ROSTER_TEST_STATEMENT</c> says.
/// </summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable("ROSTER_TEST_STATEMENT") is { } control)
            SqliteStatementFault.Install(control);
        if (Environment.GetEnvironmentVariable("ROSTER_TEST_BUG") is not { } pipe)
            return;
        var bug = new Thread(() => throw new InvalidOperationException("a bug of this test: " + File.ReadAllText(pipe)));
        bug.IsBackground = true;
        bug.Start();
    }
}
