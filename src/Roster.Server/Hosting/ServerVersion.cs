using System.Reflection;

namespace Roster.Server.Hosting;

/// <summary>The version of Roster, such as <c>1.2.0</c>.</summary>
internal static class ServerVersion
{
    public static string Text { get; } =
        typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
