using System.Text.Json;
using Roster.Batches;
using Roster.Imports;
using Roster.Partners;
using Roster.Server.Formats;

namespace Roster.Server.Imports;

/// <summary>Writes imports and their rows as JSON.</summary>
internal static class ImportAnswer
{
    /// <param name="parts">The parts that are written; null to leave them out, as lists do.</param>
    public static void Write(Utf8JsonWriter json, Import import, Actors actors, IReadOnlyList<WrittenPart>? parts)
    {
        json.WriteStartObject();
        json.WriteString("id", import.Id);
        json.WriteNumber("step", import.Step);
        json.WriteString("state", Import.NameOf(import.State));
        WriteText(json, "work", import.Work is { } work ? JsonNamingPolicy.CamelCase.ConvertName(work.ToString()) : null);
        json.WriteStartObject("times");
        foreach (var (state, at) in import.Times)
            json.WriteString(state, at.ToString());
        json.WriteEndObject();
        if (import.Reason is { } reason)
        {
            json.WriteStartObject("reason");
            json.WriteString("code", reason.Code);
            json.WriteString("message", reason.Message);
            json.WriteEndObject();
        }
        else
            json.WriteNull("reason");
        json.WriteString("keyId", import.KeyId);
        json.WriteActor(actors.Of(import.KeyId));
        WriteFile(json, import);
        if (import.Contents is { } contents && parts is not null)
            WriteContents(json, import, contents);
        WritePlan(json, import);
        WriteProgress(json, import, parts);
        WriteText(json, "expiresAt", import.ForgetAt?.ToString());
        json.WriteEndObject();
    }

    public static void WriteRow(Utf8JsonWriter json, Import import, PlannedRow row)
    {
        json.WriteStartObject();
        if (row.Line > 0)
            json.WriteNumber("line", row.Line);
        else
            json.WriteNull("line");
        json.WriteString("change", JsonNamingPolicy.CamelCase.ConvertName(row.Change.ToString()));
        if (row.Id is { } id)
            json.WriteString("id", id);
        else
            json.WriteNull("id");
        json.WriteStartObject("cells");
        foreach (var (column, cell) in import.Contents!.Columns.Zip(row.Cells))
            if (cell is not null)
                json.WriteString(column.Name, cell);
        json.WriteEndObject();
        json.WriteStartObject("fields");
        foreach (var (name, old, current) in row.Fields ?? [])
            ChangeJson.WriteField(json, PartnerField.Values.First(field => field.WireName == name), old, current);
        json.WriteEndObject();
        WriteNotes(json, "faults", row.Faults);
        WriteNotes(json, "warnings", row.Warnings);
        json.WriteEndObject();
    }

    private static void WriteFile(Utf8JsonWriter json, Import import)
    {
        json.WriteStartObject("file");
        WriteText(json, "name", import.FileName);
        WriteText(json, "type", import.MediaType);
        json.WriteNumber("size", import.Size);
        json.WriteString("sha256", import.Sha256);
        WriteText(json, "gone", import.FileGone);
        if (import.Contents?.Shape is { } shape)
        {
            json.WriteString("format", JsonNamingPolicy.CamelCase.ConvertName(shape.Format.ToString()));
            WriteText(json, "encoding", shape.Encoding);
            WriteText(json, "delimiter", shape.Divider is { } divider ? CsvFormat.NameOf(divider) : null);
            if (shape.HeaderLine is { } line)
                json.WriteNumber("headerRow", line);
            else
                json.WriteNull("headerRow");
            WriteText(json, "sheet", shape.Sheet);
        }
        json.WriteEndObject();
    }

