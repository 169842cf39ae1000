namespace Roster.Storage.Postgres.Connections;

/// <summary>The settings that decide whether a PostgreSQL server keeps what it acknowledges.</summary>
internal readonly record struct DurableSettings(string Fsync, string Commit, string Pages)
{
    /// <returns>Null if it does.</returns>
    public StoreException? Trouble(string server) => (Fsync, Commit, Pages) is ("on", not "off", "on") ? null : new StoreException(
        StoreTrouble.Unavailable,
        $"{server} can lose what it has acknowledged: fsync is {Fsync}, synchronous_commit {Commit}, full_page_writes {Pages}. "
        + "Turn them on, or accept that with --unsafe-database on.");
}
