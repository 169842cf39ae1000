namespace Roster.Tests.Model;

/// <summary>The directory after a revision, and the partners that it changed, in order.</summary>
internal sealed record Snapshot(List<string> Ids, Dictionary<string, State> States, HashSet<string> Deleted, List<string> Touched);

/// <summary>What a call does: faults as <see cref="Answer.Faults"/> has them, or the partners after it.</summary>
internal sealed record Expected(List<string> Faults, List<(string? Id, State State)> Rows, long Revision);

/// <summary>A workspace in memory, which has every revision.</summary>
internal sealed class DirectoryModel
{
    private List<(int Index, string? Id)> _touched = [];

    /// <summary>By revision: what an undo undoes.</summary>
    private readonly List<long> _undos = [];

    public long Revision { get; private set; }

    /// <summary>All revisions, from 0.</summary>
    public List<Snapshot> Log { get; } = [new([], [], [], [])];

    public List<string> Ids { get; } = [];

    public Dictionary<string, State> States { get; } = [];

    public HashSet<string> Deleted { get; } = [];

    /// <summary>The ids of which only the log knows.</summary>
    public HashSet<string> Erased { get; } = [];

    /// <summary>The codes of the faults so far.</summary>
    public HashSet<string> Faults { get; } = [];

    public int Successes { get; private set; }

    public string? IdOf(int target, Call call)
    {
        const int AnyOfTen = 9;
        if (target == -2 || (call.TakesIds && Ids.Count == 0))
            return Guid.NewGuid().ToString();
        if (call.Kind == "post" || (target == -1 && !call.TakesIds) || Ids.Count == 0)
            return null;
        var fitting = Ids.Where(id => Deleted.Contains(id) == (call.Kind == "restore")).ToList();
        var from = fitting.Count == 0 || target % 10 == AnyOfTen ? Ids : fitting;
        return from[Math.Abs(target) % from.Count];
    }

    public Expected Apply(Call call, Item[] items)
    {
        var faults = call.TakesIds ? DuplicateIds(items, "-").ToList() : ItemFaults(call, items).ToList();
        var rows = new List<(string? Id, State State)>();
        if (faults.Count > 0)
            faults.AddRange(Unknown(call, items).Concat(Doubts(call, items)));
        else
            faults = call.TakesIds ? Flip(call, items, rows) : Upsert(call, items, rows);
        Faults.UnionWith(faults.Select(fault => fault.Split(' ')[2]));
        if (faults.Count > 0)
            return new Expected(faults, [], Revision);
        Successes++;
        _touched = [.. rows.Index().Where(row => call.TakesIds || row.Item.Id is null
            || States[row.Item.Id] != row.Item.State).Select(row => (row.Index, row.Item.Id))];
        foreach (var id in call.IsMirror ? Unnamed(rows.Select(row => row.Id)) : [])
        {
            _touched.Add((-1, id));
            Deleted.Add(id);
        }
        if (_touched.Count > 0)
            Revision++;
        foreach (var (id, state) in rows)
            if (id is not null)
                States[id] = state;
        if (call.TakesIds)
            foreach (var item in items)
                _ = call.Kind == "delete" ? Deleted.Add(item.Id!) : Deleted.Remove(item.Id!);
        if (call.Kind == "erase")
            Erase([.. items.Select(item => item.Id!)]);
        if (call.Kind is "delete" or "erase")
            Keep([]);
        return new Expected(faults, rows, Revision);
    }

    /// <summary>The partners changed after a revision, in the order of their last changes.</summary>
    public IEnumerable<string> ChangedSince(long revision)
    {
        var last = new Dictionary<string, (int Revision, int Place)>();
        for (var i = 1; i < Log.Count; i++)
            foreach (var (place, id) in Log[i].Touched.Index())
                last[id] = (i, place);
        return last.Where(one => one.Value.Revision > revision).OrderBy(one => one.Value).Select(one => one.Key);
    }

