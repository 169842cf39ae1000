namespace Roster.Bench;

/// <summary>A database engine with two databases: one that it works on alone, at its best, and one for the server.</summary>
internal interface IEngine : IDisposable
{
    /// <summary>With its version.</summary>
    string Name { get; }

    /// <summary>The server's database, as its option <c>--database</c> names it.</summary>
    string ServerDatabase { get; }

    /// <summary>Makes a batch ready for the engine alone, outside the clock.</summary>
    /// <returns>Writes the batch in one durable transaction and says how long that took. To be called once.</returns>
    Func<TimeSpan> Prepare(RawBatch batch);

    /// <summary>Returns when neither the server nor the engine has anything left to do.</summary>
    Task RestAsync(ProcessState server, CancellationToken cancel);

    /// <summary>How many partners the server's database holds. For when the server has ended.</summary>
    long CountServersPartners();
}

/// <summary>The engines by the names that the command line has for them.</summary>
internal static class Engines
{
    public const string Sqlite = "sqlite";
    public const string Postgres = "postgresql";

    /// <param name="directory">Where the databases are to lie.</param>
    public static IEngine Create(string name, string directory) =>
        name == Postgres ? new PostgresEngine(directory) : new SqliteEngine(directory);
}
