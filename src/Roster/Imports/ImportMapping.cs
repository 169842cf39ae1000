using System.Text.Json.Serialization;

namespace Roster.Imports;

/// <summary>What becomes of one column.</summary>
/// <param name="Column">The column's name, one of <see cref="RowReader.Columns"/>.</param>
/// <param name="Target">
/// A field that can be written (<c>id</c>, <c>name</c>, <c>email</c>, <c>phone</c>, <c>externalId</c>), <c>tags</c> (replaces
/// them), <c>addTags</c>, <c>metadata.KEY</c>, or a part of the name: <c>name.given</c>, <c>name.family</c>. Null: not imported.
/// </param>
/// <param name="Clears">Whether an empty cell clears the field; otherwise it leaves it as it is.</param>
/// <param name="Trims">Whether white space around a value is taken off.</param>
public sealed record ColumnMapping(
    string Column, string? Target, bool Clears = false,
    // Stored also where it is false, which is not what is read where it is missing.
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] bool Trims = true);
