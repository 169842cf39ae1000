using System.Text.Json;
using System.Text.Json.Serialization;

namespace Roster.Cli.Sync;

/// <summary>A plan that is kept in a file, to be read by a colleague and applied later. It has no key.</summary>
internal sealed record PlanFile
{
    /// <summary>The form of this file.</summary>
    public int Version { get; init; } = 1;

    public string Server { get; init; } = "";

    public string Workspace { get; init; } = "";

    /// <summary>The newest revision before the plan was made.</summary>
    public long Revision { get; init; }

    public Guid ImportId { get; init; }

    public string File { get; init; } = "";

    public string Sha256 { get; init; } = "";

    public string Mode { get; init; } = "";

    public string? MatchOn { get; init; }

    public long Created { get; init; }

    public long Updated { get; init; }

    public long Deleted { get; init; }

    public long Faulty { get; init; }

    /// <summary>With another time, somebody has changed the plan.</summary>
    public DateTimeOffset PlannedAt { get; init; }

    public static PlanFile Of(PlannedFile plan, Uri server)
    {
        var (import, counts) = (plan.Import, plan.Import.Counts!);
        return new()
        {
            Server = server.ToString(),
            Workspace = plan.Workspace,
            Revision = plan.Revision,
            ImportId = import.Id,
            File = import.File.Name ?? "",
            Sha256 = import.File.Sha256,
            Mode = import.Mode,
            MatchOn = import.MatchOn,
            Created = counts.Created,
            Updated = counts.Updated,
            Deleted = counts.Deleted,
            Faulty = counts.Faulty,
            PlannedAt = import.Times.GetValueOrDefault("planned"),
        };
    }

    /// <exception cref="CommandException">It is not such a file.</exception>
    public static PlanFile Read(string path)
    {
        try
        {
            if (JsonSerializer.Deserialize(System.IO.File.ReadAllBytes(path), PlanJson.Default.PlanFile)
                is { Version: 1, Server.Length: > 0 } plan)
                return plan;
        }
        catch (JsonException wrong)
        {
            throw CommandException.Failed($"{path} is not a plan of roster plan -o: {wrong.Message}");
        }
        throw CommandException.Failed($"{path} is not a plan of roster plan -o.");
    }

    public void Write(string path) =>
        System.IO.File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(this, PlanJson.Default.PlanFile));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(PlanFile))]
internal sealed partial class PlanJson : JsonSerializerContext;
