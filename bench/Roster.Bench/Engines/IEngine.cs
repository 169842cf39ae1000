using Roster.Bench.Processes;

namespace Roster.Bench.Engines;

/// <summary>
/// A database engine. It has a database for measuring the engine alone, one for the server, and one for each peer.
/// </summary>
internal interface IEngine : IDisposable
{
    /// <summary>The engine's name and version.</summary>
    string Name { get; }

    /// <summary>The server's database, as its option <c>--database</c> names it.</summary>
    string ServerDatabase { get; }

    /// <summary>Whether the server's tables are to be distributed over nodes before it starts.</summary>
    bool IsDistributed { get; }

    /// <summary>
    /// The numbers of connections on which the engine alone updates partners one by one; the first is 1.
    /// </summary>
    IReadOnlyList<int> Connections { get; }

    /// <summary>Prepares a batch for the engine alone, outside the clock.</summary>
    /// <returns>Writes the batch in one durable transaction and returns the time taken. Call it once.</returns>
    Func<TimeSpan> Prepare(RawBatch batch);

    /// <summary>Writes existing rows, each in a durable transaction of its own, as many as the time allows.</summary>
    /// <returns>Rows per second.</returns>
    Task<double> UpdateOneByOneAsync(RawBatch batch, int connections, TimeSpan duration);

    /// <summary>Reads all partners in key order and writes each as a line of JSON into memory.</summary>
    NdjsonExport Export();

    /// <summary>Copies the database of the engine alone in its present state.</summary>
    /// <returns>An ADO.NET connection string for the copy.</returns>
    string CopyForPeer(string peer);

    /// <summary>
    /// Inserts partners, older than all others, directly into the tables of the engine alone and of the server, which
    /// is stopped. The log does not have them.
    /// </summary>
    void Grow(long partners);

    /// <summary>
    /// Loads a file with the engine's own loader, in one transaction, into an empty table with the keys and indexes of the
    /// server's partners.
    /// </summary>
    /// <param name="file">CSV without a header, in the order of <see cref="LoadColumns"/>.</param>
    TimeSpan Load(string file);

    /// <summary>The columns of <see cref="Load"/>; the server's table has three more, which are null.</summary>
    const string LoadColumns = "workspace_id, id, name, email, phone, created_at, updated_at, revision, external_id";

    /// <summary>Runs at once the maintenance that the engine does by itself some time after a fill.</summary>
    void Settle();

    /// <summary>Waits until neither the servers nor the engine have work left.</summary>
    Task RestAsync(IEnumerable<ProcessState> servers, CancellationToken cancel);

    /// <summary>The number of partners in the server's database. The server must have ended.</summary>
    long CountServersPartners();
}

/// <summary>The engines' names on the command line.</summary>
internal static class EngineNames
{
    public const string Sqlite = "sqlite";
    public const string Postgres = "postgresql";
    public const string Citus = "citus";
    public const string Both = "both";

    /// <param name="directory">The directory for the databases.</param>
    public static IEngine Create(string name, string directory) =>
        name == Sqlite ? new SqliteEngine(directory) : new PostgresEngine(directory, isCitus: name == Citus);
}
