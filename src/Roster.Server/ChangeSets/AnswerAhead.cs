using Roster.Changes;
using Roster.Server.Http;

namespace Roster.Server.ChangeSets;

/// <summary>Makes a large answer while its plan is being written: what it says depends on the plan alone, and it is sent when that is durable.</summary>
/// <param name="make">Gives the same bytes for the same plan.</param>
internal sealed class AnswerAhead(Func<ChangePlan, JsonAnswer> make) : IAsyncDisposable
{
    /// <summary>Below this many partners it takes less than another thread takes to begin.</summary>
    private const int Large = 200;

    private ChangePlan? _plan;
    private Task<JsonAnswer>? _answer;

    /// <summary>Begins with a plan that is going to be written. If it cannot be, another one may come; that one's answer is not made ahead.</summary>
    public void Begin(ChangePlan plan)
    {
        if (_plan is not null || plan.Answer.Count < Large)
            return;
        _plan = plan;
        _answer = Task.Run(() => make(plan));
    }

    /// <summary>The answer of a plan that was written, or that had nothing to write; it is the caller's to dispose of.</summary>
    public async Task<JsonAnswer> OfAsync(ChangePlan plan)
    {
        if (plan != _plan)
            return make(plan);
        var answer = await _answer!;
        _answer = null;
        return answer;
    }

    public async ValueTask DisposeAsync()
    {
        if (_answer is not null)
            (await _answer).Dispose();
    }
}
