using System.Text;

namespace Roster.Bench.Pages;

/// <summary>Adds tables to a page.</summary>
internal static class MarkdownTable
{
    public static void AppendTable(this StringBuilder page, string[] head, IEnumerable<string[]> rows)
    {
        AppendRow(page, head);
        AppendRow(page, [.. head.Select(_ => "---")]);
        foreach (var row in rows)
            AppendRow(page, row);
        page.Append('\n');
    }

    private static void AppendRow(StringBuilder page, string[] cells) => page.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
}