    /// <returns>
    /// The conflicts, which are faults unless they are skipped. UndoneBy is the revision that already undid all of it.
    /// </returns>
    public (List<string> Conflicts, long? UndoneBy) Undo(long revision, bool skips)
    {
        var (before, undone) = (Log[(int)revision - 1], Log[(int)revision].Touched);
        // An undo of an undo puts the change into effect again.
        var inEffect = new List<long> { revision };
        var chain = new List<long>();
        for (var last = revision; _undos.FindLastIndex(one => one == last) is > 0 and var by; last = by)
        {
            chain.Add(by);
            if (chain.Count % 2 == 0)
                inEffect.Add(by);
        }
        var undoneBy = chain.Count % 2 == 1 ? chain[0] : (long?)null;
        var conflicts = undone.Index()
            .Where(one => Erased.Contains(one.Item) || !IsInEffect(one.Item))
            .ToDictionary(one => one.Index, one => $"{one.Index} - {(Erased.Contains(one.Item) ? "history_gone" : "changed_since")}");
        while (true)
        {
            var planned = undone.Index().Where(one => !conflicts.ContainsKey(one.Index)).Select(one => (
                one.Index,
                (string?)one.Item,
                before.Ids.Contains(one.Item) && !before.Deleted.Contains(one.Item)
                    ? before.States[one.Item]
                    : new State("", null, null, null))).ToList();
            var taken = TakenExternalIds(planned).ToList();
            if (!skips && conflicts.Count + taken.Count > 0)
            {
                Faults.Add(undoneBy is null ? "changed_since" : "already_undone");
                return ([.. conflicts.Values, .. taken], undoneBy);
            }
            if (taken.Count == 0)
                break;
            foreach (var fault in taken)
                conflicts.TryAdd(int.Parse(fault.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture), fault);
        }
        var changed = undone.Index().Where(one => !conflicts.ContainsKey(one.Index)).Select(one => one.Item).ToList();
        if (changed.Count == 0 && undoneBy is not null)
            return ([], undoneBy);
        foreach (var id in changed)
        {
            _ = !before.Ids.Contains(id) || before.Deleted.Contains(id) ? Deleted.Add(id) : Deleted.Remove(id);
            if (before.Ids.Contains(id))
                States[id] = before.States[id];
        }
        Successes++;
        if (changed.Count > 0)
        {
            Revision++;
            Log.Add(new Snapshot([.. Ids], new(States), [.. Deleted], changed));
            while (_undos.Count <= Revision)
                _undos.Add(-1);
            _undos[(int)Revision] = revision;
        }
        return ([.. conflicts.Values], null);

        // A partner that an undo wrote is as before what that undid.
        bool IsInEffect(string id)
        {
            var last = Log.FindLastIndex(snapshot => snapshot.Touched.Contains(id));
            while (!inEffect.Contains(last) && last > revision && last < _undos.Count && _undos[last] is > 0 and var undid)
                last = Log.FindLastIndex((int)undid - 1, snapshot => snapshot.Touched.Contains(id));
            return inEffect.Contains(last);
        }
    }

    /// <summary>The live partners that are none of these, in creation order.</summary>
    private List<string> Unnamed(IEnumerable<string?> named) => [.. Ids.Where(IsLive).Except(named.OfType<string>())];

    /// <summary>Forgets partners, also in the past.</summary>
    private void Erase(IReadOnlyList<string> ids)
    {
        Erased.UnionWith(ids);
        foreach (var snapshot in Log.Append(new Snapshot(Ids, States, Deleted, [])))
            foreach (var id in ids)
            {
                snapshot.Ids.Remove(id);
                snapshot.States.Remove(id);
                snapshot.Deleted.Remove(id);
            }
    }

    private void Keep(IReadOnlyList<string> ids)
    {
        if (_touched.Count > 0)
            Log.Add(new Snapshot([.. Ids], new(States), [.. Deleted], [.. _touched.Select(one => one.Id ?? ids[one.Index])]));
    }

    /// <summary>The columns of an import.</summary>
    public static string[] Imported { get; } = ["externalId", "name", "email", "phone"];

    /// <param name="rows">Each with the cells of <see cref="Imported"/>.</param>
    public List<(string Change, string? Id, State State)> PlanImport(IEnumerable<string[]> rows)
    {
        var planned = new List<(string Change, string? Id, State State)>();
        var seen = new HashSet<string>();
        var none = new State("", null, null, null);
        foreach (var cells in rows)
        {
            var (key, name, email, phone) = (cells[0], cells[1], cells[2], cells[3]);
            var id = Ids.Where(IsLive).FirstOrDefault(one => States[one].ExternalId == key);
            var isFaulty = key == "" || email == "nobody" || !seen.Add(key) || (id is null && name == "");
            var before = id is null ? none : States[id];
            var after = before with
            {
                Name = name == "" ? before.Name : name,
                Email = email == "" ? before.Email : email,
                Phone = phone == "" ? before.Phone : phone,
                ExternalId = key,
            };
            planned.Add((isFaulty ? "faulty" : id is null ? "created" : after == before ? "unchanged" : "updated", id, after));
        }
        return planned;
    }

