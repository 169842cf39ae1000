using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Roster.Client;

/// <summary>
/// The items of a large batch in a temporary file that only this user can read, and that is gone when it is closed: so they
/// need not be in memory, can be sent again, and are there for faults.
/// </summary>
internal sealed class ItemFile : IAsyncDisposable
{
    /// <summary>Bytes that are collected before they are written.</summary>
    private const int Piece = 256 << 10;

    private readonly FileStream _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ArrayBufferWriter<byte> _lines = new(Piece);
    private readonly Utf8JsonWriter _json;

    public ItemFile()
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var path = Path.Combine(Path.GetTempPath(), $"roster-{Guid.NewGuid():N}");
        _file = new FileStream(path, options);
        // Else it would stay if the process is killed. Windows deletes an open file by itself.
        if (!OperatingSystem.IsWindows())
            File.Delete(path);
        _json = new Utf8JsonWriter(_lines);
    }

    public int Count { get; private set; }

    public long Length => _file.Length;

    /// <summary>The columns that any item has.</summary>
    public HashSet<string> Columns { get; } = new(StringComparer.Ordinal);

    public byte[] Sha256 { get; private set; } = [];

    public async ValueTask AddAsync(PartnerWrite item, CancellationToken cancel)
    {
        ImportLine.Write(_json, item, Count, Columns);
        _json.Flush();
        _json.Reset();
        _lines.GetSpan(1)[0] = (byte)'\n';
        _lines.Advance(1);
        Count++;
        if (_lines.WrittenCount > Piece - (16 << 10))
            await FlushAsync(cancel).ConfigureAwait(false);
    }

    /// <summary>No more items come.</summary>
    public async ValueTask EndAsync(CancellationToken cancel)
    {
        await FlushAsync(cancel).ConfigureAwait(false);
        await _file.FlushAsync(cancel).ConfigureAwait(false);
        Sha256 = _hash.GetHashAndReset();
    }

    /// <summary>The lines from the beginning; not to be disposed.</summary>
    public Stream Open()
    {
        _file.Position = 0;
        return _file;
    }

    /// <summary>The items of these lines, from 1.</summary>
    public async Task<Dictionary<int, PartnerWrite>> ItemsAsync(HashSet<int> lines, CancellationToken cancel)
    {
        var items = new Dictionary<int, PartnerWrite>();
        using var reader = new StreamReader(Open(), leaveOpen: true);
        for (var line = 1; items.Count < lines.Count
            && await reader.ReadLineAsync(cancel).ConfigureAwait(false) is { } text; line++)
            if (lines.Contains(line))
                items.Add(line, ImportLine.Read(text));
        return items;
    }

    public async ValueTask DisposeAsync()
    {
        await _json.DisposeAsync().ConfigureAwait(false);
        _hash.Dispose();
        await _file.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask FlushAsync(CancellationToken cancel)
    {
        _hash.AppendData(_lines.WrittenSpan);
        await _file.WriteAsync(_lines.WrittenMemory, cancel).ConfigureAwait(false);
        _lines.ResetWrittenCount();
    }
}
