using System.Text;
using System.Text.Json;
using Roster.Batches;

namespace Roster.Imports;

/// <summary>
/// Makes cells of JSON objects, token by token. Columns are the members' names in order of appearance, in this file
/// always the same. Texts are cells as they are, numbers and booleans as they are written, null is an empty cell. An
/// array's values are joined with <c>|</c>. The members of an object in the object are cells of their own, as
/// <c>metadata.region</c>. Everything deeper is a fault of the row.
/// </summary>
/// <param name="columns">The columns' names if they are known; otherwise empty.</param>
internal sealed class JsonCells(IReadOnlyList<string> columns)
{
    /// <summary>Most bytes of a member's name as it is written.</summary>
    private const int MaxName = 1_200;

    private const char Joint = '|';

    private readonly Dictionary<string, int> _indexes = new(StringComparer.Ordinal);
    private readonly ColumnNames _names = new();
    private readonly List<string?> _cells = [.. new string?[columns.Count]];

    /// <summary>For each column the last row that had it.</summary>
    private readonly List<int> _rowOf = [];

    /// <summary>For each column the last row that had it as an array of one text.</summary>
    private readonly List<int> _aloneIn = [];

    /// <summary>Joins the values of an array.</summary>
    private readonly StringBuilder _joined = new();

    private int _row;
    private int _depth;
    private int _column;
    private int _joinedTexts;
    private string _name = "";
    private string? _parent;
    private bool _isInArray;

    public IReadOnlyList<string> Columns => columns.Count > 0 ? columns : _names.All;

    public IReadOnlyList<string?> Cells => _cells;

    /// <summary>Why the row cannot be used; then its cells are empty.</summary>
    public string? Fault { get; private set; }

    /// <inheritdoc cref="RowReader.IsAlone"/>
    public bool IsAlone(int column) => column < _aloneIn.Count && _aloneIn[column] == _row;

    /// <param name="json">At the token that begins the row.</param>
    /// <returns>Whether the row ends with it, and is a fault: it is no object.</returns>
    public bool Begin(ref Utf8JsonReader json)
    {
        _row++;
        for (var i = 0; i < _cells.Count; i++)
            _cells[i] = null;
        (_depth, _parent, _isInArray, Fault) = (json.CurrentDepth, null, false, null);
        if (json.TokenType == JsonTokenType.StartObject)
            return false;
        Reject("This is not an object; a row is written {\"name\": \"Ada\"}.");
        return json.TokenType != JsonTokenType.StartArray;
    }

    /// <param name="json">At a token in the row.</param>
    /// <returns>Whether it ends the row.</returns>
    public bool Take(ref Utf8JsonReader json)
    {
        if (json.CurrentDepth == _depth && json.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
            return true;
        if (Fault is not null)
            return false;
        try
        {
            TakeToken(ref json);
        }
        catch (InvalidOperationException)
        {
            // What the parser throws at a text that is not Unicode: a lone surrogate.
            Reject("A text has half of a surrogate pair, which is no character.");
        }
        return false;
    }

    /// <summary>Makes the row a fault.</summary>
    public void Reject(string message)
    {
        Fault = message;
        for (var i = 0; i < _cells.Count; i++)
            _cells[i] = null;
    }

    private void TakeToken(ref Utf8JsonReader json)
    {
        switch (json.TokenType)
        {
            case JsonTokenType.PropertyName when json.ValueSpan.Length > MaxName:
                Reject("A member's name is too long.");
                break;
            case JsonTokenType.PropertyName:
                TakeName(json.GetString()!, json.CurrentDepth);
                break;
            case JsonTokenType.StartObject when _parent is null && !_isInArray:
                _parent = _name;
                break;
            case JsonTokenType.EndObject:
                _parent = null;
                break;
            case JsonTokenType.StartArray when !_isInArray && SetColumn():
                _isInArray = true;
                _joinedTexts = 0;
                _joined.Clear();
                break;
            case JsonTokenType.EndArray:
                _isInArray = false;
                _cells[_column] = _joined.Length == 0 ? null : _joined.ToString();
                _aloneIn[_column] = _joinedTexts == 1 ? _row : 0;
                break;
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                Reject($"The value of \"{TextSample.Of(_name)}\" is nested too deep for a table.");
                break;
            default:
                TakeText(json.TokenType switch
                {
                    JsonTokenType.Null => "",
                    JsonTokenType.String => json.GetString()!,
                    _ => Encoding.UTF8.GetString(json.ValueSpan),
                });
                break;
        }
    }

    private void TakeName(string name, int depth)
    {
        if (depth == _depth + 1)
            _parent = null;
        _name = _parent is null ? name : $"{_parent}.{name}";
    }

    private void TakeText(string text)
    {
        text = TextCut.Within(text, ImportLimits.KeptOfCell);
        if (!_isInArray)
        {
            if (SetColumn())
                _cells[_column] = text.Length == 0 ? null : text;
            return;
        }
        if (text.Length == 0)
            return;
        if (_joined.Length > 0)
            _joined.Append(Joint);
        _joinedTexts++;
        _joined.Append(text);
        if (_joined.Length > ImportLimits.KeptOfCell)
        {
            var cut = TextCut.Within(_joined.ToString(), ImportLimits.KeptOfCell);
            _joined.Clear().Append(cut);
        }
    }

    /// <summary>Goes to the column of the name.</summary>
    /// <returns>False if that is a fault.</returns>
    private bool SetColumn()
    {
        if (!_indexes.TryGetValue(_name, out _column))
            _column = AddColumn();
        if (_rowOf[_column] == _row)
        {
            Reject($"The member \"{TextSample.Of(_name)}\" is there twice.");
            return false;
        }
        _rowOf[_column] = _row;
        return true;
    }

    private int AddColumn()
    {
        var index = _rowOf.Count;
        if (index == CsvFormat.MaxColumns || (columns.Count > 0 && index == columns.Count))
            throw FileRefusals.TooManyColumns();
        _indexes.Add(_name, index);
        _names.Add(_name);
        _rowOf.Add(0);
        _aloneIn.Add(0);
        if (index == _cells.Count)
            _cells.Add(null);
        return index;
    }
}
