using Roster.Partners;

namespace Roster.Imports;

/// <summary>Finds the targets of the columns of one file.</summary>
internal sealed class ColumnMatcher
{
    /// <summary>
    /// A column loses to a fuller one with the same target if it is filled less than this share as often: Outlook exports
    /// every kind of phone, and most are empty.
    /// </summary>
    private const double MinFilled = 0.25;

    private readonly IReadOnlyList<ImportColumn> _columns;
    private readonly string[] _folded;
    private readonly string?[] _targets;
    private readonly MappingReason[] _reasons;

    public ColumnMatcher(IReadOnlyList<ImportColumn> columns)
    {
        _columns = columns;
        _folded = [.. columns.Select(column => HeaderText.Fold(column.Name))];
        _targets = new string?[columns.Count];
        _reasons = new MappingReason[columns.Count];
    }

    public MappingSuggestion Match()
    {
        MatchExactNames();
        MatchIds();
        MatchSynonyms();
        MatchContents();
        return new MappingSuggestion([.. _columns.Select((column, i) =>
            new SuggestedColumn(new ColumnMapping(column.Name, _targets[i]), _reasons[i]))]);
    }

    private void MatchExactNames()
    {
        for (var i = 0; i < _columns.Count; i++)
        {
            if (Conditional(i) is not null || FieldNames.MeantColumn(_columns[i].Name) is not ({ } field, var key))
                continue;
            if (field.Kind is FieldKind.ReadOnly or FieldKind.Condition || field == PartnerField.RemoveTags)
                _reasons[i] = MappingReason.Exact;
            else if (field == PartnerField.Metadata ? key is { Length: > 0 } : field != PartnerField.Id && field != PartnerField.Tags)
                Take(i, key is null ? field.WireName : MetadataText.FieldName(key), MappingReason.Exact);
        }
        // Only an export of ours has the ids of partners, and only there are its tags all the tags of the partner.
        if (FindNamed(PartnerField.Id) is not { } id || !(_columns[id].Samples.Count == 0 || CellContents.AreUuids(_columns[id].Samples)))
            return;
        Take(id, PartnerField.Id.WireName, MappingReason.Exact);
        if (FindNamed(PartnerField.Tags) is { } tags && IsFree(PartnerField.AddTags.WireName)
            && _reasons.Index().All(one => one.Index == tags || one.Item == MappingReason.Exact))
            Take(tags, PartnerField.Tags.WireName, MappingReason.Exact);
    }

    /// <summary>A column that is only named <c>id</c> has the ids of another system, unless they are UUIDs.</summary>
    private void MatchIds()
    {
        if (FindNamed(PartnerField.Id) is { } id && _targets[id] is null && IsFree(PartnerField.ExternalId.WireName))
            Take(id, PartnerField.ExternalId.WireName, MappingReason.Contents);
    }

    private void MatchSynonyms()
    {
        foreach (var target in new[] { PartnerField.Email, PartnerField.Phone, PartnerField.ExternalId, PartnerField.AddTags })
            if (IsFree(target.WireName))
                TakeBest(target.WireName, target.WireName);
        if (!IsFree(PartnerField.Name.WireName))
            return;
        TakeBest(PartnerField.Name.WireName, PartnerField.Name.WireName);
        if (!IsFree(PartnerField.Name.WireName))
            return;
        TakeBest(ImportTarget.GivenName, ImportTarget.GivenName);
        TakeBest(ImportTarget.FamilyName, ImportTarget.FamilyName);
        if (IsFree(ImportTarget.GivenName) && IsFree(ImportTarget.FamilyName))
            TakeBest(HeaderSynonyms.Company, PartnerField.Name.WireName);
    }

    private void MatchContents()
    {
        if (IsFree(PartnerField.Email.WireName))
            TakeFullest(PartnerField.Email, CellContents.AreEmails);
        if (IsFree(PartnerField.Phone.WireName))
            TakeFullest(PartnerField.Phone, CellContents.ArePhones);
    }

    /// <summary>Gives a target to the best of the columns whose name means it.</summary>
    private void TakeBest(string meant, string target)
    {
        var candidates = Unmapped().Select(i => (Index: i, Synonym: Synonym(i)))
            .Where(one => one.Synonym?.Target == meant).ToList();
        if (candidates.Count == 0)
            return;
        var least = candidates.Max(one => _columns[one.Index].Filled) * MinFilled;
        Take(
            candidates.Where(one => _columns[one.Index].Filled >= least).MinBy(one => one.Synonym!.Value.Rank).Index,
            target, MappingReason.Synonym);
    }

    private void TakeFullest(PartnerField field, Func<IReadOnlyList<string>, bool> isOf)
    {
        var candidates = Unmapped().Where(i => Synonym(i) is null && isOf(_columns[i].Samples)).ToList();
        if (candidates.Count > 0)
            Take(candidates.MaxBy(i => _columns[i].Filled), field.WireName, MappingReason.Contents);
    }

    private IEnumerable<int> Unmapped() =>
        Enumerable.Range(0, _columns.Count).Where(i => _targets[i] is null && _reasons[i] == MappingReason.None);

    private HeaderSynonym? Synonym(int column) =>
        Conditional(column) is { } conditional ? new HeaderSynonym(conditional.Target, 0)
        : HeaderSynonyms.ByName.TryGetValue(_folded[column], out var synonym) ? synonym
        : null;

    /// <summary>What the column is beside another one, as "Nom" beside "Prénom"; null if it is what its name says.</summary>
    private ConditionalSynonym? Conditional(int column) => HeaderSynonyms.Conditional.FirstOrDefault(one =>
        one.Name == _folded[column] && _folded.Contains(one.Other)
        && !_folded.Any(name => HeaderSynonyms.ByName.TryGetValue(name, out var other) && other.Target == one.Target));

    /// <summary>The first column with exactly the name of a field.</summary>
    private int? FindNamed(PartnerField field)
    {
        for (var i = 0; i < _columns.Count; i++)
            if (FieldNames.Meant(_columns[i].Name) == field)
                return i;
        return null;
    }

    private bool IsFree(string target) => !_targets.Contains(target);

    private void Take(int column, string target, MappingReason reason)
    {
        if (IsFree(target))
            (_targets[column], _reasons[column]) = (target, reason);
    }
}
