using Microsoft.EntityFrameworkCore;

namespace Roster.Bench.EfCore;

internal sealed class PartnerContext(DbContextOptions<PartnerContext> options) : DbContext(options)
{
    public DbSet<Partner> Partners => Set<Partner>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        var partner = modelBuilder.Entity<Partner>();
        partner.ToTable("partner");
        partner.HasKey(row => new { row.WorkspaceId, row.Id });
        partner.Property(row => row.WorkspaceId).HasColumnName("workspace_id");
        var id = partner.Property(row => row.Id).HasColumnName("id").ValueGeneratedNever();
        // The table stores a UUID as a blob, most significant byte first.
        if (Database.IsSqlite())
            id.HasConversion(value => value.ToByteArray(true), bytes => new Guid(bytes, true));
        partner.Property(row => row.Name).HasColumnName("name");
        partner.Property(row => row.Email).HasColumnName("email");
        partner.Property(row => row.Phone).HasColumnName("phone");
        partner.Property(row => row.CreatedAt).HasColumnName("created_at");
        partner.Property(row => row.UpdatedAt).HasColumnName("updated_at");
        partner.Property(row => row.Revision).HasColumnName("revision");
    }
}
