namespace Roster.Storage.Checks;

/// <summary>The workspaces that a command is about.</summary>
internal static class WorkspaceChoice
{
    /// <param name="wanted">The name of the only one; null for all.</param>
    /// <exception cref="StoreRefusedException">There is none of that name.</exception>
    public static List<(long Id, string Name)> Of(List<(long Id, string Name)> all, string? wanted)
    {
        if (wanted is null)
            return all;
        var chosen = all.FindAll(one => one.Name == wanted);
        return chosen.Count > 0 ? chosen : throw new StoreRefusedException($"There is no workspace '{wanted}'.");
    }
}
