using Microsoft.AspNetCore.Http;
using Roster.Imports;
using Roster.Server.Imports;

namespace Roster.Fuzz.Targets;

/// <summary>The JSON of a mapping, alone and in a change of an import.</summary>
internal sealed class MappingTarget() : FuzzTarget("mapping")
{
    public override void Run(byte[] input)
    {
        var reading = MappingJson.Read(input);
        foreach (var fault in reading.Faults)
            FuzzException.Unless(fault.Message.Length > 0, "a fault without a message");
        if (reading.Faults.Count == 0)
        {
            Accept();
            var again = MappingJson.Read(MappingJson.Write(reading.Columns));
            FuzzException.UnlessSame(0, again.Faults.Count, "faults of a written mapping");
            FuzzException.Unless(again.Columns.SequenceEqual(reading.Columns), "a written mapping is another one");
        }
        ReadRequest(input);
    }

    private void ReadRequest(byte[] input)
    {
        var http = new DefaultHttpContext();
        http.Request.ContentType = "application/json";
        http.Request.Body = new MemoryStream(input);
        // Everything is in memory, so it is done at once.
        var (request, problem) = ImportRequest.ReadAsync(http.Request, CancellationToken.None).GetAwaiter().GetResult();
        FuzzException.Unless(request is null != problem is null, "neither a change nor a problem, or both");
        if (request is null)
            return;
        Accept();
        var import = request.Onto(new Import());
        var stored = import.ToStored(null).Document;
        var again = Import.Of(import.ToStored(null)).ToStored(null).Document;
        FuzzException.Unless(again.AsSpan().SequenceEqual(stored), "a changed import is stored differently");
        foreach (var format in Enum.GetValues<FileFormat>())
            request.NotFor(format);
        if (request.Mapping is { } mapping)
            MappingJson.Read(mapping);
    }
}
