using Roster.Access;
using Roster.Server.Guard;

namespace Roster.Server.Formats;

/// <summary>The names of the keys in an answer, found in one query.</summary>
internal sealed class Actors
{
    private readonly IReadOnlyDictionary<Guid, KeyName> _names;

    private Actors(IReadOnlyDictionary<Guid, KeyName> names) => _names = names;

    /// <param name="ids">The keys of the answer's items; null where there is none.</param>
    public static async Task<Actors> OfAsync(HttpContext http, IRosterStore store, params IEnumerable<Guid?> ids) =>
        new(await store.NameKeysAsync(http.Caller().WorkspaceId, [.. ids.OfType<Guid>().Distinct()], http.RequestAborted));

    /// <summary>The caller's name only, which takes no query.</summary>
    public static Actors OnlyCaller(HttpContext http)
    {
        var key = http.Caller();
        return new(new Dictionary<Guid, KeyName> { [key.Id] = new(key.Id, key.Name, key.Kind) });
    }

    /// <returns>Null for an operator's command.</returns>
    public KeyName? Of(Guid? id) => id is { } key ? _names.GetValueOrDefault(key) : null;
}
