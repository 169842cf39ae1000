using DbUp.Builder;
using DbUp.Engine;

namespace Roster.Storage;

/// <summary>
/// An engine's numbered SQL files, applied by DbUp: each in one transaction with its line in the journal, so that an interrupted one has
/// either happened or not.
/// </summary>
/// <param name="folder">Where they are among the assembly's resources.</param>
internal sealed class Migrations(string folder)
{
    /// <summary>The migrations that this build knows, oldest first.</summary>
    public IReadOnlyList<string> Known { get; } = SqlText.Names(folder);

    /// <summary>Those of them that a database has not had.</summary>
    /// <param name="applied">Those that it has had.</param>
    /// <param name="database">As the message names it.</param>
    /// <exception cref="StoreRefusedException">It has had others, too.</exception>
    public IReadOnlyList<string> MissingIn(IReadOnlyList<string> applied, string database) =>
        applied.Except(Known).LastOrDefault() is { } unknown
            ? throw new StoreRefusedException($"{database} was written by a newer Roster: it has the migration {unknown}.")
            : [.. Known.Except(applied)];

    /// <exception cref="StoreException">A migration failed, and nothing of it is there.</exception>
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
