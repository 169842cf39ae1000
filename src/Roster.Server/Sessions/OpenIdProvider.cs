using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Roster.Server.Http;

namespace Roster.Server.Sessions;

/// <summary>The provider refuses a sign-in, or its answer is not valid. The message has no personal data.</summary>
internal sealed class OpenIdRefusedException(string message) : Exception(message);

/// <summary>The provider does not answer, or not as OpenID Connect wants it.</summary>
internal sealed class OpenIdUnavailableException(string message) : Exception(message);

/// <summary>What a provider says of a person.</summary>
/// <param name="Claims">The claims of the ID token, and those of the userinfo if they were needed.</param>
internal sealed record OpenIdPerson(string Subject, IReadOnlyList<JsonElement> Claims);

/// <summary>
/// Talks to the provider: OpenID Connect Core 1.0 with the authorization code flow and PKCE. Its configuration and keys
/// are read when they are first needed, and again every 12 hours and when a token has a new key.
/// </summary>
internal sealed class OpenIdProvider : IDocumentRetriever, IConfigurationValidator<OpenIdConnectConfiguration>, IDisposable
{
    /// <summary>The longest answer of the provider.</summary>
    private const int MaxAnswerBytes = 1 << 20;

    private const int MaxConnections = 16;

    private const string NotSafe = "its configuration has an address without https";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Signatures by the provider's own key only. With HMAC, every holder of the client's secret could sign.</summary>
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private readonly OpenIdSettings _settings;
    private readonly ConfigurationManager<OpenIdConnectConfiguration> _configuration;
    private readonly JsonWebTokenHandler _tokens = new() { MaximumTokenSizeInBytes = MaxAnswerBytes };
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        // The client's secret and the tokens go where the configuration says, and nowhere else.
        AllowAutoRedirect = false,
        UseCookies = false,
        MaxConnectionsPerServer = MaxConnections,
        // Finds the provider again after its address has changed.
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    {
        Timeout = Patience,
        MaxResponseContentBufferSize = MaxAnswerBytes,
    };

    public OpenIdProvider(OpenIdSettings settings)
    {
        _settings = settings;
        _configuration = new ConfigurationManager<OpenIdConnectConfiguration>(
            settings.DiscoveryAddress, new OpenIdConnectConfigurationRetriever(), this, configValidator: this);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The address of the provider's sign-in page.</summary>
    /// <exception cref="OpenIdUnavailableException" />
    public async Task<string> AddressAsync(OpenIdAttempt attempt, string redirectUri, CancellationToken cancel)
    {
        var configuration = await ConfigurationAsync(cancel);
        var query = new QueryString()
            .Add("response_type", "code").Add("client_id", _settings.ClientId).Add("redirect_uri", redirectUri)
            .Add("scope", ScopeOf(configuration)).Add("state", attempt.State.Text).Add("nonce", attempt.Nonce.Text)
            .Add("code_challenge", attempt.Challenge).Add("code_challenge_method", "S256");
        var endpoint = configuration.AuthorizationEndpoint;
        return endpoint + (endpoint.Contains('?', StringComparison.Ordinal) ? "&" + query.Value![1..] : query.Value);
    }

    /// <summary>Exchanges a code for what the provider says of the person.</summary>
    /// <param name="issuer">Who says that it issued the code (RFC 9207); null if nobody does.</param>
    /// <exception cref="OpenIdRefusedException" />
    /// <exception cref="OpenIdUnavailableException" />
    public async Task<OpenIdPerson> ExchangeAsync(
        OpenIdAttempt attempt, string code, string? issuer, string redirectUri, CancellationToken cancel)
    {
        var configuration = await ConfigurationAsync(cancel);
        if (issuer is null ? configuration.AuthorizationResponseIssParameterSupported : issuer != _settings.Issuer)
            throw new OpenIdRefusedException("the answer is not of this issuer");
        using var answer = await SendAsync(TokenRequest(configuration, attempt, code, redirectUri), "the token endpoint", cancel);
        if (TextOf(answer.RootElement, "id_token") is not { } idToken)
            throw new OpenIdUnavailableException("the token endpoint gave no ID token");
        var claims = await ValidateAsync(idToken, attempt);
        var subject = TextOf(claims, "sub")!;
        if (configuration.UserInfoEndpoint is not { Length: > 0 } || TextOf(answer.RootElement, "access_token") is not { } accessToken
            || (OpenIdRole.Find(claims, _settings.RoleClaim) is not null && OpenIdPeople.NameOf([claims]) is not null))
            return new OpenIdPerson(subject, [claims]);
        var request = new HttpRequestMessage(HttpMethod.Get, Safe(configuration.UserInfoEndpoint))
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", accessToken) },
        };
        using var info = await SendAsync(request, "the userinfo endpoint", cancel);
        // Core 5.3.2: else it may be of somebody else.
        if (TextOf(info.RootElement, "sub") != subject)
            throw new OpenIdRefusedException("the userinfo is of another subject");
        return new OpenIdPerson(subject, [claims, info.RootElement.Clone()]);
    }

