using Roster.Changes;
using Roster.Partners;
using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Search;

namespace Roster.Storage.Sqlite.Writing;

/// <summary>
/// Finds live partners by address in a transaction: those in the search index, and those that the log names as changed
/// after the index. So a write never waits for the index while it holds up others.
/// </summary>
internal sealed class SqliteEmailMatches
{
    /// <summary>Changes that the index has not seen yet: the write lock is held while they are read.</summary>
    private const int MaxUnseen = 100_000;

    private readonly SqliteDatabase _database;
    private readonly long _workspaceId;
    private readonly SqliteSearchIndex _index;
    private readonly HashSet<Guid> _changed;
    private ILookup<string, Guid>? _byEmail;

    /// <exception cref="StoreException">The index is too far behind: <see cref="StoreTrouble.SearchBehind"/>.</exception>
    public SqliteEmailMatches(SqliteDatabase database, long workspaceId, SqliteSearchIndex index, long end)
    {
        (_database, _workspaceId, _index) = (database, workspaceId, index);
        var reached = index.Reached;
        // The index was up to date a moment ago. If it is far behind now, it is being filled anew.
        _changed = SqliteStore.ReadChanged(database, workspaceId, reached, end, MaxUnseen) ?? throw new StoreException(
            StoreTrouble.SearchBehind, $"The search index is at revision {reached} and {end} is wanted.");
    }

    /// <param name="email">The folded address.</param>
    /// <returns>In id order, at most <see cref="RowsNow.MaxMatches"/>.</returns>
    public List<Partner> Find(string email)
    {
        // The index is outdated for changed partners.
        var indexed = _index.Read(search => SqliteSearchQuery.IdsWithEmail(search, email, _changed, RowsNow.MaxMatches));
        return
        [
            .. indexed.Concat(Changed(email)).Order().Take(RowsNow.MaxMatches)
                .Select(id => SqliteStore.ReadPartner(_database, _workspaceId, id)).OfType<Partner>(),
        ];
    }

    private IEnumerable<Guid> Changed(string email)
    {
        _byEmail ??= _changed.Select(id => SqliteStore.ReadPartner(_database, _workspaceId, id)).OfType<Partner>()
            .Where(partner => partner is { DeletedAt: null, Email: not null })
            .ToLookup(partner => Upsert.FoldEmail(partner.Email!), partner => partner.Id);
        return _byEmail[email];
    }
}
