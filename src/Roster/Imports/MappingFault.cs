namespace Roster.Imports;

/// <summary>One thing that is wrong with a mapping.</summary>
/// <param name="Member">The member of the JSON, such as <c>columns[3].target</c>; empty for the whole.</param>
/// <param name="Message">What is wrong and what to do, in English.</param>
public sealed record MappingFault(string Member, string Message);

/// <summary>The result of reading a mapping.</summary>
/// <param name="Columns">Empty if there are faults.</param>
public sealed record MappingReading(IReadOnlyList<ColumnMapping> Columns, IReadOnlyList<MappingFault> Faults);
