namespace Roster.Bench.EfCore;

/// <summary>A row of the partner table, which Roster's migrations create.</summary>
internal sealed class Partner
{
    public long WorkspaceId { get; set; }

    public Guid Id { get; set; }

    public required string Name { get; set; }

    public string? Email { get; set; }

    public string? Phone { get; set; }

    /// <summary>Microseconds since the Unix epoch, like UpdatedAt.</summary>
    public long CreatedAt { get; set; }

    public long UpdatedAt { get; set; }

    public long Revision { get; set; }
}
