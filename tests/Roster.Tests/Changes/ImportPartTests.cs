using Roster.Batches;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;

namespace Roster.Tests.Changes;

/// <summary>What a part of an import does to the rows that it sees.</summary>
public sealed class ImportPartTests
{
    private static readonly Moment Now = new(new Revision(7, new Timestamp(1_000_000)), new Timestamp(2_000_000), 1);

    [Fact]
    public void Rows_with_faults_are_left_out_and_the_others_are_paired_with_their_outcomes()
    {
        var (ada, bob) = (Live(1, "Ada", "a"), Live(2, "Bob", "b"));
        var part = Part([New("New", "n"), ById(ada, "taken"), ById(bob, "b"), New("Again", "n")]);

        var plan = Plan(part, [null, ada, bob, null], ("taken", Id(9)));

        Assert.Equal(
            [(1, FaultCode.ExternalIdTaken), (3, FaultCode.DuplicateExternalId)], plan.LeftAsIs.Select(fault => (fault.Index, fault.Code)));
        var outcomes = part.OutcomesOf(plan);
        Assert.Equal("New", outcomes[0].After!.Values[PartnerField.Name]);
        Assert.Equal([null, null, bob, null], outcomes.Select(outcome => outcome.Before));
        Assert.Equal([false, true, false, true], outcomes.Select(outcome => outcome.After is null));
        Assert.Same(bob, outcomes[2].After);
        Assert.Equal((1, 0, 1), (plan.Created, plan.Updated, plan.Unchanged));
    }

    [Fact]
    public void Without_leaving_out_one_fault_refuses_all()
    {
        var ada = Live(1, "Ada", "a");
        var part = Part([New("New", "n"), ById(ada, "taken")], leavesOut: false);

        var plan = Plan(part, [null, ada], ("taken", Id(9)));

        Assert.Equal((1, 0, 7), (plan.Faults.Count, plan.Changes.Count, plan.Revision.Number));
    }

