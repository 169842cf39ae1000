using Roster.Access;

namespace Roster.Tests.Access;

public sealed class ScopesTests
{
    [Fact]
    public void All_is_every_scope_and_each_has_a_name()
    {
        Assert.Equal(Scopes.All, Enum.GetValues<Scopes>().Aggregate((all, scope) => all | scope));
        Assert.Equal(System.Numerics.BitOperations.PopCount((uint)Scopes.All), Scopes.All.Names().Count());
        Assert.Contains("partnersErase", Scopes.All.Names());
    }

    [Fact]
    public void Stored_scopes_of_a_newer_version_are_left_out_and_the_known_ones_stay() =>
        Assert.Equal(Scopes.LinksWrite | Scopes.KeysRead, ScopeNames.Stored("linksWrite,partnersAdmire,keysRead"));
}
