using System.Text.Json;
using Roster.Access;
using Roster.Server.Sessions;

namespace Roster.Tests.Access;

/// <summary>What a provider's claims mean.</summary>
public sealed class OpenIdRoleTests
{
    private static readonly Dictionary<string, string> None = [];

    [Theory]
    [InlineData("roster", """{"roster":"x"}""", "x")]
    [InlineData("realm_access.roles", """{"realm_access":{"roles":"x"}}""", "x")]
    [InlineData("https://a.example/roles", """{"https://a.example/roles":"x"}""", "x")]
    [InlineData("a.b.c", """{"a":{"b.c":"x"}}""", "x")]
    [InlineData("a.b.c", """{"a.b":{"c":"x"}}""", "x")]
    [InlineData("a.b", """{"a":"x"}""", null)]
    [InlineData("a.b", """{"a":{}}""", null)]
    [InlineData("a", "[]", null)]
    public void A_claim_is_found_by_its_dotted_path(string path, string claims, string? expected) =>
        Assert.Equal(expected, OpenIdRole.Find(JsonDocument.Parse(claims).RootElement, path)?.GetString());

    [Theory]
    [InlineData("editor", "default", Roles.Editor)]
    [InlineData("sales:viewer", "sales", Roles.Viewer)]
    [InlineData("a:b:admin", "a:b", Roles.Admin)]
    public void A_role_is_of_a_workspace(string text, string workspace, Scopes scopes) =>
        Assert.Equal(new OpenIdRole(workspace, scopes), OpenIdRole.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData(":editor")]
    [InlineData("Editor")]
    [InlineData("editor ")]
    [InlineData("default:")]
    [InlineData("sa\0les:viewer")]
    public void Anything_else_is_none(string text) => Assert.Null(OpenIdRole.Parse(text));

    [Fact]
    public void Values_that_are_no_roles_are_left_out_and_names_stand_for_roles()
    {
        var claim = JsonDocument.Parse("""["x",7,null,"staff",{"a":"editor"},"\ud800","viewer"]""").RootElement;

        var roles = OpenIdRole.Read(claim, new Dictionary<string, string> { ["staff"] = "sales:editor" }).ToList();

        Assert.Equal([new OpenIdRole("sales", Roles.Editor), new OpenIdRole("default", Roles.Viewer)], roles);
        Assert.Empty(OpenIdRole.Read(JsonDocument.Parse("{}").RootElement, None));
    }
}
