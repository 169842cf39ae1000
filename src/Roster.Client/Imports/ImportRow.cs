using System.Text.Json.Serialization;

namespace Roster.Client;

/// <summary>A row of a plan.</summary>
public sealed record ImportRow
{
    /// <summary>Its first line, from 1; null for a partner that no row names and a mirror deletes.</summary>
    public int? Line { get; init; }

    /// <summary><c>created</c>, <c>updated</c>, <c>unchanged</c>, <c>deleted</c>, <c>faulty</c> or <c>skipped</c>.</summary>
    public string Change { get; init; } = "";

    /// <summary>The partner; null if it is not created yet, or not known.</summary>
    public Guid? Id { get; init; }

    /// <summary>The cells that are not empty, by column, as mended.</summary>
    public IReadOnlyDictionary<string, string> Cells { get => field ?? NoCells; init; }

    /// <summary>As <see cref="PartnerChange.Fields"/>.</summary>
    public IReadOnlyDictionary<string, FieldChange> Fields { get => field ?? FieldChange.None; init; }

    public IReadOnlyList<RowNote> Faults { get => field ?? []; init; }

    public IReadOnlyList<RowNote> Warnings { get => field ?? []; init; }

    private static readonly Dictionary<string, string> NoCells = [];
}

/// <summary>A fault or a warning of a row.</summary>
public sealed record RowNote
{
    public string Code { get; init; } = "";

    public string Message { get; init; } = "";

    public string? Field { get; init; }

    /// <summary>The column of the file.</summary>
    public string? Column { get; init; }

    /// <summary>The other row, in a conflict of two.</summary>
    public int? OtherLine { get; init; }
}

/// <summary>Which rows to list.</summary>
public sealed record ImportRowQuery
{
    /// <summary>Only rows with this plan: see <see cref="ImportRow.Change"/>.</summary>
    public string? Change { get; init; }

    /// <summary>Only rows with faults, also conflicts that were found while the import was applied.</summary>
    public bool FaultyOnly { get; init; }

    /// <summary>Only the conflicts that were found while the import was applied.</summary>
    public bool ConflictsOnly { get; init; }

    /// <summary>Only rows with this text in a cell: 1 to 200 characters; case does not count.</summary>
    public string? Search { get; init; }

    /// <summary>Rows on a page, 1 to 1,000. A page can have fewer, or none, and still a next one.</summary>
    public int Take { get; init; } = 1_000;

    internal string ToQuery(string? cursor, bool isPage = true) => new QueryText()
        .Add("change", Change).Add("faulty", FaultyOnly ? "true" : null).Add("conflict", ConflictsOnly ? "true" : null)
        .Add("q", Search).Add("take", isPage ? Take : null).Add("cursor", cursor).ToString();
}

/// <summary>Mends a row, or leaves it out. It is added to the edits before; the last one for a cell counts.</summary>
/// <param name="Line">The row's line.</param>
public sealed record RowEdit(int Line)
{
    /// <summary>New texts of some columns; null for an empty cell.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string?>? Cells { get; init; }

    /// <summary>True leaves the row out, false takes it in again.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Skip { get; init; }
}
