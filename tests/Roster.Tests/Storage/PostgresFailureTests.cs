using Npgsql;
using Roster.Storage.Postgres.Connections;

namespace Roster.Tests.Storage;

public sealed class PostgresFailureTests
{
    [Theory]
    [InlineData("40001", false, true)]
    [InlineData("08006", false, true)]
    [InlineData("53100", true, false)]
    [InlineData("XX000", false, false)]
    [InlineData("XX000", true, true)]
    public void What_may_pass_is_tried_again_and_on_Citus_that_is_an_internal_error_too(string state, bool isCitus, bool isTransient) =>
        Assert.Equal(isTransient, PostgresFailure.IsTransient(new PostgresException("m", "ERROR", "ERROR", state), isCitus));
}
