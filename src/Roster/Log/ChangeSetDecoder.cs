using System.Buffers;
using System.IO.Compression;
using System.Text.Json;
using Roster.Partners;

namespace Roster.Log;

/// <summary>
/// Decodes a change set (<see cref="ChangeEncoding"/>) piece by piece and shows its entries to a visitor. Takes about
/// 128 KiB, plus half a MiB for Brotli, for a change set of any size.
/// </summary>
/// <param name="checksum">
/// As it was stored with the bytes: all of them are compared with it, also after the visitor wants no more. Null if there is none.
/// </param>
public sealed class ChangeSetDecoder(LogVisitor visitor, long? checksum = null) : IDisposable
{
    /// <summary>
    /// More than the longest entry, 74 KB: a character beyond the first 65,536 takes 12 bytes, so four texts of up to 255 take
    /// 10 KB and 50 tags of 50 take 30 KB; a backslash of metadata takes 4, so its 8 KiB take 33 KB.
    /// </summary>
    private const int BufferBytes = 128 << 10;

    private const string Damaged = "The change set is damaged.";

    private readonly byte[] _header = new byte[PackedJson.HeaderLength];
    private readonly byte[] _json = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private BrotliDecoder _brotli;
    private JsonReaderState _state;
    private int _headerLength;
    private int _length;
    private Checksum _sum = new();
    private bool _isBrotliDone;
    private bool _isStopped;
    private bool _isAtEnd;

    /// <summary>The fields of the values, in order; null until the names are read.</summary>
    private PartnerField[]? _fields;

    private bool IsPlain => _header[1] == PackedJson.Plain;

    /// <returns>False if no more of this change set is wanted, by the visitor or for the checksum.</returns>
    /// <exception cref="DamagedLogException">The bytes are damaged or of an unknown version.</exception>
    public bool Write(ReadOnlySpan<byte> piece)
    {
        if (checksum is not null)
            _sum.Add(piece);
        while (_headerLength < _header.Length && piece.Length > 0)
        {
            _header[_headerLength++] = piece[0];
            piece = piece[1..];
            if (_headerLength == _header.Length)
                PackedJson.RequireKnown(_header, ChangeEncoding.Version);
        }
        var hasMore = false;
        while (!_isStopped && (piece.Length > 0 || hasMore))
        {
            if (IsPlain)
                Copy(ref piece);
            else
                hasMore = Decompress(ref piece);
            Read();
        }
        return !_isStopped || checksum is not null;
    }

    /// <summary>Ends the change set.</summary>
    /// <exception cref="DamagedLogException">The change set is incomplete, or not as it was written.</exception>
    public void Complete()
    {
        if (checksum is { } stored && stored != _sum.Value)
            throw new DamagedLogException("The change set is not as it was written (checksum).");
        if (_isStopped)
            return;
        PackedJson.RequireKnown(_header.AsSpan(0, _headerLength), ChangeEncoding.Version);
        if (!_isAtEnd || (!IsPlain && !_isBrotliDone))
            throw new DamagedLogException(Damaged);
    }

    public void Dispose()
    {
        _brotli.Dispose();
        ArrayPool<byte>.Shared.Return(_json);
    }

    private void Copy(ref ReadOnlySpan<byte> piece)
    {
        var part = piece[..Math.Min(piece.Length, _json.Length - _length)];
        part.CopyTo(_json.AsSpan(_length));
        _length += part.Length;
        piece = piece[part.Length..];
    }

    /// <returns>Whether the bytes that were taken yield more.</returns>
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

    /// <summary>Shows the complete entries.</summary>
    private void Read()
    {
        try
        {
            var json = new Utf8JsonReader(_json.AsSpan(0, _length), isFinalBlock: false, _state);
            while (!_isStopped && ReadNext(ref json))
                continue;
            _state = json.CurrentState;
            var consumed = (int)json.BytesConsumed;
            _json.AsSpan(consumed, _length - consumed).CopyTo(_json);
            _length -= consumed;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or FormatException)
        {
            throw new DamagedLogException(Damaged, broken);
        }
        if (_length == _json.Length)
            throw new DamagedLogException(Damaged);
    }

    /// <param name="json">Between two entries; afterwards, after the next one.</param>
    /// <returns>Whether an entry, or the start or end of the array, was read.</returns>
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
