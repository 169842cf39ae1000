using System.CommandLine;
using System.Globalization;
using Roster.Client;

namespace Roster.Cli.Commands;

/// <summary>Which partners are listed or exported: the API's own parameters.</summary>
internal sealed class ListOptions
{
    private readonly Option<string?> _search = new("--q")
    {
        Description = "A part of the name, address, phone or a tag",
        HelpName = "TEXT",
    };
    private readonly Option<string?> _email = new("--email")
    {
        Description = "The whole address; * for any, '' for none",
        HelpName = "ADDRESS",
    };
    private readonly Option<string?> _phone = new("--phone")
    {
        Description = "The whole phone; * for any, '' for none",
        HelpName = "PHONE",
    };
    private readonly Option<string?> _externalId = new("--external-id") { Description = "Exactly this external id", HelpName = "ID" };
    private readonly Option<string[]> _tags = new("--tag") { Description = "With this tag; up to five times", HelpName = "TAG" };
    private readonly Option<string[]> _metadata = new("--metadata")
    {
        Description = "With this value of metadata, KEY=* for any, KEY= for none; up to five times",
        HelpName = "KEY=VALUE",
    };

    private readonly Option<string?> _since = new("--updated-since")
    {
        Description = "Updated then or later, such as 2026-11-01 or 2026-11-01T08:00:00Z",
        HelpName = "TIME",
    };

    private readonly Option<bool> _deleted = new("--deleted") { Description = "Deleted partners, too" };
    private readonly Option<bool> _onlyDeleted = new("--only-deleted") { Description = "Deleted partners only" };
    private readonly Option<long?> _asOf = new("--as-of")
    {
        Description = "The directory as it was at this revision",
        HelpName = "REVISION",
    };
    private readonly Option<string?> _sort = new("--sort")
    {
        Description = "The order",
        HelpName = "createdAt|-createdAt|updatedAt|-updatedAt|name|-name",
    };

    /// <summary>Forms of a time: ISO 8601 only, since a day such as 05/11/2026 reads in two ways. Without a zone it is UTC.</summary>
    private static readonly string[] TimeForms =
        ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mmK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK"];

    public void AddTo(Command command)
    {
        foreach (var option in (IEnumerable<Option>)
            [_search, _email, _phone, _externalId, _tags, _metadata, _since, _deleted, _onlyDeleted, _asOf, _sort])
            command.Options.Add(option);
    }

    /// <exception cref="CommandException">A value cannot be.</exception>
    public PartnerQuery QueryOf(ParseResult parsed)
    {
        var isOnly = parsed.GetValue(_onlyDeleted);
        var deleted = isOnly ? DeletedPartners.Only : parsed.GetValue(_deleted) ? DeletedPartners.Too : DeletedPartners.Not;
        return new PartnerQuery
        {
            Search = parsed.GetValue(_search),
            Email = parsed.GetValue(_email),
            Phone = parsed.GetValue(_phone),
            ExternalId = parsed.GetValue(_externalId),
            Tags = parsed.GetValue(_tags) ?? [],
            Metadata = MetadataOf(parsed.GetValue(_metadata) ?? []),
            UpdatedSince = parsed.GetValue(_since) is { } since ? TimeOf(since) : null,
            Deleted = deleted,
            Include = deleted == DeletedPartners.Not ? PartnerInclude.None : PartnerInclude.DeletedAt,
            AsOf = parsed.GetValue(_asOf),
            Sort = parsed.GetValue(_sort) switch
            {
                null or "-createdAt" => PartnerSort.NewestFirst,
                "createdAt" => PartnerSort.OldestFirst,
                "-updatedAt" => PartnerSort.LastUpdatedFirst,
                "updatedAt" => PartnerSort.FirstUpdatedFirst,
                "name" => PartnerSort.Name,
                "-name" => PartnerSort.NameBackwards,
                var other => throw CommandException.Usage(
                    $"--sort is createdAt, updatedAt or name, or one of them with - before it, not '{other}'."),
            },
        };
    }

    private static Dictionary<string, string> MetadataOf(string[] texts)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in texts.Select(PairOf))
            if (!pairs.TryAdd(key, value))
                throw CommandException.Usage($"--metadata has {key} twice.");
        return pairs;
    }

    private static KeyValuePair<string, string> PairOf(string text) => text.Split('=', 2) is [{ Length: > 0 } key, var value]
        ? new(key, value) : throw CommandException.Usage($"--metadata is KEY=VALUE, not '{text}'.");

    private static DateTimeOffset TimeOf(string text) => DateTimeOffset.TryParseExact(
        text, TimeForms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
        ? time : throw CommandException.Usage($"--updated-since is a time such as 2026-11-01 or 2026-11-01T08:00:00Z, not '{text}'.");
}
