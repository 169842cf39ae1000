using Npgsql;
using Roster.Batches;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Postgres.Connections;
using Roster.Storage.Postgres.Search;

namespace Roster.Storage.Postgres.Writing;

/// <summary>Begins a write's transaction, and reads in it the rows that its changes must see.</summary>
internal sealed class PostgresRowReader(PostgresDatabase database)
{
    /// <summary>More rows than this are read on two connections.</summary>
    private const int ReadByOne = 1_000;

    /// <summary>Looked up one by one, as by id. No two live partners have the same; if they did, that would be seen.</summary>
    internal static readonly string SelectHolders = $"""
        select {PartnerColumns.All} from unnest((select $2::text[])) as n (sought) cross join lateral (
            select {PartnerColumns.All} from partner where workspace_id = $1 and external_id = n.sought and deleted_at is null limit 2) as partner
        """;

    private static readonly string SelectRest = $"""
        select {PartnerColumns.All} from partner where workspace_id = $1 and deleted_at is null and not (id = any ($2)) order by id limit $3
        """;

    /// <summary>The live partners with these external ids: many on two connections, as those that are named.</summary>
    private async Task<IReadOnlyList<Partner>> HoldersAsync(
        NpgsqlConnection connection, long workspaceId, string[] externalIds, Revision end)
    {
        if (externalIds.Length <= ReadByOne)
            return await ReadSomeAsync(externalIds);
        var second = externalIds[(externalIds.Length / 2)..];
        var beside = Task.Run(() => ReadBesideAsync(
            workspaceId, end, [Select(second)], reader => reader.ReadAsync(PostgresStore.MapPartner, CancellationToken.None)));
        List<Partner> first;
        try
        {
            first = await ReadSomeAsync(externalIds[..(externalIds.Length / 2)]);
        }
        finally
        {
            await beside;
        }
        return [.. first, .. await beside ?? await ReadSomeAsync(second)];

        PostgresStatement Select(string[] some) => new(SelectHolders, workspaceId, some);

        Task<List<Partner>> ReadSomeAsync(string[] some) => connection.ListAsync(Select(some), PostgresStore.MapPartner, CancellationToken.None);
    }

    /// <summary>Begins the transaction, takes the workspace's log, and reads the partners that are named.</summary>
    /// <returns>The log's end.</returns>
    public async Task<Revision> BeginAndReadAsync(NpgsqlConnection connection, long workspaceId, PostgresRows rows)
    {
        PostgresStatement[] begin = [.. PostgresDatabase.Begin, new(PostgresDatabase.LockLogEnd, workspaceId)];
        if (rows.Count <= ReadByOne)
            return await RunBeginAsync(connection, rows, [.. begin, .. rows.Select(workspaceId, ..)]);
        var end = await RunBeginAsync(connection, rows, begin);
        var (first, second) = (..(rows.Count / 2), (rows.Count / 2)..);
        // On a thread of its own: where nothing made it wait, it would send and read much before the first half is asked for.
        var beside = Task.Run(() => ReadBesideAsync<object>(workspaceId, end, rows.Select(workspaceId, second), async reader =>
        {
            await rows.AddAsync(reader);
            return rows;
        }));
        try
        {
            await ReadNamedAsync(connection, workspaceId, rows, first);
        }
        finally
        {
            await beside;
        }
        if (await beside is null)
            await ReadNamedAsync(connection, workspaceId, rows, second);
        return end;
    }

    /// <summary>
    /// Reads half of a large change's partners on another connection, in one round trip: the workspace's log is held, so both see the
    /// same, and the server finds them in half the time.
    /// </summary>
    /// <returns>Null where they cannot be had so, or it is a server that has another log.</returns>
    private async Task<T?> ReadBesideAsync<T>(
        long workspaceId, Revision end, PostgresStatement[] select, Func<NpgsqlDataReader, Task<T>> read)
        where T : class
    {
        PostgresStatement[] statements = [.. PostgresDatabase.Begin, new(PostgresStore.SelectEnd, workspaceId), .. select, new("rollback")];
        try
        {
            return await database.ReadNowAsync(
                async connection =>
                {
                    await using var reader = await connection.QueryAsync(CancellationToken.None, statements);
                    return await ReadEndAsync(reader) == end && await reader.NextResultAsync() ? await read(reader) : null;
                },
                CancellationToken.None);
        }
        catch (StoreException)
        {
            return null;
        }
    }

    /// <param name="statements">Of those that give rows, the first gives the log's end, and the second, where there is one, partners.</param>
    /// <returns>The log's end.</returns>
    private static async Task<Revision> RunBeginAsync(NpgsqlConnection connection, PostgresRows rows, PostgresStatement[] statements)
    {
        await using var reader = await connection.QueryAsync(CancellationToken.None, statements);
        var end = await ReadEndAsync(reader);
        if (await reader.NextResultAsync())
            await rows.AddAsync(reader);
        return end;
    }

    private static async Task<Revision> ReadEndAsync(NpgsqlDataReader reader) => await reader.ReadAsync()
        ? new Revision(reader.GetInt64(0), reader.Timestamp(1)) : throw PostgresFailure.MissingRow(PostgresDatabase.LockLogEnd);

    private static async Task ReadNamedAsync(NpgsqlConnection connection, long workspaceId, PostgresRows rows, Range part)
    {
        await using var reader = await connection.QueryAsync(CancellationToken.None, rows.Select(workspaceId, part));
        await rows.AddAsync(reader);
    }

    /// <summary>Reads what a change must see beside the partners that it names: matches, who holds its external ids, the rest of a mirror.</summary>
    public async Task<RowsNow> ReadMoreAsync(NpgsqlConnection connection, long workspaceId, Change change, PostgresRows rows, Revision end)
    {
        var now = rows.Of(change);
        string[] given = [.. change.GivenEmails(now)];
        string[] values = [.. change.Sought.Select(sought => sought.Value).Concat(given).Distinct()];
        var sought = new HashSet<string>();
        if (values.Length > 0)
        {
            var isByEmail = change.MatchOn == MatchOn.Email;
            var matches = isByEmail ? await PostgresSearch.WithEmailAsync(connection, workspaceId, values, end.Number)
                : (await HoldersAsync(connection, workspaceId, values, end)).ToLookup(partner => partner.ExternalId!);
            foreach (var (index, value) in change.Sought)
                now.Match(index, [.. matches[value]]);
            foreach (var email in given)
                now.HoldEmail(email, [.. matches[email]]);
            if (!isByEmail)
            {
                foreach (var holder in matches.SelectMany(one => one))
                    now.Hold(holder.ExternalId!, holder.Id);
                sought = [.. values];
            }
        }
        // What was sought is known already.
        var claimed = change.Claimed(now).Where(value => !sought.Contains(value)).Distinct().ToArray();
        if (claimed.Length > 0)
            foreach (var holder in await HoldersAsync(connection, workspaceId, claimed, end))
                now.Hold(holder.ExternalId!, holder.Id);
        if (change.Mirror is { } mirror)
        {
            var live = await connection.OneAsync(new PostgresStatement(PostgresStore.SelectLive, workspaceId), row => row.GetInt64(0), CancellationToken.None);
            now.SetRest(await connection.ListAsync(
                new PostgresStatement(SelectRest, workspaceId, now.Found.Select(partner => partner.Id).ToArray(), (long)now.CountRest(live, mirror)),
                PostgresStore.MapPartner, CancellationToken.None));
        }
        return now;
    }
}
