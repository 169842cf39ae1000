using Roster.Client;

namespace Roster.Cli.Commands;

/// <summary>Changed fields in a line: <c>phone: 111 → 222; email: → ada@example.com</c>.</summary>
internal static class FieldTexts
{
    /// <param name="isGone">Whether the values are not kept any more.</param>
    public static string Of(IReadOnlyDictionary<string, FieldChange> fields, bool isGone = false) => isGone
        ? "(values not kept)" : string.Join("; ", fields.Select(field => $"{field.Key}: {field.Value.Old} → {field.Value.New}"));
}
