namespace Roster;

/// <summary>A database, and how far a workspace's search index is.</summary>
/// <param name="Engine">Name and version, such as <c>SQLite 3.51.3</c>.</param>
/// <param name="Revision">The workspace's newest revision.</param>
/// <param name="SearchRevision">The revision that its searches show.</param>
/// <param name="DiskFreeBytes">Free bytes of the database's disk; null if the database is elsewhere.</param>
/// <param name="DatabaseBytes">Bytes of the whole database, with search indexes and files of imports; null if they are not known.</param>
public sealed record StoreStatus(string Engine, long Revision, long SearchRevision, long? DiskFreeBytes, long? DatabaseBytes);
