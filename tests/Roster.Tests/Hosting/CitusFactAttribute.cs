using System.Runtime.CompilerServices;

namespace Roster.Tests.Hosting;

/// <summary>
/// A test of Citus. If ROSTER_TEST_POSTGRES names no Citus, it is not run, and not counted as skipped.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CitusFactAttribute : FactAttribute
{
    public CitusFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line) => Explicit = !PostgresHost.IsCitus;
}
