using System.Buffers;
using Npgsql;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Checks;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres.Tools;

/// <summary>
/// Checks a PostgreSQL database without changing it, also while servers use it: each workspace's log, partners, search index
/// and counts, in one transaction that sees one moment. The files are PostgreSQL's own: of them it tells what PostgreSQL noticed.
/// </summary>
/// <param name="tell">Gets each part when it has been checked.</param>
internal sealed class PostgresCheck(NpgsqlConnection connection, Action<CheckPart> tell, CancellationToken cancel)
{
    private const int PieceBytes = 64 << 10;

    private static readonly PostgresStatement[] Begin =
    [
        new("begin transaction isolation level repeatable read read only"),
        new("set local statement_timeout = 0"),
    ];

    private const string SelectDataChecksums = """
        select current_setting('data_checksums'),
            coalesce((select checksum_failures from pg_stat_database where datname = current_database()), 0),
            exists (select 1 from pg_extension where extname = 'citus')
        """;

    private const string SelectWorkspace = """
        select log_end.revision, changed_at, live, forgotten, reached, counted
        from log_end join search_state on search_state.workspace_id = log_end.workspace_id where log_end.workspace_id = $1
        """;

    private const string SelectLog = """
        select revision, at, kind, created, updated, unchanged, deleted, restored, checksum, changes from change_set
        where workspace_id = $1 order by revision
        """;

    private static readonly string SelectPartners = $"""
        select p.id, {PartnerColumns.Each(column => "p." + column)}, p.created_at, p.updated_at, p.deleted_at, p.revision, p.checksum,
            s.revision, s.text, s.sort_name, s.name, s.email, s.phone, s.terms::text, s.updated_at, s.deleted
        from partner as p left join partner_search as s on s.workspace_id = p.workspace_id and s.id = p.id
        where p.workspace_id = $1 order by p.id
        """;

    private const string SelectExtra = """
        select s.id from partner_search as s
        where s.workspace_id = $1 and not exists (select 1 from partner as p where p.workspace_id = s.workspace_id and p.id = s.id)
        order by s.id
        """;

    /// <summary>How many tags and keys are counted wrongly.</summary>
    private const string CountWrongTerms = """
        select count(*)
        from (
            select left(one.held, 1)::integer as kind, substr(one.held, 2) as term,
                count(*) filter (where not deleted) as live, count(*) as total
            from partner_search cross join lateral jsonb_array_elements_text(terms) as one (held)
            where workspace_id = $1 and terms is not null and left(one.held, 1) < '2' group by 1, 2) as found
        full join (select kind, term, live, total from search_term where workspace_id = $1 and kind < 2) as counted
            on counted.kind = found.kind and counted.term = found.term
        where found.live is distinct from counted.live or found.total is distinct from counted.total
        """;

    private const string SelectPresence = "select term, live, total from search_term where workspace_id = $1 and kind = 3";

    private const string SelectDays = """
        select day, kind, sum(change_sets)::bigint, sum(created)::bigint, sum(updated)::bigint, sum(deleted)::bigint,
            sum(restored)::bigint
        from day_count where workspace_id = $1 group by day, kind
        """;

    /// <param name="workspace">The only workspace to check; null for all.</param>
    public async Task RunAsync(string? workspace)
    {
        tell(await CheckFilesAsync());
        foreach (var (id, name) in WorkspaceChoice.Of(await PostgresStore.ReadWorkspaceNamesAsync(connection, cancel), workspace))
            await CheckAsync(id, name);
    }

    private async Task<CheckPart> CheckFilesAsync()
    {
        var (isOn, failures, isCitus) = await connection.OneAsync(
            new PostgresStatement(SelectDataChecksums), row => (row.GetString(0) == "on", row.GetInt64(1), row.GetBoolean(2)), cancel);
        var part = new CheckPart("file", null)
        {
            Summary = isOn ? "PostgreSQL's own; its data checksums are on" : "PostgreSQL's own; its data checksums are off (initdb -k)",
        };
        if (failures > 0)
            part.Add(Damage.DataChecksums, "pg_stat_database.checksum_failures", failures);
        if (isCitus)
            await CheckWorkersAsync(part);
        return part;
    }

