using System.Text;
using Roster.Imports;
using Roster.Server.Formats;

namespace Roster.Tests.Imports;

/// <summary>Files as people send them, and what a test sees of them.</summary>
internal static class Imported
{
    public static ImportFiles Files { get; } = new(XlsxWorkbook.Open);

    /// <summary>A file of tests/data/imports.</summary>
    public static MemoryStream Kept(string name) =>
        new(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "data", "imports", name)));

    public static MemoryStream Text(string text) => new(Encoding.UTF8.GetBytes(text));

    public static FileExam Examine(string name, AskedShape? asked = null) => Files.Examine(Kept(name), name, null, asked);

    public static FileExam ExamineText(string text, AskedShape? asked = null) => Files.Examine(Text(text), null, null, asked);

    /// <summary>The sentence with which a file is refused.</summary>
    public static string Refusal(string name, AskedShape? asked = null) => Refusal(Kept(name), name, asked);

    public static string Refusal(Stream file, string? name = null, AskedShape? asked = null) =>
        Assert.Throws<FileRefusedException>(() => Files.Examine(file, name, null, asked)).Message;

    /// <summary>The names of the columns, divided by commas.</summary>
    public static string Names(FileExam exam) => string.Join(',', exam.Columns.Select(column => column.Name));

    /// <summary>All rows as "line: cell|cell", and a fault as "line! sentence".</summary>
    public static IReadOnlyList<string> Rows(Stream file, AskedShape? asked = null, string? name = null)
    {
        var exam = Files.Examine(file, name, null, asked);
        using var rows = Files.Open(file, exam.Shape, [.. exam.Columns.Select(column => column.Name)]);
        var all = new List<string>();
        while (rows.Read())
            all.Add(rows.Fault is { } fault ? $"{rows.Line}! {fault}" : $"{rows.Line}: {string.Join('|', rows.Cells)}");
        Assert.Equal((exam.Rows, exam.BlankRows, exam.HiddenRows), (all.Count, rows.BlankRows, rows.HiddenRows));
        return all;
    }

    public static IReadOnlyList<string> Rows(string name, AskedShape? asked = null) => Rows(Kept(name), asked, name);
}
