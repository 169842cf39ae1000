using DbUp.Builder;
using DbUp.Engine;

namespace Roster.Storage;

/// <summary>
/// An engine's numbered SQL files, applied by DbUp. Each runs in one transaction with its line in the journal, so that
/// an interrupted migration is applied either completely or not at all.
/// </summary>
/// <param name="folder">The folder of the files in the assembly's resources.</param>
internal sealed class Migrations(string folder)
{
    /// <summary>The migrations that this build knows, oldest first.</summary>
    public IReadOnlyList<string> Known { get; } = SqlText.Names(folder);

    /// <summary>The migrations that have not been applied to a database.</summary>
    /// <param name="applied">The migrations that have been applied.</param>
    /// <param name="database">The database as named in the message.</param>
    /// <exception cref="StoreRefusedException">The database has migrations that this build does not know.</exception>
    public IReadOnlyList<string> MissingIn(IReadOnlyList<string> applied, string database) =>
        applied.Except(Known).LastOrDefault() is { } unknown
            ? throw new StoreRefusedException(
                $"{database} was written by a newer Roster: it has the migration {unknown}. Use that version or a newer one.")
            : [.. Known.Except(applied)];

    /// <exception cref="StoreException">A migration failed; nothing of it was applied.</exception>
    public void Apply(UpgradeEngineBuilder database)
    {
        var result = database
            .WithScripts(Known.Select(name => new SqlScript(name, SqlText.Read(folder + name))))
            .WithTransactionPerScript()
            .WithVariablesDisabled()
            .LogToNowhere()
            .Build()
            .PerformUpgrade();
        if (!result.Successful)
            throw new StoreException(
                StoreTrouble.Unavailable, $"Migration {result.ErrorScript?.Name} failed: {result.Error.Message}", result.Error);
    }
}
