using Roster.Imports;
using Roster.Partners;
using Roster.Server.Http;

namespace Roster.Server.Imports;

/// <summary>What an import's columns mean, and how its rows find their partners.</summary>
/// <param name="From">suggested, remembered, named or set.</param>
internal sealed record ChosenMapping(FileContents Contents, IReadOnlyList<ColumnMapping> Columns, string From, string? MatchOn)
{
    public Import Onto(Import import) => import with
    {
        Contents = Contents,
        Mapping = Columns,
        MappingFrom = From,
        Fingerprint = Contents.Columns.Count == 0 ? null : HeaderText.Fingerprint(Contents.Columns.Select(column => column.Name)),
        MatchOn = MatchOn,
        Counts = null,
        Reason = null,
    };
}

/// <summary>
/// Chooses mappings: what the caller sets, else what the workspace remembers for the same header, else what is suggested.
/// </summary>
internal static class ImportMappings
{
    /// <summary>The first mapping of a file.</summary>
    public static async Task<ChosenMapping> FirstAsync(
        IRosterStore store, Import import, FileContents contents, IReadOnlyList<ColumnMapping> suggested, CancellationToken cancel)
    {
        var names = NamesOf(contents);
        if (names.Count > 0
            && await store.FindMappingAsync(import.WorkspaceId, RememberedName(HeaderText.Fingerprint(names)), cancel) is { } remembered
            && MappingJson.ReadStored(remembered.Document) is { Faults.Count: 0, Columns: var columns })
            return Choose(contents, MappingRules.Respell(columns, names), "remembered");
        return Choose(contents, suggested, "suggested");
    }

    /// <summary>The mapping after a request, or what is wrong with it.</summary>
    /// <param name="contents">The file as it is read now.</param>
    /// <param name="suggested">Its suggested mapping.</param>
    public static async Task<(ChosenMapping? Mapping, Problem? Problem)> ChangedAsync(
        IRosterStore store, Import import, FileContents contents, IReadOnlyList<ColumnMapping> suggested, ImportRequest change,
        CancellationToken cancel)
    {
        var names = NamesOf(contents);
        if (change.IsMappingReset)
        {
            if (names.Count > 0)
                await store.DeleteMappingAsync(import.WorkspaceId, RememberedName(HeaderText.Fingerprint(names)), cancel);
            return (Choose(contents, suggested, "suggested"), null);
        }
        if (change.MappingName is { } name)
        {
            if (!ImportMappingEndpoints.IsName(name)
                || await store.FindMappingAsync(import.WorkspaceId, name, cancel) is not { } stored)
                return (null, JsonBody.Wrong("There is no stored mapping with this name."));
            var respelled = MappingRules.Respell(MappingJson.ReadStored(stored.Document).Columns, names);
            return respelled.Count == 0
                ? (null, JsonBody.Wrong("The stored mapping has none of this file's columns."))
                : (Choose(contents, respelled, "named"), null);
        }
        if (change.Mapping is { } json)
        {
            var read = MappingJson.Read(json, names);
            return read.Faults.Count > 0
                ? (null, Wrong(read.Faults))
                : (Choose(contents, read.Columns, "set"), null);
        }
        // Another header has other columns; the same one keeps what people chose.
        return names.SequenceEqual(NamesOf(import.Contents))
            ? (new ChosenMapping(contents, import.Mapping, import.MappingFrom, import.MatchOn), null)
            : (await FirstAsync(store, import, contents, suggested, cancel), null);
    }

    /// <summary>Remembers the mapping for the next file with the same header.</summary>
    public static Task RememberAsync(IRosterStore store, Import import, Timestamp now, CancellationToken cancel) =>
        import.Fingerprint is not { } fingerprint
        || import.Contents!.Shape is { Format: FileFormat.Csv or FileFormat.Xlsx, HeaderLine: null }
            ? Task.CompletedTask
            : store.PutMappingAsync(
                import.WorkspaceId, new StoredMapping(RememberedName(fingerprint), now, MappingJson.Write(import.Mapping)), cancel);

    /// <summary>What is wrong with a mapping: the first faults.</summary>
    public static Problem Wrong(IReadOnlyList<MappingFault> faults) =>
        JsonBody.Wrong(string.Join(" ", faults.Take(10).Select(fault => $"{fault.Member}: {fault.Message}")));

    private static string RememberedName(string fingerprint) => "#" + fingerprint;

    private static IReadOnlyList<string> NamesOf(FileContents? contents) => [.. contents?.Columns.Select(column => column.Name) ?? []];

    /// <summary>Rows find their partners by external id if the file has them, else by id, else by e-mail address.</summary>
    private static ChosenMapping Choose(FileContents contents, IReadOnlyList<ColumnMapping> columns, string from)
    {
        var targets = columns.Select(column => column.Target).ToHashSet();
        var matchOn = targets.Contains(PartnerField.ExternalId.WireName) ? PartnerField.ExternalId.WireName
            : targets.Contains(PartnerField.Id.WireName) ? null
            : targets.Contains(PartnerField.Email.WireName) ? PartnerField.Email.WireName : null;
        return new ChosenMapping(contents, columns, from, matchOn);
    }
}
