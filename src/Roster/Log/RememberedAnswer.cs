using System.Text.Json;
using System.Text.Json.Serialization;
using Roster.Batches;
using Roster.Changes;
using Roster.Partners;

namespace Roster.Log;

/// <summary>
/// What is stored of an answer to repeat it byte for byte: the partners that were not changed. The log has everything
/// else. A batch that only creates or updates takes a few dozen bytes, whatever its size.
/// </summary>
/// <param name="IsChangeSet">
/// Whether the request made the revision; otherwise it changed nothing, and this was the newest revision.
/// </param>
public sealed record RememberedAnswer(
    string Kind,
    long Revision,
    bool IsChangeSet,
    int Items,
    IReadOnlyList<RememberedAnswer.UnchangedPartner> Unchanged,
    [property: JsonPropertyName("Kept")] IReadOnlyList<RememberedAnswer.Conflict> LeftAsIs)
{
    private const byte Version = 1;

    public static byte[] Encode(ChangePlan plan)
    {
        var changed = plan.Changes.Select(change => change.After.Id).ToHashSet();
        var remembered = new RememberedAnswer(
            plan.Kind, plan.Revision.Number, plan.Changes.Count > 0, plan.Answer.Count,
            [.. plan.Answer.Index().Where(one => !changed.Contains(one.Item.Id))
                .Select(one => new UnchangedPartner(one.Index, one.Item.Id))],
            [.. plan.LeftAsIs.Select(ToConflict)]);
        return PackedJson.Pack(
            Version, json => JsonSerializer.Serialize(json, remembered, RememberedAnswerJson.Default.RememberedAnswer));

        static Conflict ToConflict(Fault fault) =>
            new(fault.Index, fault.Id!.Value, fault.Code, fault.Message, fault.Field, fault.Current is not null)
            {
                OtherIndex = fault.OtherIndex,
                Candidates = fault.Candidates.Count > 0 ? fault.Candidates : null,
            };
    }

    /// <summary>Rebuilds the plan as it was carried out.</summary>
    /// <exception cref="HistoryGoneException">Some of its old values were removed.</exception>
    public static async Task<ChangePlan> ReplayAsync(byte[] encoded, IRosterStore store, long workspaceId, CancellationToken cancel)
    {
        var remembered = Read(encoded);
        var logged = remembered.IsChangeSet
            ? await LoggedChangeSet.ReadAsync(store, workspaceId, remembered.Revision, 0, int.MaxValue, cancel)
                ?? throw new DamagedLogException("The log lacks a change set.")
            : null;
        var changes = logged?.Changes ?? [];
        var ids = remembered.Unchanged.Select(one => one.Id)
            .Concat(changes.Select(change => change.Id))
            .Concat(remembered.LeftAsIs.Select(one => one.Id));
        var now = (await store.FindAsync(workspaceId, ids.Distinct(), cancel)).Values.ToList();
        var then = (await new History(store, workspaceId).AsOfAsync(now, remembered.Revision, cancel))
            .OfType<Partner>().ToDictionary(partner => partner.Id);
        var unchanged = remembered.Unchanged.ToDictionary(one => one.Index, one => one.Id);
        var answer = new List<Partner>();
        var done = new List<PartnerChange>();
        var next = 0;
        for (var i = 0; i < remembered.Items; i++)
        {
            if (unchanged.TryGetValue(i, out var id))
                answer.Add(At(id));
            else
            {
                done.Add(Replay(changes[next++]));
                answer.Add(done[^1].After);
            }
        }
        done.AddRange(changes.Skip(next).Select(Replay));
        var withoutItem = changes.Count - next;
        var revision = logged?.Revision ?? new Revision(remembered.Revision, default);
        return new ChangePlan(remembered.Kind, revision, revision, answer, done, new FaultList())
        {
            WithoutItem = withoutItem,
            LeftAsIs =
            [
                .. remembered.LeftAsIs.Select(one => new Fault(one.Index, one.Code, one.Message, one.Field)
                {
                    Id = one.Id,
                    Current = one.HasCurrent ? At(one.Id) : null,
                    OtherIndex = one.OtherIndex,
                    Candidates = one.Candidates ?? [],
                }),
            ],
        };

        PartnerChange Replay(LoggedChange change)
        {
            if (remembered.Kind == ChangeKind.Erase)
            {
                var erased = Erasure.Erased(change.Id, logged!.Revision);
                return new PartnerChange(erased with { DeletedAt = change.Before!.DeletedAt }, erased);
            }
            var after = At(change.Id);
            var before = change.Before?.Of(after);
            return before is null || before.HasValues ? new PartnerChange(before, after) : throw new HistoryGoneException();
        }

        Partner At(Guid id) => then.GetValueOrDefault(id) is { } partner && partner.HasValues ? partner : throw new HistoryGoneException();
    }

    /// <exception cref="DamagedLogException">The bytes are damaged.</exception>
    internal static RememberedAnswer Read(byte[] encoded) =>
        PackedJson.Unpack(Version, encoded, RememberedAnswerJson.Default.RememberedAnswer);

    /// <summary>A partner that an item left alone.</summary>
    public sealed record UnchangedPartner(int Index, Guid Id);

    /// <summary>A partner in conflict that was left as it was, and why.</summary>
    public sealed record Conflict(int Index, Guid Id, string Code, string Message, string? Field, bool HasCurrent)
    {
        /// <summary>As in <see cref="Fault"/>. Null too in what earlier versions stored, which did not keep it.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public int? OtherIndex { get; init; }

        /// <inheritdoc cref="OtherIndex"/>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public IReadOnlyList<Guid>? Candidates { get; init; }
    }
}

/// <summary>The requested old values were removed: erased, or older than the operator's retention time.</summary>
public sealed class HistoryGoneException() : Exception("What was asked for is not kept any more.");

[JsonSerializable(typeof(RememberedAnswer))]
internal sealed partial class RememberedAnswerJson : JsonSerializerContext;