    private static void WriteContents(Utf8JsonWriter json, Import import, FileContents contents)
    {
        if (contents.Encodings.Count > 0)
        {
            json.WriteStartArray("encodings");
            foreach (var encoding in contents.Encodings)
            {
                json.WriteStartObject();
                json.WriteString("encoding", encoding.Encoding);
                json.WriteStartArray("lines");
                foreach (var line in encoding.Lines)
                    json.WriteStringValue(line);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        if (contents.Sheets.Count > 0)
        {
            json.WriteStartArray("sheets");
            foreach (var sheet in contents.Sheets)
            {
                json.WriteStartObject();
                json.WriteString("name", sheet.Name);
                json.WriteBoolean("hidden", sheet.IsHidden);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteNumber("rows", contents.Rows);
        json.WriteNumber("blankRows", contents.BlankRows);
        json.WriteNumber("blankColumns", contents.BlankColumns);
        json.WriteNumber("hiddenRows", contents.HiddenRows);
        json.WriteString("mappingFrom", import.MappingFrom);
        WriteText(json, "fingerprint", import.Fingerprint);
        var mapping = import.Mapping.ToDictionary(one => one.Column);
        json.WriteStartArray("columns");
        foreach (var column in contents.Columns)
        {
            var mapped = mapping.GetValueOrDefault(column.Name);
            json.WriteStartObject();
            json.WriteString("column", column.Name);
            WriteText(json, "target", mapped?.Target);
            json.WriteString("empty", mapped?.Clears == true ? "clear" : "keep");
            json.WriteBoolean("trim", mapped?.Trims != false);
            WriteText(json, "why", import.MappingFrom == "suggested" ? column.Why : null);
            json.WriteNumber("filled", contents.Rows == 0 ? 0 : Math.Round(100.0 * column.Filled / contents.Rows, 1));
            json.WriteStartArray("samples");
            foreach (var sample in column.Samples)
                json.WriteStringValue(sample);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WritePlan(Utf8JsonWriter json, Import import)
    {
        WriteText(json, "matchOn", import.MatchOn);
        json.WriteString("mode", JsonNamingPolicy.CamelCase.ConvertName(import.Mode.ToString()));
        WriteText(json, "maxDeletes", import.MaxDeletes);
        json.WriteString("withoutKey", import.CreatesWithoutKey ? "create" : "refuse");
        json.WriteNumber("edits", import.Edits);
        if (import.Counts is not { } counts)
        {
            json.WriteNull("counts");
            return;
        }
        json.WriteStartObject("counts");
        json.WriteNumber("created", counts.Created);
        json.WriteNumber("updated", counts.Updated);
        json.WriteNumber("unchanged", counts.Unchanged);
        json.WriteNumber("deleted", counts.Deleted);
        json.WriteNumber("faulty", counts.Faulty);
        json.WriteNumber("skipped", counts.Skipped);
        json.WriteNumber("warned", counts.Warned);
        if (import.AllowedDeletes is { } allowed)
            json.WriteNumber("allowedDeletes", allowed);
        json.WriteEndObject();
    }

    private static void WriteProgress(Utf8JsonWriter json, Import import, IReadOnlyList<WrittenPart>? parts)
    {
        json.WriteStartObject("progress");
        json.WriteNumber("done", import.Done);
        json.WriteNumber("of", import.Total);
        json.WriteEndObject();
        json.WriteNumber("parts", import.Parts);
        json.WriteNumber("conflicts", import.Conflicts);
        json.WriteNumber("leftOut", import.RowsLeftOut);
        json.WriteBoolean("undoDryRun", import.IsUndoTried);
        json.WriteBoolean("undoBegun", import.IsUndoBegun);
        json.WriteBoolean("undoRefused", import.IsUndoRefused);
        if (parts is null)
            return;
        json.WriteStartArray("revisions");
        foreach (var part in parts)
            json.WriteNumberValue(part.Revision);
        json.WriteEndArray();
        json.WriteStartArray("undoConflicts");
        foreach (var conflict in import.UndoConflicts)
        {
            json.WriteStartObject();
            json.WriteString("id", conflict.Id);
            json.WriteString("code", conflict.Code);
            json.WriteString("message", conflict.Message);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteNotes(Utf8JsonWriter json, string name, IReadOnlyList<RowNote>? notes)
    {
        json.WriteStartArray(name);
        foreach (var note in notes ?? [])
        {
            json.WriteStartObject();
            if (note.Field is { } field)
                json.WriteString("field", field);
            if (note.Column is { } column)
                json.WriteString("column", column);
            json.WriteString("code", note.Code);
            json.WriteString("message", note.Message);
            if (note.OtherLine is { } line)
                json.WriteNumber("otherLine", line);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is null)
            json.WriteNull(name);
        else
            json.WriteString(name, text);
    }
}
