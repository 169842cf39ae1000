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

    [Theory]
    [InlineData("change_set_pkey_102084", true, true)]
    [InlineData("change_set_pkey", false, false)]
    [InlineData("api_key_pkey", true, false)]
    public void A_revision_that_is_taken_is_tried_again_on_Citus_where_a_shard_moves_without_its_row_locks(
        string constraint, bool isCitus, bool isTransient)
    {
        var message = $"duplicate key value violates unique constraint \"{constraint}\"";

        // What a worker reports comes without the constraint's name.
        foreach (var name in new[] { constraint, null })
            Assert.Equal(isTransient, PostgresFailure.IsTransient(
                new PostgresException(message, "ERROR", "ERROR", PostgresErrorCodes.UniqueViolation, constraintName: name), isCitus));
    }
}
