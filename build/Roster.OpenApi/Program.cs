using System.Text.Encodings.Web;
using System.Text.Json;
using Roster.OpenApi;

// Roster.OpenApi JSON-FILE YAML-FILE...
// Joins the YAML files into one OpenAPI document and writes it as JSON. The server's build runs it. It prints each
// error in MSBuild's format, with its place, and exits with 1.
if (args.Length < 2)
{
    Console.Error.WriteLine("Roster.OpenApi JSON-FILE YAML-FILE...");
    return 2;
}

var document = new Document();
foreach (var file in args.Skip(1))
    document.Add(file);
document.CheckReferences();
if (document.Mistakes.Count > 0)
{
    foreach (var mistake in document.Mistakes)
        Console.WriteLine(mistake);
    return 1;
}

// Written to a temporary file and moved: an interrupted build leaves no half document that looks up to date.
var written = $"{args[0]}.{Environment.ProcessId}";
using (var stream = File.Create(written))
using (var json = new Utf8JsonWriter(stream, new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
    document.Root.WriteTo(json);
File.Move(written, args[0], overwrite: true);
return 0;
