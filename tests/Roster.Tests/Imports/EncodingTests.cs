using System.Text;
using Roster.Imports;

namespace Roster.Tests.Imports;

/// <summary>The encoding of a file is known, or a person is asked; it is never guessed.</summary>
public sealed class EncodingTests
{
    [Theory]
    [InlineData("utf-8.csv", "utf-8")]
    [InlineData("utf-8-mark.csv", "utf-8")]
    [InlineData("utf-16le-mark.csv", "utf-16le")]
    [InlineData("utf-16be-mark.csv", "utf-16be")]
    [InlineData("utf-16le.csv", "utf-16le")]
    [InlineData("utf-16be.csv", "utf-16be")]
    [InlineData("tabs.tsv", "utf-8")]
    public void A_file_in_Unicode_is_read_at_once(string name, string encoding)
    {
        var exam = Imported.Examine(name);

        Assert.Equal(encoding, exam.Shape.Encoding);
        Assert.StartsWith("name,email", Imported.Names(exam));
    }

    [Fact]
    public void A_file_in_windows_1252_is_asked_about_with_samples()
    {
        var exam = Imported.Examine("windows-1252.csv");

        Assert.Null(exam.Shape.Encoding);
        Assert.Empty(exam.Columns);
        var sample = Assert.Single(exam.Encodings, one => one.Encoding == "windows-1252");
        Assert.Equal(["José Müller – Büro,jose@example.com", "Zoë “Zo” Œuvre,zoe@example.com"], sample.Lines);
        Assert.Contains(exam.Encodings, one => one.Encoding == "windows-1250");
    }

    [Theory]
    [InlineData("windows-1252", "José Müller – Büro")]
    [InlineData("windows-1250", "Łukasz Żak")]
    [InlineData("windows-1251", "Анна Иванова")]
    [InlineData("windows-1254", "Ayşe Yıldız")]
    [InlineData("windows-1256", "فاطمة الزهراء")]
    [InlineData("shift_jis", "山田 太郎")]
    [InlineData("gb18030", "王小明")]
    public void A_file_is_read_in_the_encoding_that_a_person_chose(string encoding, string first)
    {
        Assert.StartsWith(first, Imported.Examine($"{encoding}.csv").Encodings.Single(one => one.Encoding == encoding).Lines[0]);

        var exam = Imported.Examine($"{encoding}.csv", new AskedShape(Encoding: encoding));

        Assert.Equal(encoding, exam.Shape.Encoding);
        Assert.Equal((2, first), (exam.Rows, exam.Columns[0].Samples[0]));
        Assert.StartsWith($"2: {first}|", Imported.Rows($"{encoding}.csv", new AskedShape(Encoding: encoding))[0]);
    }

    [Fact]
    public void Encodings_that_cannot_be_are_not_offered()
    {
        var offered = Imported.Examine("windows-1252.csv").Encodings.Select(one => one.Encoding);

        Assert.DoesNotContain("shift_jis", offered);
        Assert.DoesNotContain("utf-8", offered);
    }

    [Fact]
    public void The_whole_file_decides_and_not_its_start()
    {
        var exam = Imported.Files.Examine(
            new MemoryStream([.. "name\n"u8, .. Enumerable.Repeat((byte)'a', 1 << 20), (byte)'\n', 0xE9]), null, null);

        Assert.Null(exam.Shape.Encoding);
        Assert.Equal("é", exam.Encodings[0].Lines[0]);
    }

    [Fact]
    public void A_long_line_is_shown_around_its_first_special_character()
    {
        var line = new string('a', 100_000) + "é" + new string('b', 100_000);

        var sample = Imported.Files.Examine(new MemoryStream(Encoding.Latin1.GetBytes(line)), null, null).Encodings[0].Lines[0];

        Assert.Equal(new string('a', 40) + "é" + new string('b', 39), sample);
    }

    [Theory]
    [InlineData("utf-8", "The file is not utf-8: it has bytes that utf-8 does not have, the first near byte 15. Choose another encoding.")]
    [InlineData("ebcdic", "The encoding ebcdic is not known.")]
    public void An_encoding_that_does_not_fit_is_refused(string encoding, string sentence) =>
        Assert.StartsWith(sentence, Imported.Refusal("windows-1252.csv", new AskedShape(Encoding: encoding)));

    [Fact]
    public void A_mark_of_UTF_8_before_other_bytes_is_refused() => Assert.StartsWith(
        "The file is not utf-8", Imported.Refusal(new MemoryStream([0xEF, 0xBB, 0xBF, .. "name\nJos"u8, 0xE9])));

    [Fact]
    public void A_code_point_may_be_torn_between_buffers()
    {
        for (var length = 65_530; length < 65_540; length++)
        {
            var exam = Imported.ExamineText("name\n" + new string('a', length) + "👩\n");
            Assert.Equal(("utf-8", 1), (exam.Shape.Encoding, exam.Rows));
        }
    }
}
