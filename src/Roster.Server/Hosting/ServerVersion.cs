using System.Reflection;

namespace Roster.Server.Hosting;

/// <summary>The version of Roster, such as <c>1.2.0</c>.</summary>
internal static class ServerVersion
{
    /// <summary>Without the commit, which the build adds after a plus sign.</summary>
    public static string Text { get; } =
        typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
