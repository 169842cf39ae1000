using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace Roster.Server.Http;

/// <summary>
/// The query parameters of a request. Each is read by name; parameters that were not read are refused.
/// </summary>
internal sealed class Parameters(HttpRequest request)
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <summary>By name, in the order of the query. ASP.NET Core's own collection takes tag and Tag for one parameter.</summary>
    private readonly OrderedDictionary<string, StringValues> _query = Read(request.QueryString);
    private Problem? _problem;

    /// <returns>Null if the parameter is absent.</returns>
    public string? Text(string name)
    {
        _asked.Add(name);
        var values = _query.GetValueOrDefault(name);
        if (values.Count > 1)
            Reject(name, "It is given twice.");
        return values.Count == 0 ? null : values[0];
    }

    /// <summary>A text that must not be blank if it is given.</summary>
    public string? NonBlank(string name, int maxLength)
    {
        var text = Text(name);
        if (text is not null && (string.IsNullOrWhiteSpace(text) || text.Length > maxLength || text.Any(char.IsControl)))
            Reject(name, $"It is 1 to {maxLength} characters, none of them a control character.");
        return text;
    }

    public int? Integer(string name, int min, int max)
    {
        if (Text(name) is not { } text)
            return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
            return number;
        Reject(name, max == int.MaxValue ? $"It is a whole number from {min}." : $"It is a whole number from {min} to {max}.");
        return null;
    }

    public Guid? Guid(string name)
    {
        if (Text(name) is not { } text)
            return null;
        if (Uuid.TryParse(text, out var id))
            return id;
        Reject(name, "It is a UUID.");
        return null;
    }

    public Timestamp? Time(string name)
    {
        if (Text(name) is not { } text)
            return null;
        if (Timestamp.TryParse(text, out var time))
            return time;
        Reject(name, "It is a time such as 2024-01-01T00:00:00Z; write + as %2B.");
        return null;
    }

    /// <summary>One of a few values. The first choice is the value of an absent parameter.</summary>
    public T Choice<T>(string name, params ReadOnlySpan<(string? Text, T Value)> choices)
    {
        if (Text(name) is not { } text)
            return choices[0].Value;
        var known = new List<string>();
        foreach (var choice in choices)
        {
            if (choice.Text == text)
                return choice.Value;
            if (choice.Text is not null)
                known.Add(choice.Text);
        }
        Reject(name, $"It is one of: {string.Join(", ", known)}.");
        return choices[0].Value;
    }

    /// <summary>The revision of a change set.</summary>
    public long? Revision(string name)
    {
        if (Text(name) is not { } text)
            return null;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var revision))
            return revision;
        Reject(name, "It is a revision, a whole number from 0.");
        return null;
    }

    /// <summary>Answers with the problem of the parameters, if there is one.</summary>
    /// <returns>False if there is none; then nothing was answered.</returns>
    public async Task<bool> RefuseAsync(HttpContext http)
    {
        if (Finish() is not { } problem)
            return false;
        await problem.WriteAsync(http);
        return true;
    }

    /// <summary>Refuses the request because of a header.</summary>
    public void RejectHeader(string name, string rule) => _problem ??= Problem.InvalidHeader(name, rule);

    public IncludedFields Include()
    {
        var include = IncludedFields.None;
        foreach (var name in Text("include")?.Split(',') ?? [])
            include |= name switch
            {
                "revision" => IncludedFields.Revision,
                "deletedAt" => IncludedFields.DeletedAt,
                "tags" => IncludedFields.Tags,
                "metadata" => IncludedFields.Metadata,
                _ => Unknown(),
            };
        return include;

        IncludedFields Unknown()
        {
            Reject("include", "It is one or more of revision, deletedAt, tags and metadata, divided by commas.");
            return IncludedFields.None;
        }
    }

    /// <summary>The values of a parameter that may be given several times.</summary>
    /// <returns>Null where it is absent.</returns>
    public IReadOnlyList<string>? Texts(string name, int maxCount, int maxLength)
    {
        _asked.Add(name);
        var values = _query.GetValueOrDefault(name);
        if (values.Count == 0)
            return null;
        if (values.Count > maxCount)
            Reject(name, $"It is given at most {maxCount} times.");
        if (values.Any(value => string.IsNullOrWhiteSpace(value) || value.Length > maxLength || value.Any(char.IsControl)))
            Reject(name, $"It is 1 to {maxLength} characters, none of them a control character.");
        return [.. values.Select(value => value ?? "")];
    }

    /// <summary>The parameters whose names begin so, with what follows in their names.</summary>
    public IEnumerable<(string Key, string Value)> Named(string prefix)
    {
        foreach (var (name, values) in _query)
        {
            if (!name.StartsWith(prefix, StringComparison.Ordinal))
                continue;
            _asked.Add(name);
            if (values.Count > 1)
                Reject(name, "It is given twice.");
            yield return (name[prefix.Length..], values[0] ?? "");
        }
    }

    public void Reject(string name, string rule) => _problem ??= Problem.InvalidParameter(name, rule);

    /// <returns>The first problem of the parameters; null if there is none.</returns>
    public Problem? Finish() => _problem ?? (_query.Keys.FirstOrDefault(name => !_asked.Contains(name)) is { } unknown
        ? Problem.UnknownParameter(unknown, _asked) : null);

    private static OrderedDictionary<string, StringValues> Read(QueryString query)
    {
        var parameters = new OrderedDictionary<string, StringValues>(StringComparer.Ordinal);
        foreach (var (name, value) in NextLink.Pairs(query))
            parameters[name] = StringValues.Concat(parameters.GetValueOrDefault(name), value);
        return parameters;
    }
}

/// <summary>Optional members of an answer, which a client asks for.</summary>
[Flags]
internal enum IncludedFields
{
    None = 0,
    Revision = 1,
    DeletedAt = 2,

    /// <summary>In CSV. JSON has them wherever a partner has any.</summary>
    Tags = 4,

    /// <inheritdoc cref="Tags"/>
    Metadata = 8,
}
