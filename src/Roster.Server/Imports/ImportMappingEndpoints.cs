using Roster.Imports;
using Roster.Server.Formats;
using Roster.Server.Guard;
using Roster.Server.Http;

namespace Roster.Server.Imports;

/// <summary>Endpoints of named mappings.</summary>
internal static class ImportMappingEndpoints
{
    /// <summary>Most UTF-16 units of a name. A name that begins with # is the server's, for a header.</summary>
    private const int MaxName = 100;

    private static readonly string[] Mappings = ["api", "import-mappings"];

    /// <summary>GET /api/import-mappings: all of them, by name.</summary>
    public static async Task ListAsync(HttpContext http, IRosterStore store)
    {
        if (await new Parameters(http.Request).RefuseAsync(http))
            return;
        var mappings = await store.ListMappingsAsync(http.Caller().WorkspaceId, http.RequestAborted);
        await JsonAnswer.SendAsync(http, json =>
        {
            json.WriteStartArray();
            foreach (var (name, at) in mappings)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteString("updatedAt", at.ToString());
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    /// <summary>GET /api/import-mappings/{name}.</summary>
    public static async Task GetAsync(HttpContext http, IRosterStore store)
    {
        if (await new Parameters(http.Request).RefuseAsync(http))
            return;
        var name = NameIn(http);
        if (!IsName(name) || await store.FindMappingAsync(http.Caller().WorkspaceId, name, http.RequestAborted) is not { } mapping)
            await Problem.NotFound.WriteAsync(http);
        else
            await JsonAnswer.SendAsync(http, json => MappingJson.Write(json, MappingJson.ReadStored(mapping.Document).Columns));
    }

    /// <summary>PUT /api/import-mappings/{name}: stores a mapping, in place of one with this name.</summary>
    public static async Task PutAsync(HttpContext http, IRosterStore store, StoredImports imports)
    {
        if (await new Parameters(http.Request).RefuseAsync(http))
            return;
        var name = NameIn(http);
        if (!IsName(name) || name.StartsWith('#') || name == "suggested")
        {
            await JsonBody.Wrong(
                $"The name has 1 to {MaxName} characters, no control character, and no # at its start; it is not suggested.")
                .WriteAsync(http);
            return;
        }
        if (RequestBody.Refuse(http.Request, RequestBody.Json) is { } refusal)
        {
            await refusal.WriteAsync(http);
            return;
        }
        if (await RequestBody.ReadAllAsync(http.Request, MappingJson.MaxBytes, http.RequestAborted) is not { } body)
        {
            await JsonBody.TooLarge(MappingJson.MaxBytes).WriteAsync(http);
            return;
        }
        var read = MappingJson.Read(body);
        if (read.Faults.Count > 0)
        {
            await ImportMappings.Wrong(read.Faults).WriteAsync(http);
            return;
        }
        var mapping = new StoredMapping(name, imports.Now, MappingJson.Write(read.Columns));
        if (await store.PutMappingAsync(http.Caller().WorkspaceId, mapping, http.RequestAborted))
            await JsonAnswer.SendAsync(http, json => MappingJson.Write(json, read.Columns));
        else
            await ImportProblems.TooManyMappings.WriteAsync(http);
    }

    /// <summary>DELETE /api/import-mappings/{name}.</summary>
    public static async Task DeleteAsync(HttpContext http, IRosterStore store)
    {
        if (await new Parameters(http.Request).RefuseAsync(http))
            return;
        var name = NameIn(http);
        if (IsName(name) && await store.DeleteMappingAsync(http.Caller().WorkspaceId, name, http.RequestAborted))
            http.Response.StatusCode = StatusCodes.Status204NoContent;
        else
            await Problem.NotFound.WriteAsync(http);
    }

    /// <summary>Whether a mapping can have this name: one that somebody gave it, or the server's for a header.</summary>
    public static bool IsName(string name) => name.Length <= MaxName && !string.IsNullOrWhiteSpace(name) && !name.Any(char.IsControl);

    private static string NameIn(HttpContext http) => Uri.UnescapeDataString(RawPath.After(http, Mappings).TrimEnd('/'));
}
