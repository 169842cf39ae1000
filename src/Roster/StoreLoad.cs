namespace Roster;

/// <summary>How busy a database is, as far as this server knows without asking it.</summary>
/// <param name="WaitingWrites">Writes of this server that have not begun.</param>
/// <param name="SearchLag">The age of the oldest write of this server that searches do not show yet.</param>
/// <param name="LogBytes">Bytes of the write-ahead log; null if the engine is elsewhere.</param>
/// <param name="DiskFreeBytes">Free bytes of the database's disk; null if it is elsewhere or cannot be asked.</param>
public readonly record struct StoreLoad(int WaitingWrites, TimeSpan SearchLag, long? LogBytes, long? DiskFreeBytes);
