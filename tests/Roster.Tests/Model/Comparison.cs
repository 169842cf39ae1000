using System.Text.Json;
using Roster.Partners;

namespace Roster.Tests.Model;

/// <summary>A request that was carried out.</summary>
/// <param name="AgainAsync">Sends it again, with the same key.</param>
internal sealed record Sent(string Key, Answer Answer, Func<Task<Answer>> AgainAsync);

/// <summary>Compares a server's workspace with a model.</summary>
internal static class Comparison
{
    /// <summary>The present state, by each list and filter.</summary>
    public static async Task CompareAsync(RosterClient api, DirectoryModel model)
    {
        var all = await api.GetAsync(Call.Path + "?sort=asc&take=1000&deleted=true&include=deletedAt");
        Assert.Equal(model.Ids, all.Ids);
        Assert.Equal(model.Ids.Select(id => (model.States[id], model.Deleted.Contains(id))),
            all.Items.Select(partner => (State.Of(partner), partner.GetProperty("deletedAt").ValueKind != JsonValueKind.Null)));
        var live = model.Ids.Where(id => !model.Deleted.Contains(id)).ToList();
        bool HasTag(string id) => model.States[id].Tags.Split('|').Contains("a", StringComparer.OrdinalIgnoreCase);
        Assert.Equal(live.Where(HasTag), (await api.GetAsync(Call.Path + "?sort=asc&take=1000&tag=A")).Ids);
        Assert.Equal(
            live.Where(id => model.States[id].Metadata.Contains("k=1;", StringComparison.Ordinal)),
            (await api.GetAsync(Call.Path + "?sort=asc&take=1000&metadata.k=1")).Ids);
        Assert.Equal(
            live.Where(id => !model.States[id].Metadata.Contains("k=", StringComparison.Ordinal)),
            (await api.GetAsync(Call.Path + "?sort=asc&take=1000&metadata.k=")).Ids);
        Assert.Equal(
            live.Count(HasTag), (await api.GetAsync("/api/tags")).Items
                .Where(tag => tag.GetProperty("tag").GetString()!.Equals("a", StringComparison.OrdinalIgnoreCase))
                .Sum(tag => tag.GetProperty("partners").GetInt32()));
        bool HasE(string id) => model.States[id].Name.Contains('é', StringComparison.Ordinal);
        Assert.Equal(live.Count(HasE), (await api.GetAsync(Call.Path + "?q=é&take=1000")).Ids.Count(HasE));
        Assert.Equal(
            live.Where(id => string.Equals(model.States[id].Email, "a@b.example", StringComparison.OrdinalIgnoreCase)),
            (await api.GetAsync(Call.Path + "?sort=asc&take=1000&email=a@b.example")).Ids);
        Assert.Equal(live.Where(id => model.States[id].ExternalId == "x"), (await api.GetAsync(Call.Path + "?externalId=x")).Ids);
        // All names are in the basic plane, where ordinal order is the order of code points.
        Assert.Equal(
            live.OrderBy(id => SearchText.SortName(model.States[id].Name), StringComparer.Ordinal)
                .ThenBy(id => model.States[id].Name, StringComparer.Ordinal).ThenBy(id => id, StringComparer.Ordinal),
            (await api.GetAsync(Call.Path + "?sort=name&take=1000")).Ids);
        Assert.Equal(live.Count, (await api.GetAsync(Call.Path + "?count=true")).Count("Roster-Total"));
    }

    /// <summary>A sample of the past: all of it would take too long.</summary>
    public static async Task ComparePastAsync(
        RosterClient api, DirectoryModel model, IReadOnlyList<Sent> kept)
    {
        var random = new Random(model.Ids.Count);
        foreach (var revision in random.GetItems(Enumerable.Range(0, (int)model.Revision + 1).ToArray(), 2))
        {
            var then = model.Log[revision];
            var listed = (await api.GetAsync($"{Call.Path}?asOf={revision}&sort=asc&take=1000&deleted=true&include=deletedAt")).Items;
            Assert.Equal(
                then.Ids.Select(id => (id, then.States[id], then.Deleted.Contains(id))),
                listed.Select(partner => (partner.GetProperty("id").GetString()!, State.Of(
                    partner), partner.GetProperty("deletedAt").ValueKind != JsonValueKind.Null)));

            var fed = (await api.GetAsync($"{Call.Path}/changes?after={revision}&take=1000")).Json
                .GetProperty("partners").EnumerateArray().ToList();
            Assert.Equal(model.ChangedSince(revision), fed.Select(partner => partner.GetProperty("id").GetString()!));
            foreach (var partner in fed)
            {
                var id = partner.GetProperty("id").GetString()!;
                Assert.Equal(
                    (model.States.GetValueOrDefault(id), !model.IsLive(id), model.Erased.Contains(id)),
                    (model.Erased.Contains(id) ? null : State.Of(partner), partner.TryGetProperty("deletedAt", out _),
                        partner.TryGetProperty("gone", out _)));
            }
        }
        if (model.Ids.Count > 0)
        {
            var id = model.Ids[random.Next(model.Ids.Count)];
            Assert.Equal(
                Enumerable.Range(1, (int)model.Revision).Where(revision => model.Log[revision].Touched.Contains(id)).Reverse(),
                (await api.GetAsync($"{Call.Path}/{id}/history?take=1000")).Items.Select(step => step.GetProperty("revision").GetInt32()));
        }
        if (kept.Count > 0)
        {
            var (key, first, againAsync) = kept[random.Next(kept.Count)];
            var again = await againAsync();
            Assert.Equal((first.Status, first.Text), (again.Status, again.Text));
            Assert.Equal(first.Revision, (await api.GetAsync($"/api/changesets/by-key/{key}")).Json.GetProperty("revision").GetInt64());
        }
    }
}
