using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Roster.Partners;
using Roster.Server.Partners;

namespace Roster.Tests.Server;

public class CursorTextTests
{
    private const string Id = "01a20c1f-5f5a-758b-90b1-eb1d0f0a35c2";

    [Fact]
    public void A_cursor_of_an_older_server_is_read() => Assert.Equal(
        new PartnerCursor(Guid.Parse(Id), Name: "Ada"),
        Read(PartnerSort.Name, $$"""{"Id":"{{Id}}","Name":"Ada","UpdatedAt":null,"Snapshot":7}"""));

    [Theory]
    [InlineData(PartnerSort.Name, $$"""{"Id":"{{Id}}"}""")]
    [InlineData(PartnerSort.Name, $$"""{"Id":"{{Id}}","Name":"\ud800"}""")]
    [InlineData(PartnerSort.Name, $$"""{"Id":"{{Id}}","Name":"A\u0000"}""")]
    [InlineData(PartnerSort.UpdatedAt, $$"""{"Id":"{{Id}}","Name":"Ada"}""")]
    [InlineData(PartnerSort.Name, "null")]
    [InlineData(PartnerSort.CreatedAt, "null")]
    [InlineData(PartnerSort.CreatedAt, "{")]
    public void One_that_is_no_place_in_the_list_is_not(PartnerSort sort, string body) => Assert.Null(Read(sort, body));

    /// <summary>The checksum binds a cursor to its list; it is no secret.</summary>
    private static PartnerCursor? Read(PartnerSort sort, string body)
    {
        var checksum = SHA256.HashData(Encoding.UTF8.GetBytes($"1 {new PartnerFilter()} {sort} False {body}")).AsSpan(0, 8);
        return new CursorText(1, new PartnerFilter(), sort, isDescending: false)
            .Read(Base64Url.EncodeToString([.. checksum, .. Encoding.UTF8.GetBytes(body)]));
    }
}
