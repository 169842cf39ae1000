using System.Text.Json;
using Roster.Access;
using Roster.Batches;
using Roster.Server.Http;

namespace Roster.Server.Keys;

/// <summary>The body of POST /api/keys, valid by construction.</summary>
internal sealed record KeyRequest(string Name, Scopes Scopes, Timestamp? ExpiresAt, HostnameList AllowedHostnames)
{
    /// <summary>Far more than the longest valid body.</summary>
    private const int MaxBytes = 64 << 10;

    private const string NameRule = "name is required: say what the key is for.";

    private static string ScopesRule => $"scopes is an array of one or more of: {ScopeNames.AllNames}.";

    private Grant Grant => new(Scopes, AllowedHostnames, ExpiresAt);

    /// <returns>The request, or what is wrong with it.</returns>
    public static async Task<(KeyRequest? Request, Problem? Problem)> ReadAsync(
        HttpRequest request, Timestamp now, CancellationToken cancel)
    {
        var (body, problem) = await JsonBody.ReadAsync(request, MaxBytes, cancel);
        using (body)
            return body is null ? (null, problem) : new Reader(body.RootElement, now).Read();
    }

    /// <summary>A key gives at most its own rights: scopes, hosts and time.</summary>
    /// <returns>Null if the request stays within them.</returns>
    public Problem? RefuseBeyond(ApiKey caller)
    {
        var excess = Grant.Beyond(caller.Grant);
        if (excess.Scopes != Scopes.None)
            return Problem.MissingScope(excess.Scopes);
        var faults = new FaultList();
        if (excess.Hostnames)
            faults.Add(new Fault(
                0, FaultCode.InvalidHostname, "allowedHostnames must be within those of the calling key.", "allowedHostnames"));
        if (excess.Time)
            faults.Add(new Fault(
                0, FaultCode.InvalidTime, $"expiresAt must not be later than the calling key's: {caller.ExpiresAt}.", "expiresAt"));
        return faults.Count > 0 ? Problem.KeyNotValid(faults) : null;
    }

    /// <summary>Reads the name of a key, or of a person.</summary>
    /// <param name="required">What to say where there is none.</param>
    public static string ReadName(JsonElement value, FaultList faults, string required)
    {
        var name = "";
        var code = value.ValueKind != JsonValueKind.String ? FaultCode.InvalidType
            : !JsonBody.TryText(value, out name) ? FaultCode.InvalidText : ApiKey.FaultOfName(name);
        if (code is not null)
            faults.Add(new Fault(0, code, code switch
            {
                FaultCode.InvalidType => "name must be a string.",
                FaultCode.InvalidText => "name has a control character or a lone surrogate.",
                FaultCode.TooLong => $"name is longer than {ApiKey.MaxName} characters.",
                _ => required,
            }, "name"));
        return name;
    }

    public static Scopes ReadScopes(JsonElement value, FaultList faults)
    {
        var scopes = Scopes.None;
        if (Texts(value) is not { } names || !ScopeNames.TryParse(string.Join(',', names), out scopes, out _))
            faults.Add(new Fault(0, FaultCode.InvalidScope, ScopesRule, "scopes"));
        return scopes;
    }

    private static List<string>? Texts(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
            return null;
        var texts = new List<string>();
        foreach (var item in value.EnumerateArray())
        {
            if (!JsonBody.TryText(item, out var text) || text.Contains(','))
                return null;
            texts.Add(text);
        }
        return texts;
    }

    private sealed class Reader(JsonElement body, Timestamp now)
    {
        private readonly FaultList _faults = new();
        private string _name = "";
        private Scopes _scopes;
        private Timestamp? _expiresAt;
        private HostnameList _hostnames = HostnameList.Any;

        public (KeyRequest?, Problem?) Read()
        {
            if (JsonBody.Members(body, _faults) is not { } members)
                return (null, Problem.KeyNotValid(_faults));
            foreach (var (name, value) in members)
                ReadMember(name, value);
            if (!members.ContainsKey("name"))
                Reject(FaultCode.NameRequired, "name", NameRule);
            if (!members.ContainsKey("scopes"))
                Reject(FaultCode.InvalidScope, "scopes", ScopesRule);
            return _faults.Count > 0
                ? (null, Problem.KeyNotValid(_faults)) : (new KeyRequest(_name, _scopes, _expiresAt, _hostnames), null);
        }

        private void ReadMember(string field, JsonElement value)
        {
            switch (field)
            {
                case "name":
                    _name = ReadName(value, _faults, NameRule);
                    break;
                case "scopes":
                    _scopes = ReadScopes(value, _faults);
                    break;
                case "expiresAt":
                    ReadExpiry(value);
                    break;
                case "allowedHostnames":
                    if (value.ValueKind != JsonValueKind.Null
                        && (Texts(value) is not { } names || (_hostnames = HostnameList.Parse(names, out _)!) is null))
                        Reject(FaultCode.InvalidHostname, "allowedHostnames",
                            $"allowedHostnames is an array of at most {HostnameList.MaxHostnames} host names "
                            + "such as app.example.com or *.example.com.");
                    break;
                default:
                    _faults.Add(JsonBody.Unknown(field, "name, scopes, expiresAt, allowedHostnames"));
                    break;
            }
        }

        private void ReadExpiry(JsonElement value)
        {
            if (value.ValueKind == JsonValueKind.Null)
                return;
            if (!JsonBody.TryText(value, out var text) || !Timestamp.TryParse(text, out var time))
                Reject(FaultCode.InvalidTime, "expiresAt",
                    "expiresAt is a time such as 2030-01-01T00:00:00Z or 2030-01-01T00:00:00+01:00, a day such as 2030-01-01, or null.");
            else if (time <= now)
                Reject(FaultCode.InvalidTime, "expiresAt", $"expiresAt must be a time to come; this is {time}.");
            else
                _expiresAt = time;
        }

        private void Reject(string code, string? field, string message) => _faults.Add(new Fault(0, code, message, field));
    }
}
