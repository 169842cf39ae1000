using System.Buffers;
using System.IO.Compression;
using System.Text.Json;
using Roster.Partners;

namespace Roster.Log;

/// <summary>
/// Reads the bytes of a change set (<see cref="ChangeEncoding"/>) piece by piece as they come, and shows its entries to a visitor. Takes about
/// 128 KiB and what Brotli needs (half a MiB), whatever the change set's size.
/// </summary>
public sealed class ChangeSetDecoder(LogVisitor visitor) : IDisposable
{
    /// <summary>More than an entry can have: four texts of 255 code points, each escaped in full, are 13 KB.</summary>
    private const int BufferBytes = 64 << 10;

    private const string Damaged = "The change set is damaged.";

    private readonly byte[] _header = new byte[PackedJson.HeaderLength];
    private readonly byte[] _json = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private BrotliDecoder _brotli;
    private JsonReaderState _state;
    private int _headerLength;
    private int _length;
    private bool _isBrotliDone;
    private bool _isStopped;
    private bool _isAtEnd;

    /// <summary>Which field each value is of; null until the names are read.</summary>
    private PartnerField[]? _fields;

    private bool IsPlain => _header[1] == PackedJson.Plain;

    /// <returns>False when the visitor wants nothing more of this change set.</returns>
    /// <exception cref="DamagedLogException">The bytes are not of a version that this code knows, or are damaged.</exception>
    public bool Write(ReadOnlySpan<byte> piece)
    {
        while (_headerLength < _header.Length && piece.Length > 0)
        {
            _header[_headerLength++] = piece[0];
            piece = piece[1..];
            if (_headerLength == _header.Length)
                PackedJson.RequireKnown(_header, ChangeEncoding.Version);
        }
        var hasMore = true;
        while (!_isStopped && (piece.Length > 0 || hasMore) && _headerLength == _header.Length)
        {
            hasMore = IsPlain ? Copy(ref piece) : Decompress(ref piece);
            Read(isLast: false);
        }
        return !_isStopped;
    }

    /// <summary>No more bytes come.</summary>
    /// <exception cref="DamagedLogException">The change set does not end here.</exception>
    public void Complete()
    {
        if (_isStopped)
            return;
        PackedJson.RequireKnown(_header.AsSpan(0, _headerLength), ChangeEncoding.Version);
        if (!IsPlain && !_isBrotliDone)
            throw new DamagedLogException(Damaged);
        Read(isLast: true);
        if (!_isAtEnd)
            throw new DamagedLogException(Damaged);
    }

    public void Dispose()
    {
        _brotli.Dispose();
        ArrayPool<byte>.Shared.Return(_json);
    }

    /// <returns>Whether more can come of what was given already.</returns>
    private bool Copy(ref ReadOnlySpan<byte> piece)
    {
        var part = piece[..Math.Min(piece.Length, _json.Length - _length)];
        part.CopyTo(_json.AsSpan(_length));
        _length += part.Length;
        piece = piece[part.Length..];
        return piece.Length > 0;
    }

    /// <inheritdoc cref="Copy"/>
    private bool Decompress(ref ReadOnlySpan<byte> piece)
    {
        if (_isBrotliDone)
            throw new DamagedLogException(Damaged);
        var status = _brotli.Decompress(piece, _json.AsSpan(_length), out var consumed, out var written);
        if (status == OperationStatus.InvalidData)
            throw new DamagedLogException(Damaged);
        _length += written;
        piece = piece[consumed..];
        _isBrotliDone = status == OperationStatus.Done;
        return status == OperationStatus.DestinationTooSmall;
    }

    /// <summary>Shows the entries that are there as a whole.</summary>
    private void Read(bool isLast)
    {
        try
        {
            var json = new Utf8JsonReader(_json.AsSpan(0, _length), isLast, _state);
            while (!_isStopped && ReadNext(ref json))
                continue;
            _state = json.CurrentState;
            var passed = (int)json.BytesConsumed;
            _json.AsSpan(passed, _length - passed).CopyTo(_json);
            _length -= passed;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or FormatException)
        {
            throw new DamagedLogException(Damaged, broken);
        }
        if (_length == _json.Length)
            throw new DamagedLogException(Damaged);
    }

    /// <param name="json">Between two entries; after the next one afterwards.</param>
    /// <returns>Whether there was one, or the beginning or end of all.</returns>
    private bool ReadNext(ref Utf8JsonReader json)
    {
        var entry = json;
        if (!json.Read())
            return false;
        if (json.CurrentDepth == 0)
        {
            _isAtEnd = json.TokenType switch
            {
                JsonTokenType.StartArray => false,
                JsonTokenType.EndArray when _fields is not null || _header[0] == 1 => true,
                _ => throw new JsonException("The change set is no array, or has no names."),
            };
            return true;
        }
        if (json.TokenType != JsonTokenType.StartArray)
            throw new JsonException("An entry is no array.");
        if (!json.TrySkip())
        {
            json = entry;
            return false;
        }
        entry.Read();
        if (_fields is null)
        {
            if (_header[0] > 1)
            {
                _fields = ChangeEncoding.ReadFields(ref entry);
                return true;
            }
            _fields = ChangeEncoding.FieldsOfVersion1;
        }
        var id = ChangeEncoding.ReadId(ref entry);
        var use = visitor.Look(id);
        if (use == EntryUse.Read)
            visitor.Take(ChangeEncoding.ReadRest(ref entry, id, _fields));
        _isStopped = use == EntryUse.Stop;
        return true;
    }
}