    /// <param name="created">The ids of new partners, which the server chooses.</param>
    public void LearnImport(IEnumerable<(string Change, string? Id, State State)> planned, IReadOnlyList<string> created)
    {
        var touched = new List<string>();
        var next = 0;
        foreach (var (change, known, state) in planned.Where(row => row.Change is "created" or "updated"))
        {
            var id = known ?? created[next++];
            if (known is null)
                Ids.Add(id);
            States[id] = state;
            touched.Add(id);
        }
        if (touched.Count == 0)
            return;
        Revision++;
        Log.Add(new Snapshot([.. Ids], new(States), [.. Deleted], touched));
    }

    /// <summary>Stores the ids of new partners, which the server chooses.</summary>
    public void Learn(Expected expected, IReadOnlyList<string> ids)
    {
        foreach (var (id, row) in ids.Zip(expected.Rows))
        {
            if (row.Id is not null)
                continue;
            Ids.Add(id);
            States[id] = row.State;
        }
        Keep(ids);
    }

    public bool IsLive(string id) => States.ContainsKey(id) && !Deleted.Contains(id);

    private static IEnumerable<string> DuplicateIds(Item[] items, string field) =>
        items.Index().Where(item => item.Item.Id is { } id && items.Take(item.Index).Any(other => other.Id == id))
            .Select(item => $"{item.Index} {field} duplicate_id");

    private static IEnumerable<string> ItemFaults(Call call, Item[] items)
    {
        foreach (var (i, item) in items.Index())
        {
            var fields = item.Fields;
            if (call.Kind == "post" && item.Id is not null)
                yield return $"{i} id id_not_allowed";
            var isFound = (item.Id is not null && call.Kind != "post")
                || (call.MatchOn != "" && !string.IsNullOrEmpty(fields.GetValueOrDefault(call.MatchOn)));
            var missing = isFound ? null
                : call.Creates == "mode=update" ? "no_match"
                : call.MatchOn != "" && (call.Creates == "" || call.IsMirror) ? "match_key_missing" : null;
            if (missing is not null)
                yield return $"{i} {(call.MatchOn == "" ? "id" : call.MatchOn)} {missing}";
            if (fields.TryGetValue("name", out var name) ? string.IsNullOrWhiteSpace(name) : !isFound && missing is null)
                yield return $"{i} name name_required";
            if (fields.GetValueOrDefault("email") == "nobody")
                yield return $"{i} email invalid_email";
            foreach (var field in new[] { "email", "phone", "externalId" })
                if (fields.GetValueOrDefault(field) == "" && (missing is null || field != call.MatchOn))
                    yield return $"{i} {field} empty_value";
        }
        if (call.Kind == "put")
            foreach (var duplicate in DuplicateIds(items, "id"))
                yield return duplicate;
    }

    /// <summary>Newer rules do not apply to stored values, but this model stores no such values.</summary>
    private static IEnumerable<string> Doubts(Call call, Item[] items) => call.TakesIds ? []
        : items.Index().Where(item => item.Item.Fields.GetValueOrDefault("externalId") == "x ")
            .Select(item => $"{item.Index} externalId invalid_text");

    private IEnumerable<string> Unknown(Call call, Item[] items) => call.Kind == "post" ? []
        : items.Index().Where(item => item.Item.Id is { } id && !(call.Kind is "restore" or "erase" ? States.ContainsKey(id) : IsLive(id)))
            .Select(item => $"{item.Index} {(call.TakesIds ? "-" : "id")} partner_not_found");

    private List<string> Flip(Call call, Item[] items, List<(string? Id, State State)> rows)
    {
        var faults = Unknown(call, items).ToList();
        if (call.Kind == "restore")
            faults.AddRange(items.Index().Where(item => IsLive(item.Item.Id!)).Select(item => $"{item.Index} - not_deleted"));
        var back = items.Index().Where(item => Deleted.Contains(item.Item.Id!)).ToList();
        if (call.Kind == "restore")
            faults.AddRange(TakenExternalIds([.. back.Select(item => (item.Index, (string?)item.Item.Id, States[item.Item.Id!]))]));
        if (faults.Count == 0)
            rows.AddRange(items.Select(item => (item.Id, States[item.Id!])));
        return faults;
    }

