namespace Roster.Server.Hosting;

/// <summary>When this server started.</summary>
internal sealed record ServerStart(Timestamp At);
