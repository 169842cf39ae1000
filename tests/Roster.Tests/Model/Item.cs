using System.Text.Json;

namespace Roster.Tests.Model;

/// <summary>An item of a call.</summary>
/// <param name="Target">The partner that it names, as <see cref="DirectoryModel.IdOf"/> has it.</param>
/// <param name="Fields">The given fields. Tags are divided by |.</param>
internal sealed record Item(int Target, Dictionary<string, string?> Fields)
{
    public static readonly string[] Columns =
        ["name", "email", "phone", "externalId", "tags", "addTags", "removeTags", "metadata.k", "metadata.K"];

    public string? Id { get; private init; }

    public string Json
    {
        get
        {
            var members = new Dictionary<string, object?>();
            if (Id is not null)
                members.Add("id", Id);
            foreach (var (name, value) in Fields)
            {
                if (name.StartsWith("metadata.", StringComparison.Ordinal))
                    members.Add("metadata", new Dictionary<string, string?> { [name["metadata.".Length..]] = value });
                else
                    members.Add(name, name.EndsWith("ags", StringComparison.Ordinal) ? value?.Split('|') : value);
            }
            return JsonSerializer.Serialize(members);
        }
    }

    public string Csv => string.Join(',', new[] { Id ?? "" }.Concat(Columns.Select(Cell)));

    private string Cell(string column) => !Fields.TryGetValue(column, out var value) ? ""
        : value is null ? @"\N"
        : value.Contains('"', StringComparison.Ordinal) ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
        : value;

    /// <summary>
    /// The item with the id that its target has by now. CSV has no empty value, and an item needs at least one.
    /// </summary>
    public Item Resolve(DirectoryModel model, Call call)
    {
        var id = model.IdOf(Target, call);
        if (call.Format != "text/csv" || call.TakesIds)
            return this with { Id = id };
        // CSV has no column for metadata as a whole.
        var fields = Fields.Where(field => field.Value != "" && field.Key != "metadata").ToDictionary();
        return this with { Id = id, Fields = id is null && fields.Count == 0 ? new() { ["name"] = null } : fields };
    }
}
