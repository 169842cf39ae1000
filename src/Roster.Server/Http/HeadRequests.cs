namespace Roster.Server.Http;

internal static class HeadRequests
{
    private static readonly HttpMethodMetadata GetAndHead = new([HttpMethods.Get, HttpMethods.Head]);

    /// <summary>
    /// Makes every GET of the group answer HEAD too, with the same status and headers. Kestrel leaves out the body.
    /// </summary>
    public static RouteGroupBuilder AnswerHead(this RouteGroupBuilder routes)
    {
        ((IEndpointConventionBuilder)routes).Finally(endpoint =>
        {
            for (var i = 0; i < endpoint.Metadata.Count; i++)
                if (endpoint.Metadata[i] is HttpMethodMetadata { HttpMethods: ["GET"] })
                    endpoint.Metadata[i] = GetAndHead;
        });
        return routes;
    }
}
