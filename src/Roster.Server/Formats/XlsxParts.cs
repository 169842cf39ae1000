using System.IO.Compression;
using System.Xml;
using Roster.Imports;

namespace Roster.Server.Formats;

/// <summary>The parts in a workbook's ZIP file, found by their relationships.</summary>
internal sealed class XlsxParts : IDisposable
{
    private const string DefaultWorkbook = "xl/workbook.xml";

    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _entries;
    private long _read;

    private XlsxParts(ZipArchive archive)
    {
        _archive = archive;
        _entries = new Dictionary<string, ZipArchiveEntry>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in archive.Entries)
            _entries.TryAdd(entry.FullName.Replace('\\', '/').TrimStart('/'), entry);
    }

    /// <summary>Path of the part that lists the sheets.</summary>
    public string Workbook { get; private set; } = DefaultWorkbook;

    /// <param name="file">Is left open.</param>
    /// <exception cref="FileRefusedException">This is no workbook, or has too many entries.</exception>
    public static XlsxParts Open(Stream file)
    {
        var limited = new LimitedStream(file, XlsxLimits.MaxDirectory, XlsxLimits.Entries);
        var archive = new ZipArchive(limited, ZipArchiveMode.Read, leaveOpen: true);
        try
        {
            if (archive.Entries.Count > XlsxLimits.MaxEntries)
                throw XlsxLimits.Entries();
            limited.Most = null;
            var parts = new XlsxParts(archive);
            var workbook = parts.Related("").Values.FirstOrDefault(one => one.Kind == "officeDocument").Target ?? DefaultWorkbook;
            parts.Workbook = workbook.EndsWith(".xml", StringComparison.OrdinalIgnoreCase) && parts.Find(workbook) is not null
                && !workbook.StartsWith("word/", StringComparison.Ordinal) && !workbook.StartsWith("ppt/", StringComparison.Ordinal)
                ? workbook : throw FileKind.NoWorkbook(archive);
            return parts;
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    public ZipArchiveEntry? Find(string path) => _entries.GetValueOrDefault(path);

    /// <summary>Opens a part as XML, as often as it is asked to.</summary>
    /// <inheritdoc cref="XlsxXml.Open"/>
    public XmlReader Open(ZipArchiveEntry part, string name, long most) => XlsxXml.Open(part, name, most, read => Count(read));

    /// <summary>Counts unpacked bytes, so that many small reasons to read do not become one large one.</summary>
    /// <exception cref="FileRefusedException">They are more than <see cref="XlsxLimits.MaxTogether"/>.</exception>
    public void Count(long bytes)
    {
        _read += bytes;
        if (_read > XlsxLimits.MaxTogether)
            throw XlsxLimits.Together();
    }

    /// <summary>
    /// The relationships of a part by their ids: the last word of the type, and the path of the target.
    /// </summary>
    /// <param name="part">A path; empty for the ZIP file as a whole.</param>
    public Dictionary<string, (string Kind, string Target)> Related(string part)
    {
        var folder = part[..(part.LastIndexOf('/') + 1)];
        var found = new Dictionary<string, (string, string)>();
        if (Find($"{folder}_rels/{part[folder.Length..]}.rels") is not { } entry)
            return found;
        using var xml = Open(entry, "a list of parts", XlsxLimits.MaxPart);
        while (XlsxXml.Next(xml) && found.Count < XlsxLimits.MaxEntries)
        {
            if (xml.NodeType != XmlNodeType.Element || xml.LocalName != "Relationship" || xml.GetAttribute("TargetMode") == "External")
                continue;
            if (xml.GetAttribute("Id") is { } id && xml.GetAttribute("Type") is { } type && xml.GetAttribute("Target") is { } target)
                found[id] = (type[(type.LastIndexOf('/') + 1)..], Path(folder, target));
        }
        return found;
    }

    public void Dispose() => _archive.Dispose();

    /// <summary>The target's path in the ZIP file: absolute, or from the part's folder.</summary>
    private static string Path(string folder, string target)
    {
        target = target.Replace('\\', '/');
        var steps = new List<string>();
        foreach (var step in (target.StartsWith('/') ? target : folder + target).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (step == ".." && steps.Count > 0)
                steps.RemoveAt(steps.Count - 1);
            else if (step is not (".." or "."))
                steps.Add(step);
        }
        return string.Join('/', steps);
    }
}
