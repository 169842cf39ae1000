using System.Text.Json;
using CsCheck;

namespace Roster.Tests.Server;

/// <summary>Random batches against the server and against a model in memory: they agree on every answer and on the end.</summary>
public abstract class ModelContract(RosterHost host)
{
    private static readonly Gen<string?> Name = Gen.Frequency(
        (8, Gen.String[Gen.Char["abcé中"], 1, 3].Select(text => (string?)text)), (1, Some.Of<string?>([null])), (1, Some.Of<string?>(" ")));

    private static readonly Gen<string?> Email = Gen.Frequency(
        (6, Some.Of<string?>("a@b.example", "c@d.example")), (3, Some.Of<string?>([null])), (1, Some.Of<string?>("", "nobody")));

    private static readonly Gen<string?> Phone = Gen.Frequency(
        (6, Some.Of<string?>("1", "2")), (3, Some.Of<string?>([null])), (1, Some.Of<string?>("")));

    /// <summary>Which of the partners known so far an item names: none to create one, -2 for an unknown id.</summary>
    private static readonly Gen<int> Target = Gen.Frequency((3, Gen.Const(-1)), (1, Gen.Const(-2)), (12, Gen.Int[0, 30]));

    private static readonly Gen<Item[]> Batch = Gen.Select(
        Target, Gen.Select(Gen.Bool, Name), Gen.Select(Gen.Bool, Email), Gen.Select(Gen.Bool, Phone),
        (target, name, email, phone) => new Item(
            target, name.Item1 || target == -1, name.Item2, email.Item1, email.Item2, phone.Item1, phone.Item2)).Array[1, 6];

    [Fact]
    public Task The_server_and_a_model_agree_on_every_answer_and_on_the_final_state() =>
        Batch.Array[1, 25].SampleAsync(async batches =>
        {
            var api = await host.NewWorkspaceAsync();
            var model = new Model();
            foreach (var batch in batches)
            {
                var items = batch.Select(item => item with { Id = model.IdOf(item.Target) }).ToArray();
                var expected = model.Apply(items);
                var answer = await api.PutAsync("[" + string.Join(',', items.Select(item => item.Json)) + "]");
                if (expected.Faults.Count > 0)
                {
                    Assert.Equal(expected.Faults, answer.Faults.Order());
                    continue;
                }
                Assert.Equal((expected.Revision, expected.Counts), (answer.Revision, answer.Counts));
                model.Learn(answer.Items.Select(partner => partner.GetProperty("id").GetString()!).ToList());
                Assert.Equal(expected.Rows, answer.Items.Select(Row.Of));
            }
            foreach (var (id, row) in model.Partners)
                Assert.Equal(row, Row.Of(await api.ReadAsync(id)));
        }, iter: 60, threads: 2);

    private sealed record Item(int Target, bool GivesName, string? Name, bool GivesEmail, string? Email, bool GivesPhone, string? Phone)
    {
        public string? Id { get; init; }

        public string Json
        {
            get
            {
                var members = new Dictionary<string, string?>();
                if (Id is not null)
                    members.Add("id", Id);
                if (GivesName)
                    members.Add("name", Name);
                if (GivesEmail)
                    members.Add("email", Email);
                if (GivesPhone)
                    members.Add("phone", Phone);
                return JsonSerializer.Serialize(members);
            }
        }
    }

    private sealed record Row(string Name, string? Email, string? Phone)
    {
        public static Row Of(JsonElement partner) => new(
            partner.GetProperty("name").GetString()!, partner.GetProperty("email").GetString(), partner.GetProperty("phone").GetString());
    }

    private sealed record Expected(List<string> Faults, List<Row> Rows, (long, long, long) Counts, long Revision);

    private sealed class Model
    {
        private readonly List<string> _ids = [];
        private List<(string? Id, Row Row)> _answer = [];
        private long _revision;

        public Dictionary<string, Row> Partners { get; } = [];

        public string? IdOf(int target) => target == -1 ? null
            : target == -2 || _ids.Count == 0 ? Guid.NewGuid().ToString() : _ids[target % _ids.Count];

        public Expected Apply(Item[] items)
        {
            var faults = new List<string>();
            _answer = [];
            var (created, updated) = (0, 0);
            for (var i = 0; i < items.Length; i++)
            {
                var item = items[i];
                if (item.Id is not null && !Partners.ContainsKey(item.Id))
                    faults.Add($"{i} id partner_not_found");
                if (item.Id is not null && items.Take(i).Any(other => other.Id == item.Id))
                    faults.Add($"{i} id duplicate_id");
                if (item.GivesName && string.IsNullOrWhiteSpace(item.Name))
                    faults.Add($"{i} name name_required");
                if (item.GivesEmail && item.Email is "" or "nobody")
                    faults.Add($"{i} email {(item.Email == "" ? "empty_value" : "invalid_email")}");
                if (item.GivesPhone && item.Phone == "")
                    faults.Add($"{i} phone empty_value");
                var before = item.Id is null ? null : Partners.GetValueOrDefault(item.Id);
                var after = new Row(
                    item.GivesName ? item.Name! : before?.Name!, item.GivesEmail ? item.Email : before?.Email,
                    item.GivesPhone ? item.Phone : before?.Phone);
                _answer.Add((item.Id, after));
                created += item.Id is null ? 1 : 0;
                updated += item.Id is not null && after != before ? 1 : 0;
            }
            if (faults.Count == 0 && created + updated > 0)
                _revision++;
            faults.Sort(StringComparer.CurrentCulture);
            return new Expected(
                faults, [.. _answer.Select(one => one.Row)], (created, updated, items.Length - created - updated), _revision);
        }

        /// <summary>Takes over what a successful answer says: the ids of new partners are the server's to choose.</summary>
        public void Learn(List<string> ids)
        {
            foreach (var (id, (asked, row)) in ids.Zip(_answer))
            {
                if (asked is null)
                    _ids.Add(id);
                Partners[id] = row;
            }
        }
    }
}

public sealed class ModelOnSqlite(SqliteHost host) : ModelContract(host);
