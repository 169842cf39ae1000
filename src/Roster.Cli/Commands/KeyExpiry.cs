using Roster.Cli.Terminal;
using Roster.Client;

namespace Roster.Cli.Commands;

/// <summary>Says when the key that is used ends soon.</summary>
internal static class KeyExpiry
{
    private static readonly TimeSpan Soon = TimeSpan.FromDays(14);

    public static void Warn(Screen screen, Identity who)
    {
        if (who.ExpiresAt is { } end && end - DateTimeOffset.UtcNow < Soon)
            screen.Warn($"The key {who.Actor.Name} expires on {end:yyyy-MM-dd HH:mm} UTC. "
                + $"Rotate it with a key that ends later: roster keys rotate {who.Actor.Id}");
    }
}
