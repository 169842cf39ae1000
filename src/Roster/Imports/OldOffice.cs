using System.Buffers.Binary;
using System.Text;

namespace Roster.Imports;

/// <summary>
/// Tells the files in Microsoft's compound format (OLE2, [MS-CFB]) apart by the names in their directory: old
/// workbooks, old documents, and encrypted new ones.
/// </summary>
internal static class OldOffice
{
    private const int HeaderSize = 512;
    private const int EntrySize = 128;

    /// <summary>Sectors read of the directory: 32 to 256 names or more.</summary>
    private const int MaxSectors = 32;

    public static bool Is(ReadOnlySpan<byte> start) =>
        start.StartsWith((ReadOnlySpan<byte>)[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);

    public static FileRefusedException Refusal(Stream file)
    {
        var names = Names(file);
        if (names.Contains("EncryptedPackage"))
            return FileRefusals.NoTable(
                "a workbook or document with a password", "Open it in a spreadsheet program, save it without a password, and send that.");
        if (names.Contains("Workbook") || names.Contains("Book"))
            return FileRefusals.NoTable("an old Excel workbook (.xls)", "Open it in a spreadsheet program and save it as .xlsx or as CSV.");
        return FileRefusals.NoTable(
            names.Contains("WordDocument") ? "an old Word document (.doc)" : "an old Office file",
            "Export the table as .xlsx or as CSV, and send that.");
    }

    private static HashSet<string> Names(Stream file)
    {
        var names = new HashSet<string>();
        var header = new byte[HeaderSize];
        if (!TryRead(file, 0, header))
            return names;
        var size = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(0x1E)) == 12 ? 4096 : 512;
        var sector = new byte[size];
        var at = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(0x30));
        for (var i = 0; i < MaxSectors && TryRead(file, (at + 1L) * size, sector); i++)
        {
            for (var entry = 0; entry < size; entry += EntrySize)
                names.Add(Encoding.Unicode.GetString(sector, entry, 64).TrimEnd('\0'));
            if (Next(file, header, size, at) is not { } next)
                break;
            at = next;
        }
        return names;
    }

    /// <summary>
    /// The sector after this one, from the allocation table; only the header's 109 sectors of the table are used.
    /// </summary>
    private static uint? Next(Stream file, byte[] header, int size, uint sector)
    {
        var perSector = (uint)size / 4;
        var index = sector / perSector;
        if (index >= 109)
            return null;
        var table = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(0x4C + (int)index * 4));
        var next = new byte[4];
        return TryRead(file, (table + 1L) * size + sector % perSector * 4, next) ? BinaryPrimitives.ReadUInt32LittleEndian(next) : null;
    }

    private static bool TryRead(Stream file, long position, byte[] bytes)
    {
        if (position > file.Length - bytes.Length)
            return false;
        file.Position = position;
        return file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length;
    }
}
