/// <summary>
/// What .NET runs in a process that names this assembly in <c>DOTNET_STARTUP_HOOKS</c>, before its own code: a bug on a thread of its own,
/// which happens when somebody writes to the pipe that <c>ROSTER_TEST_BUG</c> names.
/// </summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        var pipe = Environment.GetEnvironmentVariable("ROSTER_TEST_BUG")!;
        new Thread(() => throw new InvalidOperationException(
            "a bug of this test: " + File.ReadAllText(pipe))) { IsBackground = true }.Start();
    }
}
