using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Roster.OpenApi;

/// <summary>A value of the document, with its place in the sources.</summary>
internal abstract record Node(string File, Mark Start)
{
    public abstract void WriteTo(Utf8JsonWriter json);

    /// <summary>An error at this place, in MSBuild's format.</summary>
    public string Mistake(string text) => $"{File}({Start.Line},{Start.Column}): error OPENAPI: {text}";
}

internal sealed record Map(string File, Mark Start) : Node(File, Start)
{
    /// <summary>Members in the order of the source; each has the place of its key.</summary>
    public OrderedDictionary<string, (Node Key, Node Value)> Members { get; } = [];

    public override void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        foreach (var (name, member) in Members)
        {
            json.WritePropertyName(name);
            member.Value.WriteTo(json);
        }
        json.WriteEndObject();
    }
}

internal sealed record List(string File, Mark Start) : Node(File, Start)
{
    public List<Node> Items { get; } = [];

    public override void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        foreach (var item in Items)
            item.WriteTo(json);
        json.WriteEndArray();
    }
}

/// <param name="Text">A string; if <paramref name="IsLiteral"/>, a number, true, false or null in JSON.</param>
internal sealed record Scalar(string File, Mark Start, string Text, bool IsLiteral) : Node(File, Start)
{
    public override void WriteTo(Utf8JsonWriter json)
    {
        if (IsLiteral)
            json.WriteRawValue(Text);
        else
            json.WriteStringValue(Text);
    }
}

/// <summary>
/// The OpenAPI document, joined from files that each hold a part: maps of the same name are merged. Errors: a value in
/// two files, a key written twice, a reference without target, and a component without references.
/// </summary>
internal sealed partial class Document
{
    public Map Root { get; } = new("", Mark.Empty);

    public List<string> Mistakes { get; } = [];

    /// <summary>Adds the part of a file.</summary>
    public void Add(string file)
    {
        try
        {
            using var text = File.OpenText(file);
            var parser = new Parser(text);
            parser.Consume<StreamStart>();
            parser.Consume<DocumentStart>();
            if (Read(parser, file) is Map part)
                Join(Root, part, "");
            else
                Mistakes.Add($"{file}(1,1): error OPENAPI: The file is not a map.");
            parser.Consume<DocumentEnd>();
            parser.Consume<StreamEnd>();
        }
        catch (YamlException exception)
        {
            Mistakes.Add(new Map(file, exception.Start).Mistake(exception.Message));
        }
    }

    /// <summary>Checks the references, once all files are added.</summary>
    public void CheckReferences()
    {
        var used = new HashSet<Node>(ReferenceEqualityComparer.Instance);
        foreach (var reference in References(Root))
        {
            if (Find(reference.Text) is { } target)
                used.Add(target);
            else
                Mistakes.Add(reference.Mistake($"The reference {reference.Text} leads nowhere."));
        }
        // An operation names its security scheme without a $ref.
        foreach (var (kind, components) in MapOf(Root, "components").Members.Where(kind => kind.Key != "securitySchemes"))
            foreach (var (name, (key, value)) in ((Map)components.Value).Members)
                if (!used.Contains(value))
                    Mistakes.Add(key.Mistake($"Nothing refers to components/{kind}/{name}."));
    }

    /// <summary>
    /// The document, paths, and each kind of component are merged; everything below comes from one file.
    /// </summary>
    private void Join(Map whole, Map part, string path)
    {
        foreach (var (name, (key, value)) in part.Members)
        {
            if (whole.Members.TryAdd(name, (key, value)))
                continue;
            var before = whole.Members[name];
            var joined = path == "components" || (path.Length == 0 && name is "paths" or "components");
            if (joined && before.Value is Map into && value is Map from)
                Join(into, from, path + name);
            else
                Mistakes.Add(key.Mistake($"{name} is already in {before.Key.File}, line {before.Key.Start.Line}."));
        }
    }

    private Node Read(Parser parser, string file)
    {
        switch (parser.Consume<ParsingEvent>())
        {
            case MappingStart start:
                var map = new Map(file, start.Start);
                while (!parser.TryConsume<MappingEnd>(out _))
                {
                    var key = parser.Consume<YamlDotNet.Core.Events.Scalar>();
                    var place = new Scalar(file, key.Start, key.Value, IsLiteral: false);
                    if (!map.Members.TryAdd(key.Value, (place, Read(parser, file))))
                        Mistakes.Add(place.Mistake($"{key.Value} is here already, in line {map.Members[key.Value].Key.Start.Line}."));
                }
                return map;
            case SequenceStart start:
                var list = new List(file, start.Start);
                while (!parser.TryConsume<SequenceEnd>(out _))
                    list.Items.Add(Read(parser, file));
                return list;
            case YamlDotNet.Core.Events.Scalar scalar:
                var plain = scalar.Style == ScalarStyle.Plain;
                var node = new Scalar(file, scalar.Start, scalar.Value, plain && Literal().IsMatch(scalar.Value));
                if (plain && !node.IsLiteral && Unclear().IsMatch(scalar.Value))
                    Mistakes.Add(node.Mistake($"Put {scalar.Value} into quotes: readers of YAML differ on what it is."));
                return node;
            case var other:
                throw new YamlException(other.Start, other.End, $"{other.GetType().Name} is not used in these files.");
        }
    }

    private static IEnumerable<Scalar> References(Node node) => node switch
    {
        Map map => map.Members.SelectMany(member =>
            member.Key == "$ref" && member.Value.Value is Scalar reference ? [reference] : References(member.Value.Value)),
        List list => list.Items.SelectMany(References),
        _ => [],
    };

    private Node? Find(string reference)
    {
        var steps = reference.Split('/');
        return steps[0] != "#" ? null : steps.Skip(1).Select(step => step.Replace("~1", "/", StringComparison.Ordinal))
            .Aggregate((Node?)Root, (at, step) => at is Map map && map.Members.TryGetValue(step, out var member) ? member.Value : null);
    }

    private static Map MapOf(Map map, string name) =>
        map.Members.TryGetValue(name, out var member) && member.Value is Map found ? found : new("", Mark.Empty);

    [GeneratedRegex(@"^(true|false|null|-?(0|[1-9][0-9]*)(\.[0-9]+)?)$")]
    private static partial Regex Literal();

    /// <summary>
    /// Empty texts, and texts that some YAML readers take for a boolean, a null or a number, and others do not.
    /// </summary>
    [GeneratedRegex(@"^(|~|true|false|null|yes|no|on|off|y|n"
        + @"|[-+]?(0[xob][0-9a-f_]+|[0-9][0-9_:]*\.?[0-9_]*(e[-+]?[0-9]+)?|\.([0-9_]+|inf|nan)))$",
        RegexOptions.IgnoreCase)]
    private static partial Regex Unclear();
}
