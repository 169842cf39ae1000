using System.Globalization;
using System.Text.Json;
using Roster.Changes;
using Roster.Log;
using Roster.Server.Formats;
using Roster.Server.Guard;
using Roster.Server.Http;

namespace Roster.Server.ChangeSets;

/// <summary>GET /api/stats: how many partners there are, and what was written each day, in UTC.</summary>
internal static class StatisticsEndpoint
{
    private const int DefaultDays = 90;

    public static async Task GetAsync(HttpContext http, IRosterStore store, TimeProvider clock)
    {
        var parameters = new Parameters(http.Request);
        var days = parameters.Integer("days", 1, DayCount.MaxDays) ?? DefaultDays;
        if (await parameters.RefuseAsync(http))
            return;
        var workspaceId = http.Caller().WorkspaceId;
        var today = DayCount.DayOf(Timestamp.Now(clock));
        var found = await store.ReadStatisticsAsync(workspaceId, today - days + 1, http.RequestAborted);
        var actors = await Actors.OfAsync(http, store, found.Days.Select(one => one.KeyId));
        await JsonAnswer.SendAsync(http, json =>
        {
            json.WriteStartObject();
            json.WriteNumber("revision", found.Revision);
            json.WriteStartObject("partners");
            json.WriteNumber("live", found.Partners.Live);
            json.WriteNumber("deleted", found.Partners.Deleted);
            json.WriteNumber("withEmail", found.Partners.WithEmail);
            json.WriteNumber("withPhone", found.Partners.WithPhone);
            json.WriteEndObject();
            json.WriteStartArray("days");
            foreach (var day in Days(found, today - days + 1, today))
                Write(json, day);
            json.WriteEndArray();
            json.WriteStartArray("writes");
            // What was written while a server's clock was ahead is of a later day.
            foreach (var count in found.Days.Where(one => one.Day <= today))
                Write(json, count, actors);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    /// <summary>Each day from the first to the last. How many partners there were follows backwards from how many there are.</summary>
    private static List<DayTotal> Days(Statistics found, int first, int last)
    {
        var byDay = found.Days.ToLookup(one => one.Day);
        var live = found.Partners.Live - found.Days.Where(one => one.Day > last).Sum(Gained);
        var days = new List<DayTotal>();
        for (var day = last; day >= first; day--)
        {
            days.Add(new DayTotal(day, [.. byDay[day]], live));
            live -= byDay[day].Sum(Gained);
        }
        days.Reverse();
        return days;
    }

    private static long Gained(DayCount count) => count.Created + count.Restored - count.Deleted;

    private static void Write(Utf8JsonWriter json, DayTotal day)
    {
        json.WriteStartObject();
        json.WriteString("day", Text(day.Day));
        json.WriteNumber("created", day.Counts.Sum(one => one.Created));
        json.WriteNumber("updated", day.Counts.Where(one => one.Kind != ChangeKind.Erase).Sum(one => one.Updated));
        json.WriteNumber("deleted", day.Counts.Sum(one => one.Deleted));
        json.WriteNumber("restored", day.Counts.Sum(one => one.Restored));
        json.WriteNumber("erased", day.Counts.Where(one => one.Kind == ChangeKind.Erase).Sum(one => one.Changed));
        json.WriteNumber("changeSets", day.Counts.Sum(one => one.ChangeSets));
        json.WriteNumber("live", day.Live);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, DayCount count, Actors actors)
    {
        json.WriteStartObject();
        json.WriteString("day", Text(count.Day));
        json.WriteString("kind", count.Kind);
        json.WriteActor(actors.Of(count.KeyId));
        json.WriteNumber("changeSets", count.ChangeSets);
        json.WriteNumber("changes", count.Changed);
        json.WriteEndObject();
    }

    private static string Text(int day) =>
        DateOnly.FromDateTime(DateTime.UnixEpoch.AddDays(day)).ToString("O", CultureInfo.InvariantCulture);

    private sealed record DayTotal(int Day, IReadOnlyList<DayCount> Counts, long Live);
}