    private List<string> Upsert(Call call, Item[] items, List<(string? Id, State State)> rows)
    {
        var faults = new List<string>();
        var planned = new List<(int Index, string? Id, State State)>();
        var about = call.MatchOn == "" ? [] : items.Where(item => item.Id is not null).Select(item => item.Id!).ToHashSet();
        foreach (var (i, item) in items.Index())
        {
            var id = item.Id;
            if (id is not null && !IsLive(id))
            {
                faults.Add($"{i} id partner_not_found");
                continue;
            }
            if (id is null && call.MatchOn != "")
            {
                var key = item.Fields.GetValueOrDefault(call.MatchOn);
                var matches = key is null ? [] : Ids.Where(IsLive).Where(one => call.MatchOn == "email"
                    ? string.Equals(States[one].Email, key, StringComparison.OrdinalIgnoreCase)
                    : States[one].ExternalId == key).ToList();
                var folded = call.MatchOn == "email" ? key?.ToLowerInvariant() : key;
                var fault = matches.Count > 1 ? $"{i} {call.MatchOn} ambiguous_match"
                    : matches.Count == 0 && call.Creates == "mode=update" ? $"{i} {call.MatchOn} no_match"
                    : matches.Count == 0 && !item.Fields.ContainsKey("name") ? $"{i} name name_required"
                    : matches.Count == 1 && !about.Add(matches[0]) ? $"{i} {call.MatchOn} duplicate_match"
                    : matches.Count == 0 && key is not null && !about.Add("new " + folded) ? $"{i} {call.MatchOn} duplicate_match"
                    : null;
                if (fault is not null)
                {
                    faults.Add(fault);
                    continue;
                }
                id = matches.SingleOrDefault();
            }
            var before = id is null ? new State("", null, null, null) : States[id];
            planned.Add((i, id, before.WithExtras(item.Fields) with
            {
                Name = item.Fields.TryGetValue("name", out var name) ? name! : before.Name,
                Email = item.Fields.TryGetValue("email", out var email) ? email : before.Email,
                Phone = item.Fields.TryGetValue("phone", out var phone) ? phone : before.Phone,
                ExternalId = item.Fields.TryGetValue("externalId", out var externalId) ? externalId : before.ExternalId,
            }));
        }
        faults.AddRange(TakenExternalIds(planned, call.IsMirror ? Unnamed(planned.Select(row => row.Id)) : null));
        faults.AddRange(Doubts(call, items));
        if (call.MatchOn == "email")
            faults.AddRange(SharedEmails(items, planned));
        rows.AddRange(planned.Select(row => (row.Id, row.State)));
        return faults;
    }

    /// <summary>
    /// Items with an id that set an address which another item has too, or which another partner keeps.
    /// </summary>
    private IEnumerable<string> SharedEmails(Item[] items, List<(int Index, string? Id, State State)> planned)
    {
        var itemWith = new Dictionary<string, int>();
        foreach (var (i, item) in items.Index())
            if (item.Id is null && Folded(item.Fields.GetValueOrDefault("email")) is { } email)
                itemWith.TryAdd(email, i);
        foreach (var (i, id, state) in planned.Where(one => items[one.Index].Id is not null))
        {
            if (Folded(state.Email) is not { } email || email == Folded(States[id!].Email))
                continue;
            if (!itemWith.TryAdd(email, i))
                yield return $"{Math.Max(i, itemWith[email])} email duplicate_match";
            else if (Ids.Any(other => IsLive(other) && other != id && Folded(States[other].Email) == email
                && planned.All(one => one.Id != other || Folded(one.State.Email) == email)))
                yield return $"{i} email duplicate_match";
        }

        static string? Folded(string? email) => email?.ToLowerInvariant();
    }

    private IEnumerable<string> TakenExternalIds(
        List<(int Index, string? Id, State State)> planned, IEnumerable<string>? deleted = null)
    {
        var claimed = new HashSet<string>();
        foreach (var (i, id, state) in planned)
        {
            if (state.ExternalId is not { } externalId)
                continue;
            var holder = Ids.Where(IsLive).Except(deleted ?? []).FirstOrDefault(one => States[one].ExternalId == externalId);
            if (!claimed.Add(externalId))
                yield return $"{i} externalId duplicate_external_id";
            else if (holder is not null && holder != id
                && !planned.Any(other => other.Id == holder && other.State.ExternalId != externalId))
                yield return $"{i} externalId external_id_taken";
        }
    }
}
