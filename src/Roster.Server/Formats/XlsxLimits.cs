using Roster.Imports;

namespace Roster.Server.Formats;

/// <summary>
/// Limits of a workbook, so that a small file cannot become a large one in memory. A ZIP file says how long its entries
/// are when unpacked; both what it says and what is read are checked.
/// </summary>
internal static class XlsxLimits
{
    public const int MaxEntries = 10_000;

    /// <summary>Bytes read of the file to list its entries; 10,000 ordinary ones are about 1 MiB.</summary>
    public const long MaxDirectory = 4L << 20;

    /// <summary>Bytes of one sheet, unpacked.</summary>
    public const long MaxSheet = 2L << 30;

    /// <summary>UTF-16 units of a sheet's name that are kept; Excel allows 31.</summary>
    public const int MaxSheetName = 200;

    /// <summary>Bytes of the shared strings, unpacked. They are held in memory, as UTF-8.</summary>
    public const long MaxStrings = 128L << 20;

    public const int MaxStringCount = 8_000_000;

    /// <summary>Bytes of the workbook's own part, its styles or its list of parts, unpacked.</summary>
    public const long MaxPart = 16L << 20;

    /// <summary>Most sheets, and most number formats and styles each: Excel has 65,490 styles.</summary>
    public const int MaxStyles = 65_536;

    /// <summary>
    /// Bytes read of all parts together, unpacked: those of two of the largest sheets, which take about a minute. A file of
    /// 2 MB with a thousand sheets would take hours without it.
    /// </summary>
    public const long MaxTogether = 4L << 30;

    /// <summary>UTF-16 units without a "&lt;": an attribute or a text. A cell of Excel has 32,767.</summary>
    public const int MaxStretch = 1 << 20;

    /// <summary>Different names of elements and attributes in a part; ordinary ones have less than 100.</summary>
    public const int MaxNames = 10_000;

    public const int MaxDepth = 64;

    public static FileRefusedException Entries() => FileRefusals.LargeWorkbook($"more than {MaxEntries:N0} files in it");

    public static FileRefusedException Part(string name, long bytes) =>
        FileRefusals.LargeWorkbook($"{name} of more than {(bytes >= 1L << 30 ? $"{bytes >> 30} GiB" : $"{bytes >> 20} MiB")}");

    public static FileRefusedException Together() =>
        FileRefusals.LargeWorkbook($"parts of more than {MaxTogether >> 30} GiB together");

    public static FileRefusedException Stretch() => FileRefusals.LargeWorkbook("a text of more than a million characters");
}
