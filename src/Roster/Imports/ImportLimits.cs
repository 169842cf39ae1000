namespace Roster.Imports;

/// <summary>Limits of imports.</summary>
public static class ImportLimits
{
    /// <summary>Most rows of a file, without blank ones.</summary>
    public const int MaxRows = 1_000_000;

    /// <summary>Most UTF-16 units of a cell that are read. More than any field can hold.</summary>
    public const int MaxCell = 4_096;

    /// <summary>
    /// UTF-16 units that are kept of a longer cell: one more, so that it is still seen to be too long where one is left off
    /// that would be half a character.
    /// </summary>
    public const int KeptOfCell = MaxCell + 1;

    /// <summary>
    /// UTF-16 units of rows that are held together: the row that reaches them is the last one. A row has at most 4 million,
    /// so that wide rows with long cells cannot fill the memory.
    /// </summary>
    public const int TextTogether = 8 << 20;

    /// <summary>UTF-16 units of cells, empty ones not counted.</summary>
    public static int UnitsOf(IEnumerable<string?> cells) => cells.Sum(cell => cell?.Length ?? 0);

    /// <summary>Most UTF-16 units of a column's name.</summary>
    public const int MaxColumnName = 200;

    /// <summary>Headers whose mapping a workspace remembers, the last ones.</summary>
    public const int MaxRememberedHeaders = 500;

    /// <summary>Named mappings of a workspace.</summary>
    public const int MaxMappings = 200;

    /// <summary>Imports of a workspace whose file or rows are stored.</summary>
    public const int MaxOpen = 100;

    /// <summary>How long a file may take to come in. After that an upload that broke off is forgotten.</summary>
    public static readonly TimeSpan UploadTime = TimeSpan.FromHours(1);

    /// <summary>Distinct samples of a column, and sample lines of an encoding.</summary>
    public const int Samples = 3;

    /// <summary>Most UTF-16 units of a sample.</summary>
    public const int MaxSample = 80;

    /// <summary>Bytes at a file's start, as UTF-8, from which its divider and its header are found.</summary>
    public const int Start = 64 << 10;

    /// <summary>Most rows at a table's start from which its header is found.</summary>
    public const int StartRows = 100;

    /// <summary>Most bytes of a JSON text or number, and of a line of NDJSON.</summary>
    public const int MaxJsonToken = 4 << 20;
}
