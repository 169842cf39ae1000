using System.Collections.Concurrent;
using System.Text.Json;
using CsCheck;
using Roster.Tests.Model;

namespace Roster.Tests.Server;

/// <summary>
/// Random calls of every kind and format, made on the server and on a model in memory that has every revision. They
/// agree on every answer, on the final state, and on the past.
/// </summary>
public abstract class ModelContract(RosterHost host)
{
    private const int MostSamples = 5;

    /// <summary>Every kind that random calls can meet.</summary>
    private static readonly string[] Faults =
    [
        "already_undone", "ambiguous_match", "changed_since", "duplicate_external_id", "duplicate_id", "duplicate_match",
        "empty_value", "external_id_taken", "id_not_allowed", "invalid_email", "invalid_text", "match_key_missing",
        "name_required", "no_match", "not_deleted", "partner_not_found",
    ];

    [Fact]
    public async Task The_server_and_a_model_agree_on_every_answer_and_on_the_final_state()
    {
        // These counts prove that the random calls met successes and every kind of fault.
        var successes = 0;
        var met = new ConcurrentDictionary<string, int>();
        // If few calls met too little, there are more.
        for (var i = 0; i < MostSamples && met.Count < Faults.Length; i++)
            await Call.Any.Array[8, 25].SampleAsync(AgreeAsync, iter: 100, threads: 2);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{successes} successes; sequences that met " + string.Join(
                ", ", met.OrderBy(one => one.Value).Select(one => $"{one.Key}: {one.Value}")));
        Assert.InRange(successes, 200, int.MaxValue);
        Assert.Equal(Faults, met.Keys.Order(StringComparer.Ordinal));

        async Task AgreeAsync(Call[] calls)
        {
            var api = await host.NewWorkspaceAsync();
            var model = new DirectoryModel();
            var kept = new List<Sent>();
            foreach (var call in calls)
            {
                if (call.Kind == "undo")
                {
                    await UndoAsync(api, model, call);
                    continue;
                }
                if (call.Kind == "import")
                {
                    await ImportAsync(api, model, call);
                    continue;
                }
                var items = call.Items.Select(item => item.Resolve(model, call)).ToArray();
                var dry = call.Items.Length % 2 == 0 ? await call.SendAsync(api, items, "dryRun=true") : null;
                var end = model.Revision;
                var expected = model.Apply(call, items);
                var key = Guid.NewGuid().ToString();
                var answer = await call.SendAsync(api, items, key: key);
                if (dry is not null)
                    Assert.Equal((answer.Status is 201 ? 200 : answer.Status, end), (dry.Status, dry.Status == 200 ? dry.Revision : end));
                if (expected.Faults.Count > 0)
                {
                    Assert.Equal(expected.Faults.Order(StringComparer.Ordinal), answer.Faults.Order(StringComparer.Ordinal));
                    Assert.Equal(dry?.Faults ?? answer.Faults, answer.Faults);
                    continue;
                }
                Assert.Equal((call.Kind == "post" ? 201 : 200, expected.Revision), (answer.Status, answer.Revision));
                kept.Add(new Sent(key, answer, () => call.SendAsync(api, items, key: key)));
                if (call.Kind == "delete")
                {
                    Assert.Equal(JsonSerializer.Serialize(new { deletedIds = items.Select(item => item.Id) }), answer.Text);
                    continue;
                }
                Assert.Equal(expected.Rows.Count(row => row.Id is null), answer.Counts.Created);
                model.Learn(expected, answer.Ids);
                Assert.Equal(expected.Rows.Select(row => row.State), answer.Items.Select(State.Of));
            }
            await Comparison.CompareAsync(api, model);
            await Comparison.ComparePastAsync(api, model, kept);
            Interlocked.Add(ref successes, model.Successes);
            foreach (var fault in model.Faults)
                met.AddOrUpdate(fault, 1, (_, count) => count + 1);
        }
    }

    private static async Task UndoAsync(RosterClient api, DirectoryModel model, Call call)
    {
        if (model.Revision == 0)
            return;
        var revision = 1 + (Math.Abs(call.Items[0].Target) % model.Revision);
        var skips = call.Items.Length % 2 == 0;
        var undo = new UndoOperation(api, model, revision, skips);
        undo.Check(await undo.SendAsync(key: null));
    }

    /// <summary>Imports the items as rows of a file. Empty cells keep what there is, and rows with faults are left out.</summary>
    private static async Task ImportAsync(RosterClient api, DirectoryModel model, Call call)
    {
        var rows = call.Items
            .Select(item => DirectoryModel.Imported.Select(column => item.Fields.GetValueOrDefault(column)?.Trim() ?? "").ToArray())
            .Where(row => row.Any(cell => cell != "")).ToList();
        if (rows.Count == 0)
            return;
        var (id, _) = await api.NewPlanAsync(
            string.Concat(rows.Prepend(DirectoryModel.Imported).Select(row => string.Join(',', row) + "\n")),
            """
            {"delimiter":"comma","headerRow":1,"matchOn":"externalId","mapping":{"columns":[{"column":"externalId","target":"externalId"},
            {"column":"name","target":"name"},{"column":"email","target":"email"},{"column":"phone","target":"phone"}]} }
            """);
        var planned = model.PlanImport(rows);
        var listed = (await api.GetAsync($"{ImportCalls.Path}/{id}/rows")).Json.EnumerateArray();
        Assert.Equal(planned.Select(row => row.Change), listed.Select(row => row.GetProperty("change").GetString()!));
        var end = model.Revision;
        var applied = await api.AppliedAsync(id);
        var ids = (await api.GetAsync($"{ImportCalls.Path}/{id}/rows?change=created")).Json.EnumerateArray()
            .Select(row => row.GetProperty("id").GetString()!);
        model.LearnImport(planned, [.. ids]);
        Assert.Equal(("applied", model.Revision - end), (applied.State(), applied.Revisions().Count));
        Assert.All(applied.Revisions(), revision => Assert.Equal(model.Revision, revision));
    }
}

public sealed class ModelOnSqlite(SqliteHost host) : ModelContract(host);

public sealed class ModelOnPostgres(PostgresHost host) : ModelContract(host);

public sealed class ModelOnPgBouncer(PgBouncerHost host) : ModelContract(host);
