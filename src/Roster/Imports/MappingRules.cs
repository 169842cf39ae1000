using Roster.Partners;

namespace Roster.Imports;

/// <summary>What a mapping must be.</summary>
public static class MappingRules
{
    /// <summary>Most columns of a mapping; as many as a file has at most.</summary>
    public const int MaxColumns = Batches.CsvFormat.MaxColumns;

    /// <summary>Most faults that are listed.</summary>
    public const int MaxFaults = 100;

    /// <summary>
    /// Checks a mapping: known targets, no column twice, no target twice but for parts of the name, and no two targets that
    /// exclude each other.
    /// </summary>
    /// <param name="columns">The file's columns; null if the mapping is for no certain file.</param>
    /// <returns>At most <see cref="MaxFaults"/>, in the order of the mapping.</returns>
    public static IReadOnlyList<MappingFault> Check(IReadOnlyList<ColumnMapping> mapping, IReadOnlyList<string>? columns = null)
    {
        if (mapping.Count > MaxColumns)
            return [new MappingFault("columns", $"The mapping has more than {MaxColumns} columns.")];
        var faults = new List<MappingFault>();
        var known = columns?.ToHashSet(StringComparer.Ordinal);
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        var users = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < mapping.Count && faults.Count < MaxFaults; i++)
        {
            var (column, name, clears, _) = mapping[i];
            if (!places.TryAdd(column, i))
                faults.Add(new(Place(i, "column"), $"{Shown(column)} is given twice, also as columns[{places[column]}]; give it once."));
            else if (known?.Contains(column) == false)
                faults.Add(new(Place(i, "column"), $"The file has no column {Shown(column)}.{Nearest(column, columns!)}"));
            if (name is null)
                continue;
            if (ImportTarget.Parse(name) is not { } target)
            {
                faults.Add(new(Place(i, "target"), Unknown(name)));
                continue;
            }
            if (clears && !target.CanClear)
                faults.Add(new(Place(i, "empty"), $"An empty cell cannot clear {target}; say keep."));
            if (target.Part != NamePart.None)
                users.TryAdd(name, column);
            else if (!users.TryAdd(name, column))
                faults.Add(new(
                    Place(i, "target"), $"{target} is filled by {Shown(users[name])} already; choose one of the two columns."));
            if (Excluded(target, users) is { } other)
                faults.Add(new(Place(i, "target"), $"{target} excludes {other}, which {Shown(users[other])} fills; choose one of them."));
        }
        return faults;
    }

    /// <summary>
    /// A remembered mapping for a file with the same columns, with their names as this file spells them. Columns that it
    /// does not have are left out.
    /// </summary>
    public static IReadOnlyList<ColumnMapping> Respell(IReadOnlyList<ColumnMapping> mapping, IReadOnlyList<string> columns)
    {
        var exact = mapping.Select(one => one.Column).Intersect(columns).ToHashSet(StringComparer.Ordinal);
        var byFold = columns.Where(column => !exact.Contains(column)).GroupBy(HeaderText.Fold, StringComparer.Ordinal)
            .ToDictionary(same => same.Key, same => new Queue<string>(same), StringComparer.Ordinal);
        var respelled = new List<ColumnMapping>(mapping.Count);
        foreach (var one in mapping)
        {
            if (exact.Contains(one.Column))
                respelled.Add(one);
            else if (byFold.TryGetValue(HeaderText.Fold(one.Column), out var same) && same.TryDequeue(out var column))
                respelled.Add(one with { Column = column });
        }
        return respelled;
    }

    /// <summary>A name for messages: in quotation marks, at most 60 characters.</summary>
    internal static string Shown(string name)
    {
        const int MaxShown = 60;
        return name.Length <= MaxShown ? $"\"{name}\""
            : $"\"{TextCut.Within(name, MaxShown)}…\"";
    }

    private static string Place(int index, string member) => $"columns[{index}].{member}";

    /// <summary>A target in use that this one cannot be used with.</summary>
    private static string? Excluded(ImportTarget target, Dictionary<string, string> users)
    {
        string[] others = target.Field == PartnerField.Tags ? [PartnerField.AddTags.WireName]
            : target.Field == PartnerField.AddTags ? [PartnerField.Tags.WireName]
            : target.Field != PartnerField.Name ? []
            : target.Part == NamePart.None ? [ImportTarget.GivenName, ImportTarget.FamilyName]
            : [PartnerField.Name.WireName];
        return others.FirstOrDefault(users.ContainsKey);
    }

    private static string Unknown(string name)
    {
        if (name.StartsWith(MetadataText.FieldName(""), StringComparison.Ordinal))
            return MetadataText.NotKey.Message + ".";
        var meant = HeaderSynonyms.ByName.TryGetValue(HeaderText.Fold(name), out var synonym)
            && ImportTarget.Parse(synonym.Target) is not null ? synonym.Target : FieldNames.Nearest(name, ImportTarget.Names);
        return $"There is no target {Shown(name)}; "
            + (meant is null ? $"the targets are {string.Join(", ", ImportTarget.Names)}, or null for none." : $"did you mean {meant}?");
    }

    /// <summary>The file's column that was meant: the same but for case, accents and punctuation.</summary>
    private static string Nearest(string column, IReadOnlyList<string> columns)
    {
        var folded = HeaderText.Fold(column);
        return columns.FirstOrDefault(one => HeaderText.Fold(one) == folded) is { } near ? $" Did you mean {Shown(near)}?" : "";
    }
}
