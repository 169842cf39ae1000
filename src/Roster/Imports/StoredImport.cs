namespace Roster.Imports;

/// <summary>An import as it is stored. Receipts stay; the file and the rows are in blocks of their own, which are forgotten.</summary>
/// <param name="Step">Counts the changes of the document, from 1: a change that began at an older step is refused.</param>
/// <param name="DueAt">When a server has to do something: to go on with it, or to forget its file and rows. Null if never.</param>
/// <param name="Document">The rest, encoded by <see cref="Import"/>.</param>
public sealed record StoredImport(long WorkspaceId, Guid Id, long Step, Timestamp? DueAt, byte[] Document)
{
    /// <summary>A block that is stored with this step; null for none, and where an import is read.</summary>
    public ImportBlock? Block { get; init; }
}

/// <summary>What a block of an import has.</summary>
public enum ImportBlockKind
{
    /// <summary>A piece of the file as it was sent.</summary>
    File = 0,

    /// <summary>Planned rows.</summary>
    Rows = 1,

    /// <summary>Ids of partners that planned rows name, so that an erasure finds them.</summary>
    Ids = 2,

    /// <summary>Mended and left out rows.</summary>
    Edits = 3,
}

/// <summary>A part of what an import has stored outside of the directory.</summary>
/// <param name="Number">From 0; may have gaps.</param>
/// <param name="Head">A summary, listed without the bytes. At most 1 KiB.</param>
/// <param name="Bytes">Some 100 KB as a rule; more only for rows with long cells, by <see cref="ImportLimits.TextTogether"/>.</param>
public sealed record ImportBlock(ImportBlockKind Kind, int Number, byte[] Head, byte[] Bytes);

/// <summary>A mapping that a workspace remembers, under a name that people gave it or for a header.</summary>
/// <param name="Document">Its JSON.</param>
public sealed record StoredMapping(string Name, Timestamp At, byte[] Document);

/// <summary>A mapping that has a name.</summary>
/// <param name="At">When it was stored last.</param>
public readonly record struct NamedMapping(string Name, Timestamp At);

/// <summary>A part of an import that is written.</summary>
public readonly record struct WrittenPart(int Part, long Revision);

/// <summary>The part of an import is written already, by a server that went on with it meanwhile. Nothing was written now.</summary>
public sealed class ImportPartWrittenException() : Exception("This part of the import is written already.");