    private async Task CheckWorkersAsync(CheckPart part)
    {
        var workers = await PostgresCitus.DataChecksumsAsync(connection);
        var without = workers.FindAll(worker => !worker.IsOn).ConvertAll(worker => worker.Node);
        part.Summary += workers.Count == 0 ? "; the workers of Citus did not all answer"
            : without.Count == 0 ? $"; those of the {workers.Count} workers of Citus are on" : $"; off on {string.Join(" and ", without)}";
        foreach (var worker in workers.Where(worker => worker.Failures > 0))
            part.Add(Damage.DataChecksums, $"pg_stat_database.checksum_failures of {worker.Node}", worker.Failures);
    }

    private async Task CheckAsync(long id, string name)
    {
        var (logPart, partners, search, counts) =
            (new CheckPart("log", name), new CheckPart("partners", name), new CheckPart("search", name), new CheckPart("counts", name));
        await connection.RunAsync(cancel, Begin);
        try
        {
            var state = await connection.OneAsync(
                new PostgresStatement(SelectWorkspace, id),
                row => new State(
                    id, new Revision(row.GetInt64(0), row.Timestamp(1)), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4),
                    row.GetInt64(5)),
                cancel);
            await CheckWorkspaceAsync(state, logPart, partners, search, counts);
        }
        catch (Exception failure) when (DamageOf(failure) is { } damage)
        {
            logPart.Add(Damage.Unreadable, damage);
        }
        await connection.RunAsync(cancel, new PostgresStatement("rollback"));
        foreach (var part in new[] { logPart, partners, search, counts })
            tell(part);
    }

    /// <returns>Null if the failure is no damage.</returns>
    private static string? DamageOf(Exception failure)
    {
        var trouble = failure as StoreException ?? (PostgresFailure.IsOutage(failure) ? PostgresFailure.Of(failure) : null);
        return trouble?.Trouble == StoreTrouble.Damaged ? trouble.Message : null;
    }

    private async Task CheckWorkspaceAsync(
        State state, CheckPart logPart, CheckPart partnersPart, CheckPart search, CheckPart counts)
    {
        using var log = new LogCheck(logPart, state.End, state.Reached == 0 ? 0 : state.Counted);
        await ReadLogAsync(state.WorkspaceId, log);
        log.EndAll();
        var partners = new PartnerCheck(log, logPart, partnersPart, state.Forgotten);
        await ReadPartnersAsync(state, partners, search);
        partners.End();
        if (partners.Live != state.Live)
            counts.Add(Damage.Live, $"{state.Live} instead of {partners.Live}");
        counts.Summary = $"{state.Live} live partners";
        search.Summary = $"up to revision {state.Reached}";
        if (state.Reached == 0)
        {
            search.Summary = "the index is empty or being filled; it is not compared";
            return;
        }
        // What was erased leaves the index with its next step.
        if (state.Reached == state.End.Number)
            await ReadExtraAsync(state.WorkspaceId, search);
        await CompareCountsAsync(state, log, partners, counts);
    }

    private async Task ReadExtraAsync(long workspaceId, CheckPart search)
    {
        await using var rows = await connection.QueryAsync(cancel, new PostgresStatement(SelectExtra, workspaceId));
        while (await rows.ReadAsync(cancel))
            search.Add(Damage.SearchExtra, $"{rows.GetGuid(0)}");
    }

    private async Task CompareCountsAsync(State state, LogCheck log, PartnerCheck partners, CheckPart counts)
    {
        var wrong = await connection.OneAsync(new PostgresStatement(CountWrongTerms, state.WorkspaceId), row => row.GetInt64(0), cancel);
        if (wrong > 0)
            // A tag is a value of partners, so it is not named.
            counts.Add(Damage.Terms, "tags and keys of metadata", wrong);
        if (state.Reached == state.End.Number)
        {
            var presence = (await connection.ListAsync(
                new PostgresStatement(SelectPresence, state.WorkspaceId),
                row => (Term: row.GetString(0), Counts: (row.GetInt64(1), row.GetInt64(2))), cancel))
                .ToDictionary(row => row.Term, row => row.Counts);
            foreach (var (term, live, total) in new[]
            {
                (SearchTerm.Partner, partners.Live, partners.Partners), (SearchTerm.Email, partners.LiveWithEmail, partners.WithEmail),
                (SearchTerm.Phone, partners.LiveWithPhone, partners.WithPhone),
            })
                if (presence.GetValueOrDefault(term.Text) != (live, total))
                    counts.Add(Damage.Terms, term.Text);
        }
        if (log.HasGaps || state.Counted == 0)
            return;
        var days = (await connection.ListAsync(
            new PostgresStatement(SelectDays, state.WorkspaceId),
            row => new DayCount(
                row.GetInt32(0), row.GetString(1), null, row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5),
                row.GetInt64(6)),
            cancel)).ToDictionary(day => (day.Day, day.Kind));
        DayCheck.Compare(log.Days, days, counts);
    }

    private async Task ReadLogAsync(long workspaceId, LogCheck log)
    {
        var piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            await using var rows = await connection.QueryInPiecesAsync(new PostgresStatement(SelectLog, workspaceId), cancel);
            while (await rows.ReadAsync(cancel))
            {
                log.Begin(new LoggedHead(
                    new Revision(rows.GetInt64(0), rows.Timestamp(1)), rows.GetString(2),
                    new ChangeCounts(rows.GetInt32(3), rows.GetInt32(4), rows.GetInt32(5), rows.GetInt32(6), rows.GetInt32(7)),
                    rows.Int64OrNull(8)));
                await using var changes = await rows.GetStreamAsync(9, cancel);
                while (await changes.ReadAsync(piece.AsMemory(0, PieceBytes), cancel) is > 0 and var length)
                    log.Add(piece.AsSpan(0, length));
                log.End();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private async Task ReadPartnersAsync(State state, PartnerCheck partners, CheckPart search)
    {
        var checksum = PartnerColumns.OfChecksum;
        await using var rows = await connection.QueryAsync(cancel, new PostgresStatement(SelectPartners, state.WorkspaceId));
        while (await rows.ReadAsync(cancel))
        {
            var partner = PostgresStore.MapPartner(rows);
            partners.Take(partner, rows.Int64OrNull(checksum));
            if (state.Reached == 0)
                continue;
            if (rows.IsDBNull(checksum + 1))
            {
                if (partner.Revision <= state.Reached)
                    search.Add(Damage.SearchMissing, $"{partner.Id}");
            }
            else if (!(rows.GetInt64(checksum + 1) < partner.Revision && partner.Revision > state.Reached)
                && !IsShown(partner, rows, checksum + 1))
                search.Add(Damage.SearchWrong, $"{partner.Id}");
        }
    }

    /// <summary>Whether the index has what follows from the partner.</summary>
    /// <param name="at">The first of the index's columns.</param>
    private static bool IsShown(Partner partner, NpgsqlDataReader row, int at) =>
        row.GetInt64(at) == partner.Revision && row.GetString(at + 1) == SearchText.Of(partner)
        && row.GetString(at + 2) == SearchText.SortName(partner.Name) && row.GetString(at + 3) == partner.Name
        && row.TextOrNull(at + 4) == (partner.Email is null ? null : Upsert.FoldEmail(partner.Email))
        && row.TextOrNull(at + 5) == (partner.Phone is null ? null : SearchText.Digits(partner.Phone))
        && CheckedTerms.Of(partner.Tags, partner.Metadata) is { } terms
        && terms.SequenceEqual(row.TextOrNull(at + 6) is { } shown ? SearchTerm.FromJson(shown) : [])
        && row.Timestamp(at + 7) == partner.UpdatedAt && row.GetBoolean(at + 8) == partner.DeletedAt is not null;

    /// <param name="Reached">The revision whose partners the index shows; 0 while it is filled.</param>
    private sealed record State(long WorkspaceId, Revision End, long Live, long Forgotten, long Reached, long Counted);
}
