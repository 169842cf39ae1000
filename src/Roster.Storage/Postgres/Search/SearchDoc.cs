using Npgsql;
using Roster.Changes;

namespace Roster.Storage.Postgres.Search;

/// <summary>A partner as the index has it: a row of search_doc.</summary>
internal sealed record SearchDoc(Guid Id, int Number, string Text, string? Email, string? Phone, string Name, long UpdatedAt, bool IsDeleted)
{
    /// <summary>Without a number.</summary>
    public static SearchDoc Of(Partner partner) => new(
        partner.Id, 0, SearchText.Of(partner),
        partner.Email is null ? null : Upsert.FoldEmail(partner.Email), partner.Phone is null ? null : SearchText.Digits(partner.Phone),
        partner.Name, partner.UpdatedAt.Microseconds, partner.DeletedAt is not null);

    /// <summary>In the order of the columns above.</summary>
    public static SearchDoc Map(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetInt32(1), row.GetString(2), row.TextOrNull(3), row.TextOrNull(4), row.GetString(5), row.GetInt64(6), row.GetBoolean(7));
}
