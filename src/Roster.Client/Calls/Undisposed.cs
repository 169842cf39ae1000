namespace Roster.Client;

/// <summary>Reads a stream that its owner disposes.</summary>
internal sealed class Undisposed(Stream inner) : ReadOnlyStream(inner);
