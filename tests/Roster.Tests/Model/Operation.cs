namespace Roster.Tests.Model;

/// <summary>A write: as a request, and as what it does to the model.</summary>
internal abstract class Operation(RosterClient api, DirectoryModel model)
{
    protected RosterClient Api => api;

    protected DirectoryModel Model => model;

    public abstract Task<Answer> SendAsync(string? key);

    /// <summary>The server has answered it: carries it out on the model, and compares.</summary>
    /// <returns>Whether it was carried out, not refused.</returns>
    public abstract bool Check(Answer answer);

    /// <summary>The server has carried it out, but nobody got the answer: carries it out on the model.</summary>
    /// <param name="created">The ids of the partners that are new, in order.</param>
    public abstract void ApplyUnseen(IReadOnlyList<string> created);

    /// <summary>Compares a replayed answer with what <see cref="ApplyUnseen"/> did.</summary>
    public abstract void CheckReplay(Answer answer);
}

/// <summary>A call with items.</summary>
internal sealed class CallOperation(RosterClient api, DirectoryModel model, Call call) : Operation(api, model)
{
    private readonly Item[] _items = [.. call.Items.Select(item => item.Resolve(model, call))];
    private Expected? _unseen;
    private string[] _ids = [];

    public bool Erases => call.Kind == "erase";

    public override Task<Answer> SendAsync(string? key) => call.SendAsync(Api, _items, key: key);

    public override bool Check(Answer answer)
    {
        var expected = Model.Apply(call, _items);
        if (expected.Faults.Count > 0)
        {
            Assert.True(answer.Status == 400, $"{call.Kind}: {answer.Status} {answer.Text}");
            Assert.Equal(expected.Faults.Order(StringComparer.Ordinal), answer.Faults.Order(StringComparer.Ordinal));
            return false;
        }
        Compare(expected, answer);
        if (!TakesOnlyIds)
        {
            Assert.Equal(expected.Rows.Count(row => row.Id is null), answer.Counts.Created);
            Model.Learn(expected, answer.Ids);
        }
        return true;
    }

    public override void ApplyUnseen(IReadOnlyList<string> created)
    {
        _unseen = Model.Apply(call, _items);
        Assert.Empty(_unseen.Faults);
        var next = 0;
        _ids = [.. _unseen.Rows.Select(row => row.Id ?? created[next++])];
        Assert.Equal(created.Count, next);
        if (!TakesOnlyIds)
            Model.Learn(_unseen, _ids);
    }

    public override void CheckReplay(Answer answer)
    {
        Compare(_unseen!, answer);
        if (!TakesOnlyIds)
            Assert.Equal(_ids, answer.Ids);
    }

    private bool TakesOnlyIds => call.Kind is "delete" or "erase";

    private void Compare(Expected expected, Answer answer)
    {
        Assert.Equal((call.Kind == "post" ? 201 : 200, expected.Revision), (answer.Status, answer.Revision));
        if (!TakesOnlyIds)
            Assert.Equal(expected.Rows.Select(row => row.State), answer.Items.Select(State.Of));
        else
            Assert.Equal(
                _items.Select(item => item.Id),
                answer.Json.GetProperty(Erases ? "erasedIds" : "deletedIds").EnumerateArray().Select(id => id.GetString()));
    }
}

/// <summary>An undo of a change set.</summary>
internal sealed class UndoOperation(RosterClient api, DirectoryModel model, long revision, bool skips) : Operation(api, model)
{
    private List<string> _unseen = [];
    private long _revision;

    public override Task<Answer> SendAsync(string? key) => Api.SendAsync(
        HttpMethod.Post, $"/api/changesets/{revision}/undo{(skips ? "?onConflict=skip" : "")}", headers: [("Idempotency-Key", key)]);

    public override bool Check(Answer answer)
    {
        var (faults, undoneBy) = Model.Undo(revision, skips);
        if (undoneBy is not null)
        {
            Assert.Equal((409, "already_undone", undoneBy), (answer.Status, answer.Code, answer.Json.GetProperty("undoneBy").GetInt64()));
            return false;
        }
        if (!skips && faults.Count > 0)
        {
            Assert.Equal(faults.Order(StringComparer.Ordinal), answer.Faults.Order(StringComparer.Ordinal));
            return false;
        }
        Compare(faults, Model.Revision, answer);
        return true;
    }

    public override void ApplyUnseen(IReadOnlyList<string> created)
    {
        (_unseen, var undoneBy) = Model.Undo(revision, skips);
        Assert.Null(undoneBy);
        Assert.True(skips || _unseen.Count == 0);
        _revision = Model.Revision;
    }

    public override void CheckReplay(Answer answer) => Compare(_unseen, _revision, answer);

    private static void Compare(List<string> kept, long revision, Answer answer)
    {
        Assert.Equal((200, revision), (answer.Status, answer.Revision));
        Assert.Equal(kept.Order(StringComparer.Ordinal), answer.Json.GetProperty("kept").EnumerateArray()
            .Select(Answer.FaultText).Order(StringComparer.Ordinal));
    }
}
