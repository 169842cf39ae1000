using Roster.Server.Backups;
using Roster.Server.Formats;
using Roster.Server.Guard;
using Roster.Server.Http;

namespace Roster.Server.Hosting;

/// <summary>GET /api/status: the server and its database, for operators.</summary>
internal static class StatusEndpoint
{
    public static async Task GetAsync(HttpContext http, IRosterStore store, ServerStart start, ServerBackups backups)
    {
        if (await new Parameters(http.Request).RefuseAsync(http))
            return;
        var status = await store.ReadStatusAsync(http.Caller().WorkspaceId, http.RequestAborted);
        await JsonAnswer.SendAsync(http, json =>
        {
            json.WriteStartObject();
            json.WriteString("version", ServerVersion.Text);
            json.WriteString("engine", status.Engine);
            json.WriteNumber("revision", status.Revision);
            json.WriteNumber("searchRevision", status.SearchRevision);
            json.WriteNumber("searchLag", Math.Max(0, status.Revision - status.SearchRevision));
            WriteBytes("diskFreeBytes", status.DiskFreeBytes);
            WriteBytes("databaseBytes", status.DatabaseBytes);
            json.WriteString("startedAt", start.At.ToString());
            if (backups.LastAt is { } backupAt)
                json.WriteString("backupAt", backupAt.ToString());
            else
                json.WriteNull("backupAt");
            json.WriteTexts("notices", store.Notices.Codes);
            json.WriteEndObject();

            void WriteBytes(string name, long? bytes)
            {
                if (bytes is { } known)
                    json.WriteNumber(name, known);
                else
                    json.WriteNull(name);
            }
        });
    }
}
