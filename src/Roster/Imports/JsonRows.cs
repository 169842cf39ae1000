using System.Buffers;
using System.Text.Json;
using Roster.Batches;

namespace Roster.Imports;

/// <summary>
/// Reads a JSON array of objects token by token. <see cref="RowReader.Line"/> is the row's number in the array.
/// </summary>
internal sealed class JsonRows(Stream utf8, IReadOnlyList<string> columns) : JsonRowReader(utf8, columns)
{
    private JsonReaderState _state;
    private bool _isInArray;
    private bool _isInRow;
    private bool _isDone;

    public override bool Read()
    {
        while (!_isDone)
        {
            if (ReadTokens())
                return true;
            if (_isDone)
                return false;
            if (!HasRoom)
                throw FileRefusals.LongJson(_isInRow ? Line : Line + 1);
            Fill();
        }
        return false;
    }

    /// <summary>Reads up to the end of a row that is not blank, or of the bytes.</summary>
    private bool ReadTokens()
    {
        var json = new Utf8JsonReader(Bytes, IsAtEnd, _state);
        try
        {
            while (json.Read())
            {
                if (!TakeToken(ref json) || !EndRow())
                    continue;
                Keep(ref json);
                return true;
            }
            _isDone = IsAtEnd;
            Keep(ref json);
            return false;
        }
        catch (JsonException)
        {
            var trouble = JsonTrouble.Of(new ReadOnlySequence<byte>(Bytes.ToArray()), IsAtEnd, _state).English;
            throw FileRefusals.Json(_isInArray ? $"row {Math.Max(1, Line)}" : "its start", trouble);
        }
    }

    private void Keep(ref Utf8JsonReader json)
    {
        _state = json.CurrentState;
        Skip((int)json.BytesConsumed);
    }

    /// <returns>Whether a row ends.</returns>
    private bool TakeToken(ref Utf8JsonReader json)
    {
        if (!_isInArray)
        {
            _isInArray = json.TokenType == JsonTokenType.StartArray ? true : throw FileRefusals.NoArray("a single value");
            return false;
        }
        if (_isInRow)
        {
            _isInRow = !Row.Take(ref json);
            return !_isInRow;
        }
        if (json.TokenType == JsonTokenType.EndArray)
            return false;
        Line++;
        if (Line == 1 && json.TokenType != JsonTokenType.StartObject)
            throw FileRefusals.NoArray(
                json.TokenType == JsonTokenType.StartArray ? "an array of arrays" : "an array of single values");
        _isInRow = !Row.Begin(ref json);
        return !_isInRow;
    }
}
