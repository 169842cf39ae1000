using System.Runtime.CompilerServices;

namespace Roster.Tests.Hosting;

/// <summary>A fact of Citus. Where ROSTER_TEST_POSTGRES names none it is not asked for: it is neither run nor skipped.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CitusFactAttribute : FactAttribute
{
    public CitusFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line) => Explicit = !PostgresHost.IsCitus;
}
