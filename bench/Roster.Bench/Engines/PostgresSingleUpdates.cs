using System.Diagnostics;
using Npgsql;

namespace Roster.Bench.Engines;

/// <summary>
/// Updates one by one on several connections, each with its own thread. A transaction is one round trip.
/// </summary>
internal sealed class PostgresSingleUpdates(RawBatch batch, Func<NpgsqlConnection> open, TimeSpan duration)
{
    private const string Update = """
        update partner set updated_at = $2, revision = $3, name = $5, email = $6, phone = $7 where workspace_id = $1 and id = $4
        """;

    private long _start;

    /// <returns>Rows per second.</returns>
    public async Task<double> RunAsync(int connections, long workspaceId)
    {
        // The clock starts when all are connected and have prepared their statement.
        using var ready = new Barrier(connections, _ => _start = Stopwatch.GetTimestamp());
        var written = await Task.WhenAll(Enumerable.Range(0, connections).Select(worker => Task.Factory.StartNew(
            () => Write(worker, connections, workspaceId, ready), TaskCreationOptions.LongRunning)));
        return written.Sum() / duration.TotalSeconds;
    }

    private int Write(int worker, int workers, long workspaceId, Barrier ready)
    {
        using var connection = open();
        var id = new NpgsqlParameter<Guid>();
        var name = new NpgsqlParameter<string>();
        var email = new NpgsqlParameter<string>();
        var phone = new NpgsqlParameter<string>();
        using var update = new NpgsqlCommand(Update, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<long> { TypedValue = workspaceId },
                new NpgsqlParameter<long> { TypedValue = batch.Revision.At.Microseconds },
                new NpgsqlParameter<long> { TypedValue = batch.Revision.Number },
                id, name, email, phone,
            },
        };
        Take(batch.Rows[0]);
        update.Prepare();
        ready.SignalAndWait();
        var written = 0;
        for (var next = worker; Stopwatch.GetElapsedTime(_start) < duration; next += workers)
        {
            Take(batch.Rows[next % batch.Rows.Length]);
            written += update.ExecuteNonQuery();
        }
        return written;

        void Take(RawRow row) =>
            (id.TypedValue, name.TypedValue, email.TypedValue, phone.TypedValue) =
                (row.Id, row.Person.Name, row.Person.Email, row.Person.Phone);
    }
}
