using Microsoft.EntityFrameworkCore;

namespace Roster.Bench.EfCore;

internal static class PartnerEndpoint
{
    private const long WorkspaceId = 1;

    /// <summary>Creates and updates partners, all or none: SaveChanges is one transaction.</summary>
    public static async Task<IResult> UpsertAsync(List<PartnerDto> items, PartnerContext database, CancellationToken cancel)
    {
        var ids = items.Where(item => item.Id is not null).Select(item => item.Id!.Value).ToList();
        var existing = await database.Partners
            .Where(partner => partner.WorkspaceId == WorkspaceId && ids.Contains(partner.Id))
            .ToDictionaryAsync(partner => partner.Id, cancel);
        var now = (DateTimeOffset.UtcNow.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;

        var partners = new List<Partner>(items.Count);
        var created = new List<Partner>();
        foreach (var item in items)
        {
            if (item.Id is not { } id)
            {
                var partner = new Partner
                {
                    WorkspaceId = WorkspaceId,
                    Id = Guid.CreateVersion7(),
                    Name = item.Name,
                    Email = item.Email,
                    Phone = item.Phone,
                    CreatedAt = now,
                    UpdatedAt = now,
                };
                created.Add(partner);
                partners.Add(partner);
            }
            else if (existing.TryGetValue(id, out var partner))
            {
                if (partner.Name != item.Name || partner.Email != item.Email || partner.Phone != item.Phone)
                {
                    partner.Name = item.Name;
                    partner.Email = item.Email;
                    partner.Phone = item.Phone;
                    partner.UpdatedAt = now;
                }
                partners.Add(partner);
            }
            else
            {
                return Results.NotFound(id);
            }
        }
        database.Partners.AddRange(created);
        await database.SaveChangesAsync(cancel);
        return Results.Ok(partners.Select(PartnerDto.Of));
    }
}