    [Fact]
    public void External_ids_are_swapped_in_a_chain_of_a_thousand()
    {
        var partners = Enumerable.Range(0, 1_000).Select(i => Live(i + 1, "n", $"x{i}")).ToArray();
        var part = Part([.. partners.Select((partner, i) => ById(partner, $"x{(i + 1) % partners.Length}"))]);

        var plan = Plan(part, partners, [.. partners.Select(one => (one.ExternalId!, one.Id))]);

        Assert.Equal((1_000, 0), (plan.Updated, plan.LeftAsIs.Count));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_fault_at_the_end_of_such_a_chain_leaves_it_out_whole_and_soon(bool isEndFirst)
    {
        var partners = Enumerable.Range(0, 1_000).Select(i => Live(i + 1, "n", $"x{i}")).ToArray();
        var other = Live(5_000, "other", "o");
        (Partner Partner, string ExternalId)[] rows =
            [.. partners.Select((partner, i) => (partner, i == 999 ? "taken" : $"x{i + 1}")), (other, "free")];
        if (isEndFirst)
            Array.Reverse(rows);
        var part = Part([.. rows.Select(row => ById(row.Partner, row.ExternalId))]);
        var start = TimeProvider.System.GetTimestamp();

        var plan = Plan(
            part, [.. rows.Select(row => row.Partner)],
            [.. partners.Select(one => (one.ExternalId!, one.Id)), ("taken", Id(9_999)), ("o", other.Id)]);

        Assert.InRange(TimeProvider.System.GetElapsedTime(start).TotalSeconds, 0, 2);
        Assert.Equal((1, 1_000), (plan.Updated, plan.LeftAsIs.Count));
        Assert.All(plan.LeftAsIs, fault => Assert.Equal(FaultCode.ExternalIdTaken, fault.Code));
        Assert.Equal("free", Assert.Single(plan.Changes).After.ExternalId);
        // No partner has an external id that another one keeps.
        Assert.Equal(1, part.OutcomesOf(plan).Count(outcome => outcome.After is not null));
    }

    [Fact]
    public void A_partner_that_is_not_as_it_was_planned_on_is_a_conflict_with_its_state_now()
    {
        var (same, changed, come, gone) = (Live(1, "a", "a"), Live(2, "b", "b"), Live(3, "c", "c"), Id(4));
        ImportRow[] rows =
        [
            new(ById(same, "a2").Row, 1), new(ById(changed, "b2").Row, 5), new(New("c", "c").Row, 0), new(Row(gone, "d"), 1),
            new(New("e", "e").Row, 0),
        ];

        var refused = Plan(Part(rows, leavesOut: false), [same, changed, come, null, null]);
        var left = Plan(Part(rows), [same, changed, come, null, null]);

        Assert.Equal([1, 2, 3], refused.Faults.Listed.Select(fault => fault.Index));
        Assert.All(refused.Faults.Listed, fault => Assert.Equal(FaultCode.ChangedSince, fault.Code));
        Assert.Equal([changed, come, null], refused.Faults.Listed.Select(fault => fault.Current));
        Assert.Equal(
            [
                "This partner was changed since the plan; look at current.",
                "A partner with this key was created since the plan; look at current.",
                "This partner was erased since the plan.",
            ],
            refused.Faults.Listed.Select(fault => fault.Message));
        Assert.Empty(refused.Changes);
        Assert.Equal([1, 2, 3], left.LeftAsIs.Select(fault => fault.Index));
        Assert.Equal((1, 1), (left.Created, left.Updated));
    }

    [Fact]
    public void A_key_that_several_partners_have_by_now_is_a_conflict()
    {
        var part = Part([new(New("n", null, "a@b.example").Row, 0)], matchOn: MatchOn.Email, leavesOut: false);
        var now = new RowsNow(part.Count);
        now.Match(0, [Live(1, "a", null), Live(2, "b", null)]);

        Assert.Equal(FaultCode.ChangedSince, part.PlanOn(now, Now).Faults.Listed.Single().Code);
    }

    [Fact]
    public void Deletes_come_after_the_rows_and_give_their_external_ids_to_them()
    {
        var (ada, old, changed) = (Live(1, "Ada", "a"), Live(2, "Old", "o"), Live(3, "Changed", "c"));
        var part = Part([new(ById(ada, "o").Row, 1)], [new ImportDelete(old.Id, 1), new ImportDelete(changed.Id, 0)]);
        Assert.Equal([(0, ada.Id), (1, old.Id), (2, changed.Id)], part.Named.Select(named => (named.Index, named.Id)));

        var plan = Plan(part, [ada, old, changed], ("o", old.Id));

        Assert.Equal((1, 1), (plan.Updated, plan.Deleted));
        Assert.Equal([ada.Id, old.Id], plan.Changes.Select(change => change.After.Id));
        Assert.Equal((2, FaultCode.ChangedSince), (plan.LeftAsIs.Single().Index, plan.LeftAsIs[0].Code));
        Assert.Equal(ada, Assert.Single(part.OutcomesOf(plan)).Before);
    }

    private static ChangePlan Plan(ImportPart part, IReadOnlyList<Partner?> rows, params (string ExternalId, Guid Holder)[] holders)
    {
        var now = new RowsNow(part.Count);
        foreach (var (i, row) in rows.Index())
            now[i] = row;
        foreach (var (externalId, holder) in holders)
            now.Hold(externalId, holder);
        return part.PlanOn(now, Now);
    }

    private static ImportPart Part(
        IReadOnlyList<ImportRow> rows, IReadOnlyList<ImportDelete>? deletes = null, bool leavesOut = true,
        MatchOn matchOn = MatchOn.Nothing) => new(rows, deletes ?? [], [], matchOn, CreatedItems.WithNewKey, leavesOut);

    private static ImportRow New(string name, string? externalId, string? email = null) => new(Some.Row(name, email, null, externalId));

    private static ImportRow ById(Partner partner, string externalId) => new(Row(partner.Id, externalId));

    private static BatchRow Row(Guid id, string externalId) =>
        new(FieldSet.Of(PartnerField.ExternalId), id, PartnerValues.Gone.With(PartnerField.ExternalId, externalId));

    /// <summary>A partner of revision 1.</summary>
    private static Partner Live(int number, string name, string? externalId) =>
        Some.Partner(Id(number)) with { Values = Some.Values(name, externalId: externalId) };

    private static Guid Id(int number) => new(number, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);
}
