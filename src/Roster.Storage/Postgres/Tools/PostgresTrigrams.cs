using Npgsql;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres.Tools;

/// <summary>
/// Requirements of the search index: two extensions that come with PostgreSQL, and an lc_ctype that knows letters.
/// </summary>
internal static class PostgresTrigrams
{
    private const string SelectMissing = """
        select n.extension from unnest(array['pg_trgm', 'btree_gin']) as n (extension)
        where not exists (select 1 from pg_extension where extname = n.extension)
        """;

    /// <summary>
    /// Tests a letter outside ASCII. If lc_ctype is C, PostgreSQL knows no such letters and makes no trigrams of them.
    /// </summary>
    private const string SelectLetters =
        "select cardinality(show_trgm('\u0436')) > 0, datctype::text from pg_database where datname = current_database()";

    /// <summary>
    /// Both are trusted extensions: any role with CREATE in the database may create them
    /// (postgresql.org/docs/15/pgtrgm.html).
    /// </summary>
    /// <exception cref="StoreRefusedException">
    /// One is missing, and the role may not create it or the server does not have it.
    /// </exception>
    public static async Task CreateExtensionsAsync(NpgsqlDataSource source, CancellationToken cancel)
    {
        await using var connection = await source.OpenConnectionAsync(cancel);
        foreach (var extension in await connection.ListAsync(new PostgresStatement(SelectMissing), row => row.GetString(0), cancel))
            try
            {
                await connection.RunAsync(cancel, new PostgresStatement($"create extension {extension}"));
            }
            catch (PostgresException duplicate)
                when (duplicate.SqlState is PostgresErrorCodes.DuplicateObject or PostgresErrorCodes.UniqueViolation)
            {
                // Another server that starts at the same time has created it.
            }
            catch (PostgresException failure) when (failure.SqlState is PostgresErrorCodes.InsufficientPrivilege
                or PostgresErrorCodes.UndefinedFile or PostgresErrorCodes.FeatureNotSupported)
            {
                throw new StoreRefusedException(
                    $"The search index needs PostgreSQL's extension {extension}, which cannot be created: {failure.MessageText}. "
                    + $"An administrator of the database does it with: create extension {extension}; (the extension is part of "
                    + "PostgreSQL, in some systems in a package named postgresql-contrib).");
            }
    }

    /// <exception cref="StoreRefusedException">The database's lc_ctype makes no trigrams of letters outside ASCII.</exception>
    public static async Task RequireAsync(NpgsqlDataSource source, CancellationToken cancel)
    {
        await using var connection = await source.OpenConnectionAsync(cancel);
        var (knowsLetters, locale) = (false, "");
        try
        {
            (knowsLetters, locale) = await connection.OneAsync(
                new PostgresStatement(SelectLetters), row => (row.GetBoolean(0), row.GetString(1)), cancel);
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.UndefinedFunction)
        {
            throw new StoreRefusedException(
                "The extension pg_trgm is in a schema of the database where this role does not look. "
                + "Add that schema to the role's search_path: alter role … set search_path = public, …;");
        }
        if (!knowsLetters)
            throw new StoreRefusedException(
                $"The database's lc_ctype is {locale}, in which PostgreSQL's trigrams know only the letters of English: "
                + "searches would not find others. Restore it into a database that was made with: "
                + "createdb --encoding UTF8 --lc-ctype C.UTF-8 --template template0");
    }
}
