using Roster.Imports;

namespace Roster.Tests.Storage;

/// <summary>SQLite only: blocks of imports are in a file of their own, which may not fit the database.</summary>
public sealed class LostImportsTests(SqliteHost host)
{
    [Fact]
    public async Task A_server_that_starts_deletes_files_and_rows_of_imports_that_the_database_does_not_have()
    {
        var ids = Enumerable.Range(1, 4).Select(i => new Guid(i, 0, 0, new byte[8])).ToList();
        var (kept, forgotten) = (ids[0], ids[1]);
        var workspace = 0L;
        await using var own = await host.AnotherAsync(wrap: store =>
        {
            AddAsync(store).GetAwaiter().GetResult();
            return store;
        });
        while (await CountAsync(ids[3], ImportBlockKind.Rows) > 0)
            await Task.Delay(10);

        Assert.Equal((1, 250), (await CountAsync(kept, ImportBlockKind.File), await CountAsync(kept, ImportBlockKind.Rows)));
        foreach (var id in ids[1..])
            Assert.Equal((0, 0), (await CountAsync(id, ImportBlockKind.File), await CountAsync(id, ImportBlockKind.Rows)));

        async Task AddAsync(IRosterStore store)
        {
            var none = CancellationToken.None;
            workspace = (await store.AddWorkspaceAsync("w", new Timestamp(1), none))!.Id;
            var document = new Import { State = ImportState.Applied }.ToStored(null).Document;
            var later = Timestamp.From(DateTimeOffset.UtcNow.AddHours(1));
            await store.AddImportAsync(new StoredImport(workspace, kept, 1, later, document), none);
            await store.AddImportAsync(new StoredImport(workspace, forgotten, 1, null, document), none);
            foreach (var id in ids)
                await store.WriteImportBlocksAsync(
                    workspace, id,
                    [
                        new(ImportBlockKind.File, 0, [], [1]),
                        .. Enumerable.Range(0, 250).Select(i => new ImportBlock(ImportBlockKind.Rows, i, [], [1])),
                    ],
                    none);
        }

        async Task<int> CountAsync(Guid id, ImportBlockKind kind) =>
            (await own.Store.ListImportBlocksAsync(workspace, id, kind, 0, 1_000, CancellationToken.None)).Count;
    }
}
