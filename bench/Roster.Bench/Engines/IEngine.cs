using Roster.Bench.Processes;

namespace Roster.Bench.Engines;

/// <summary>
/// A database engine with a database that it works on alone, at its best, one for the server, and one for each peer.
/// </summary>
internal interface IEngine : IDisposable
{
    /// <summary>With its version.</summary>
    string Name { get; }

    /// <summary>The server's database, as its option <c>--database</c> names it.</summary>
    string ServerDatabase { get; }

    /// <summary>On how many connections at once the engine alone is to update partners one by one; on one first.</summary>
    IReadOnlyList<int> Connections { get; }

    /// <summary>Makes a batch ready for the engine alone, outside the clock.</summary>
    /// <returns>Writes the batch in one durable transaction and says how long that took. To be called once.</returns>
    Func<TimeSpan> Prepare(RawBatch batch);

    /// <summary>Writes the rows, which exist, each in a durable transaction of its own, as often as the time allows.</summary>
    /// <returns>Rows in a second.</returns>
    Task<double> UpdateOneByOneAsync(RawBatch batch, int connections, TimeSpan duration);

    /// <summary>Reads all partners in the order of the key and writes each as a line of JSON into memory.</summary>
    NdjsonExport Export();

    /// <summary>Copies the database of the engine alone as it is now.</summary>
    /// <returns>An ADO.NET connection string for the copy.</returns>
    string CopyForPeer(string peer);

    /// <summary>
    /// Puts partners, older than all others, right into the tables of the engine alone and of the server, which does not run
    /// meanwhile. The log does not have them.
    /// </summary>
    void Grow(long partners);

    /// <summary>Does at once what the engine does by itself some time after a fill.</summary>
    void Settle();

    /// <summary>Returns when neither servers nor the engine have anything left to do.</summary>
    Task RestAsync(IEnumerable<ProcessState> servers, CancellationToken cancel);

    /// <summary>How many partners the server's database holds. For when the server has ended.</summary>
    long CountServersPartners();
}

/// <summary>The engines by the names that the command line has for them.</summary>
internal static class EngineNames
{
    public const string Sqlite = "sqlite";
    public const string Postgres = "postgresql";
    public const string Both = "both";

    /// <param name="directory">Where the databases are to lie.</param>
    public static IEngine Create(string name, string directory) =>
        name == Postgres ? new PostgresEngine(directory) : new SqliteEngine(directory);
}
