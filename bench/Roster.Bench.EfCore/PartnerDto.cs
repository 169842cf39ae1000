namespace Roster.Bench.EfCore;

/// <summary>A partner as clients send and receive it. Without an id it is new.</summary>
internal sealed record PartnerDto(
    Guid? Id, string Name, string? Email, string? Phone, DateTimeOffset? CreatedAt = null, DateTimeOffset? UpdatedAt = null)
{
    public static PartnerDto Of(Partner partner) => new(
        partner.Id, partner.Name, partner.Email, partner.Phone, Time(partner.CreatedAt), Time(partner.UpdatedAt));

    private static DateTimeOffset Time(long microseconds) => DateTimeOffset.UnixEpoch.AddMicroseconds(microseconds);
}