    /// <summary>Reads a document of the configuration.</summary>
    async Task<string> IDocumentRetriever.GetDocumentAsync(string address, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Safe(address));
        using var answer = await _http.SendAsync(request, cancel);
        if (answer.StatusCode != HttpStatusCode.OK)
            throw new OpenIdUnavailableException($"status {(int)answer.StatusCode} of the configuration or the keys");
        return await answer.Content.ReadAsStringAsync(cancel);
    }

    /// <summary>Looks at a configuration before it is used. One that is wrong is not kept for 12 hours.</summary>
    ConfigurationValidationResult IConfigurationValidator<OpenIdConnectConfiguration>.Validate(OpenIdConnectConfiguration configuration)
    {
        // Discovery 4.3: else another issuer could answer for this one.
        var error = configuration.Issuer != _settings.Issuer ? "its configuration is of another issuer"
            : configuration.AuthorizationEndpoint is not { Length: > 0 } || configuration.TokenEndpoint is not { Length: > 0 }
                ? "its configuration names no authorization or token endpoint"
            : !OpenIdSettings.IsSafe(configuration.AuthorizationEndpoint) || !OpenIdSettings.IsSafe(configuration.TokenEndpoint)
                ? NotSafe : null;
        return new ConfigurationValidationResult { Succeeded = error is null, ErrorMessage = error };
    }

    /// <exception cref="OpenIdUnavailableException" />
    private async Task<OpenIdConnectConfiguration> ConfigurationAsync(CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        try
        {
            return await _configuration.GetConfigurationAsync(patience.Token);
        }
        catch (Exception failure) when (!cancel.IsCancellationRequested
            && failure is InvalidOperationException or IOException or OperationCanceledException)
        {
            // The library's own exception says only that it has none.
            throw new OpenIdUnavailableException("its configuration cannot be read: " + failure.GetBaseException().Message);
        }
    }

    /// <summary>Asks for what the provider knows: profile and email, and a scope with the name of the role claim.</summary>
    private string ScopeOf(OpenIdConnectConfiguration configuration)
    {
        var known = configuration.ScopesSupported;
        var wanted = new[] { "profile", "email", _settings.RoleClaim.Split('.')[0] };
        return string.Join(' ', wanted.Where((scope, i) => known.Count == 0 ? i < 2 : known.Contains(scope)).Distinct().Prepend("openid"));
    }

    private HttpRequestMessage TokenRequest(
        OpenIdConnectConfiguration configuration, OpenIdAttempt attempt, string code, string redirectUri)
    {
        var fields = new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code",
            ["code"] = code,
            ["redirect_uri"] = redirectUri,
            ["code_verifier"] = attempt.Verifier.Text,
        };
        var request = new HttpRequestMessage(HttpMethod.Post, configuration.TokenEndpoint);
        var methods = configuration.TokenEndpointAuthMethodsSupported;
        if (methods.Count == 0 || methods.Contains("client_secret_basic"))
        {
            // RFC 6749, 2.3.1: both are encoded as fields of a form.
            var pair = $"{WebUtility.UrlEncode(_settings.ClientId)}:{WebUtility.UrlEncode(_settings.ClientSecret)}";
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes(pair)));
        }
        else
        {
            (fields["client_id"], fields["client_secret"]) = (_settings.ClientId, _settings.ClientSecret);
        }
        request.Content = new FormUrlEncodedContent(fields);
        return request;
    }

    /// <exception cref="OpenIdRefusedException">Status 4xx.</exception>
    /// <exception cref="OpenIdUnavailableException" />
    private async Task<JsonDocument> SendAsync(HttpRequestMessage request, string endpoint, CancellationToken cancel)
    {
        using (request)
        {
            try
            {
                using var answer = await _http.SendAsync(request, cancel);
                var status = (int)answer.StatusCode;
                if (status is >= 400 and < 500 and not 408 and not 429)
                    throw new OpenIdRefusedException($"status {status} of {endpoint}");
                if (status != 200)
                    throw new OpenIdUnavailableException($"status {status} of {endpoint}");
                var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancel));
                if (json.RootElement.ValueKind == JsonValueKind.Object)
                    return json;
                json.Dispose();
                throw new OpenIdUnavailableException($"the answer of {endpoint} is no object");
            }
            catch (Exception failure) when (!cancel.IsCancellationRequested
                && failure is HttpRequestException or SocketException or JsonException or OperationCanceledException)
            {
                throw new OpenIdUnavailableException(failure is JsonException
                    ? $"the answer of {endpoint} is not JSON" : $"{endpoint} does not answer: {failure.Message}");
            }
        }
    }

    /// <summary>The claims of an ID token, once everything in Core 3.1.3.7 holds.</summary>
    /// <exception cref="OpenIdRefusedException" />
    private async Task<JsonElement> ValidateAsync(string idToken, OpenIdAttempt attempt)
    {
        var result = await _tokens.ValidateTokenAsync(idToken, new TokenValidationParameters
        {
            ConfigurationManager = _configuration,
            ValidIssuer = _settings.Issuer,
            ValidAudience = _settings.ClientId,
            ValidAlgorithms = Algorithms,
            ClockSkew = TimeSpan.FromMinutes(1),
        });
        if (!result.IsValid)
            throw new OpenIdRefusedException("the ID token is not valid: " + result.Exception?.GetType().Name);
        using var json = JsonDocument.Parse(Base64Url.DecodeFromChars(((JsonWebToken)result.SecurityToken).EncodedPayload));
        var claims = json.RootElement.Clone();
        if (TextOf(claims, "nonce") != attempt.Nonce.Text)
            throw new OpenIdRefusedException("the ID token is of another sign-in");
        // Of several audiences, it says which one it was given to.
        var isForSeveral = JsonBody.TryFind(claims, "aud", out var audiences)
            && audiences.ValueKind == JsonValueKind.Array && audiences.GetArrayLength() > 1;
        if ((isForSeveral || JsonBody.TryFind(claims, "azp", out _)) && TextOf(claims, "azp") != _settings.ClientId)
            throw new OpenIdRefusedException("the ID token is for another client");
        return TextOf(claims, "sub") is { Length: > 0 } ? claims : throw new OpenIdRefusedException("the ID token has no subject");
    }

    private static string Safe(string address) => OpenIdSettings.IsSafe(address) ? address
        : throw new OpenIdUnavailableException(NotSafe);

    private static string? TextOf(JsonElement claims, string name) =>
        JsonBody.TryFind(claims, name, out var value) && JsonBody.TryText(value, out var text) ? text : null;
}
