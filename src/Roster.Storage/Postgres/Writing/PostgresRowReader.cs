using Npgsql;
using Roster.Batches;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Postgres.Connections;
using Roster.Storage.Postgres.Search;

namespace Roster.Storage.Postgres.Writing;

/// <summary>Begins a write's transaction and reads the rows that its changes need.</summary>
internal sealed class PostgresRowReader(PostgresDatabase database)
{
    /// <summary>Most rows read by one connection; more are read by two.</summary>
    private const int MaxRowsOfOne = 1_000;

    /// <summary>
    /// Looks up each id by the index. No two live partners share one; "limit 2" would show it if they did.
    /// </summary>
    internal static readonly string SelectHolders = $"""
        select {PartnerColumns.Checked} from unnest((select $2::text[])) as n (sought) cross join lateral (
            select {PartnerColumns.Checked} from partner
            where workspace_id = $1 and external_id = n.sought and deleted_at is null limit 2) as partner
        """;

    private static readonly string SelectRest = $"""
        select {PartnerColumns.Checked} from partner
        where workspace_id = $1 and deleted_at is null and not (id = any ($2)) order by id limit $3
        """;

    /// <summary>The live partners with these external ids. Many are read on two connections.</summary>
    private async Task<IReadOnlyList<Partner>> HoldersAsync(
        NpgsqlConnection connection, long workspaceId, string[] externalIds, Revision end)
    {
        if (externalIds.Length <= MaxRowsOfOne)
            return await ReadSomeAsync(externalIds);
        var second = externalIds[(externalIds.Length / 2)..];
        var beside = Task.Run(() => ReadBesideAsync(
            workspaceId, end, [Select(second)], reader => reader.ReadAsync(PostgresStore.MapWhole, CancellationToken.None)));
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

        Task<List<Partner>> ReadSomeAsync(string[] some) =>
            PostgresStore.ListAsync(connection, Select(some), CancellationToken.None);
    }

    /// <summary>Begins the transaction, locks the workspace's log, and reads the named partners.</summary>
    /// <returns>The newest revision.</returns>
    public async Task<Revision> BeginAndReadAsync(NpgsqlConnection connection, long workspaceId, PostgresRows rows)
    {
        PostgresStatement[] begin = [.. database.Begin, new(PostgresDatabase.LockLogEnd, workspaceId)];
        if (rows.Count <= MaxRowsOfOne)
            return await RunBeginAsync(connection, rows, [.. begin, .. rows.Select(workspaceId, ..)]);
        var end = await RunBeginAsync(connection, rows, begin);
        var (first, second) = (..(rows.Count / 2), (rows.Count / 2)..);
        // On a thread of its own: otherwise it might run synchronously for long before the first half is requested.
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
    /// Reads half of a large change's partners on another connection, in one round trip, which halves the time. The
    /// workspace's log is locked, so both see the same state.
    /// </summary>
    /// <returns>Null if this fails, or if the connection leads to a server with another log.</returns>
    private async Task<T?> ReadBesideAsync<T>(
        long workspaceId, Revision end, PostgresStatement[] select, Func<NpgsqlDataReader, Task<T>> read)
        where T : class
    {
        PostgresStatement[] statements = [.. database.Begin, new(PostgresStore.SelectEnd, workspaceId), .. select, new("rollback")];
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

    /// <param name="statements">The first with rows returns the newest revision; the second, if any, partners.</param>
    /// <returns>The newest revision.</returns>
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

    /// <summary>
    /// Reads the other rows that a change needs: matches, holders of external ids, and the unnamed partners of a
    /// mirror.
    /// </summary>
    public async Task<RowsNow> ReadMoreAsync(
        NpgsqlConnection connection, long workspaceId, Change change, PostgresRows rows, Revision end)
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
        // The holders of matched external ids are known already.
        var claimed = change.Claimed(now).Where(value => !sought.Contains(value)).Distinct().ToArray();
        if (claimed.Length > 0)
            foreach (var holder in await HoldersAsync(connection, workspaceId, claimed, end))
                now.Hold(holder.ExternalId!, holder.Id);
        if (change.Mirror is { } mirror)
        {
            var live = await connection.OneAsync(
                new PostgresStatement(PostgresStore.SelectLive, workspaceId), row => row.GetInt64(0), CancellationToken.None);
            var found = now.Found.Select(partner => partner.Id).ToArray();
            now.SetRest(await PostgresStore.ListAsync(
                connection,
                new PostgresStatement(SelectRest, workspaceId, found, (long)now.CountRest(live, mirror)),
                CancellationToken.None));
        }
        return now;
    }
}
