using System.Buffers;
using System.Text;
using CsCheck;
using Roster.Batches;
using Roster.Changes;
using Roster.Imports;
using Roster.Partners;

namespace Roster.Tests.Imports;

/// <summary>What a PUT understands of CSV of ours, an import understands in the same way.</summary>
public sealed class RowItemsRoundTripTests
{
    private static readonly string[] Targets = ["name", "email", "phone", "externalId", "tags", "metadata.a", "metadata.b"];

    private static readonly string[] Pieces =
        ["a", "B", "N", "é", "👩", "أ", " ", "\u00A0", "\u200B", "'", "'", "=", "+", "-", "@", "\\", "\\N", "\"", ",", ";", "|", ":::", "#",
            "1", "0171", "E+11", "\t", "\r\n", "<", ">", "ada@example.com", "mailto:", "null"];

    private static readonly string[] Emails =
        ["ada@example.com", "=ada@example.com", "+ada@example.com", "'ada@example.com", "أ@example.com", "#ada@example.com",
            "ada@example.com;b@c.de"];

    private static readonly Gen<string> Texts = Some.Of(Pieces).Array[1, 4].Select(string.Concat);

    /// <summary>A partner's values by target: what a directory may hold, and what it may not.</summary>
    private static readonly Gen<string?[]> Values = Texts.Select(Gen.Int[0, 2], (text, kind) => kind == 0 ? null : text)
        .Array[Targets.Length]
        .Select(Gen.OneOf(Some.Of(Emails), Some.Of(Emails), Texts), Gen.Bool, (values, email, hasEmail) =>
            (string?[])[values[0] ?? "Ada", hasEmail ? email : null, .. values[2..]]);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void CSV_of_ours_is_imported_as_it_is_put(bool isSpreadsheet) => Values.Sample(
        values =>
        {
            string[] cells = [.. values.Select((value, i) =>
                IsOurs(value, Targets[i], isSpreadsheet)
                    ? CsvCell.Write(Targets[i] == "tags" ? TagText.ToCell(value) : value, isSpreadsheet) : "")];
            var put = Put(cells, isSpreadsheet);
            foreach (var trims in new[] { false, true })
                if (!trims || cells.All(cell => CellText.Trim(cell) == cell))
                    AssertSame(put, Import(cells, trims));
        },
        iter: 5_000);

    [Fact]
    public void A_cell_that_was_guarded_for_spreadsheets_is_imported_as_it_was_in_the_file() => Values.Sample(
        values =>
        {
            string[] cells = [.. values.Select(value => value is null || !VisibleText.IsSeen(value) ? "" : value)];
            var (asItWas, guarded) = (Import(cells, trims: true), Import([.. cells.Select(CsvCell.Guard)], trims: true));
            Assert.Equal(Messages(asItWas), Messages(guarded));
            Assert.Equal(Items(asItWas), Items(guarded));
        },
        iter: 5_000);

    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+44 1", "'+44 1")]
    [InlineData("-1", "'-1")]
    [InlineData("@x", "'@x")]
    [InlineData("\t\r=1", "'=1")]
    [InlineData("'=1+1", "'=1+1")]
    [InlineData("'+44 1", "'+44 1")]
    [InlineData("'t Hooft", "'t Hooft")]
    [InlineData(@"\N", @"\N")]
    [InlineData("Ada", "Ada")]
    [InlineData("", "")]
    public void Only_what_would_be_a_formula_gets_an_apostrophe(string cell, string guarded) => Assert.Equal(guarded, CsvCell.Guard(cell));

    /// <summary>
    /// Leaves out what an import understands in another way on purpose: errors of spreadsheets; invisible characters around
    /// a tag; and, in plain CSV, whose apostrophes are no guards, a value that begins with one.
    /// </summary>
    private static bool IsOurs(string? value, string target, bool isSpreadsheet) => value is null
        || !(CellText.IsSpreadsheetError(value.Trim())
            || (target == "tags" && (Split(value).Length == 0 || Split(value).Any(tag => CellText.Trim(tag) != tag)))
            || (!isSpreadsheet && value[0] == '\''));

    private static string[] Split(string tags) =>
        tags.Split(TagText.Divider, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static BatchReading Put(string[] cells, bool isSpreadsheet)
    {
        var quoted = cells.Select(cell => $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"");
        var csv = $"{string.Join(',', Targets)}\n{string.Join(',', quoted)}\n";
        var reader = new CsvBatchReader(new BatchBuilder(ChangeKind.Upsert), new CsvFormat(IsSpreadsheet: isSpreadsheet));
        reader.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(csv)), isFinal: true);
        return reader.Finish();
    }

    private static ImportedItems Import(string[] cells, bool trims)
    {
        var batch = new BatchBuilder(ChangeKind.Upsert);
        new RowItems([.. Targets.Select(target => new ColumnMapping(target, target, Trims: trims))], Targets)
            .Add(batch, [.. cells.Select(cell => cell.Length == 0 ? null : cell)], 2, _ => false);
        return batch.FinishItems();
    }

    private static IEnumerable<string> Messages(ImportedItems imported) =>
        imported.Faults.Values.SelectMany(faults => faults).Select(fault => fault.Message);

    private static IEnumerable<(FieldSet, PartnerValues, string)> Items(ImportedItems imported) => imported.Valid.Select(item =>
        (item.Row.Given, item.Row.Values, string.Join('\n', item.Row.Edits.Select(Describe))));

    /// <summary>A valid item is the same item. An import may understand an address that a PUT refuses.</summary>
    private static void AssertSame(BatchReading put, ImportedItems imported)
    {
        if (put is BatchReading.Refused refused)
        {
            if (refused.Faults.Listed.All(fault => fault.Field != "email"))
                Assert.Empty(imported.Valid);
            return;
        }
        var row = Assert.IsType<Upsert>(((BatchReading.Accepted)put).Change).Rows.Single();
        Assert.Empty(imported.Faults.Values.SelectMany(faults => faults).Select(fault => fault.Message));
        var item = imported.Valid.Single().Row;
        Assert.Equal((row.Given, row.Id, row.Values), (item.Given, item.Id, item.Values));
        Assert.Equal(row.Edits.Select(Describe), item.Edits.Select(Describe));
    }

    private static string Describe(FieldEdit edit) => edit switch
    {
        TagEdit tags => $"{tags.IsReplaced} {string.Join('|', tags.Added)}",
        MetadataEdit metadata => string.Join(' ', metadata.Keys),
        _ => throw new ArgumentOutOfRangeException(nameof(edit)),
    };
}
