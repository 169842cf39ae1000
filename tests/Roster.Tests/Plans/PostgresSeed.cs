using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Roster.Imports;

namespace Roster.Tests.Plans;

/// <summary>
/// A directory of a given size, written by the database itself. Workspace 1 has that many of each: partners with external
/// ids, change sets that each change one partner again, idempotency keys, imports, audit events, people. There are as many other
/// workspaces, each with a key.
/// </summary>
internal static class PostgresSeed
{
    public const long Workspace = 1;

    /// <summary>The key of nearly all change sets.</summary>
    public static readonly Guid Key = Id('f', 1);

    /// <summary>The key of a few change sets.</summary>
    public static readonly Guid RareKey = Id('f', 2);

    /// <summary>A person who signs in by OpenID Connect; there are as many as of the other things.</summary>
    public static Guid Person(int number) => Id('9', number);

    public static byte[] IdentityOf(int person) => SHA256.HashData(Encoding.ASCII.GetBytes($"i{person}"));

    /// <summary>The partner that every change set changed.</summary>
    public static Guid Changed => Partner(1);

    public static Guid Partner(int number) => Id('0', number);

    /// <summary>Fills an empty database.</summary>
    /// <param name="many">How many of each thing.</param>
    public static async Task FillAsync(string database, int many)
    {
        var numbers = string.Create(CultureInfo.InvariantCulture, $"generate_series(1, {many}) as i");
        await PostgresCluster.RunAsync(database,
        [
            "insert into workspace values (1, 'w1', 1)",
            "insert into log_end values (1, 0, 0, 0)",
            $"insert into search_state (workspace_id, reached, counted) values (1, 0, {many})",
            .. new[] { Key, RareKey }.Select(
                key => $"insert into api_key values ('{key}', 1, 'k', 'p', sha256('{key}'::bytea), 'partnersRead', 1)"),
            $"insert into workspace select i + 1, 'w' || (i + 1), 1 from {numbers}",
            $"insert into log_end select i + 1, 0, 0, 0 from {numbers}",
            $"insert into search_state select i + 1, 0 from {numbers}",
            $"insert into api_key select {Uuid('e')}, i + 1, 'k', 'p', sha256(('e' || i)::bytea), 'partnersRead', 1 from {numbers}",
            $"""
            insert into api_key (id, workspace_id, name, prefix, hash, scopes, created_at, kind, identity)
            select {Uuid('9')}, case when i % 100 = 0 then 1 else i + 1 end, 'n', 'p', sha256(('n' || i)::bytea), 'partnersRead', 1,
                'person', sha256(('i' || i)::bytea) from {numbers}
            """,
            // Sessions of all keys are of workspace 1, and so are as many links as it may have; most of both have expired.
            $"""
            insert into session select {Uuid('7')}, 1, case when i % 10 = 0 then '{Key}'::uuid else {Uuid('e')} end,
                sha256(('s' || i)::bytea), i, i, case when i % 10 = 0 then {long.MaxValue} - i else i end, null, null from {numbers}
            """,
            $"""
            insert into console_link select {Uuid('8')}, case when i <= 900 then 1 else i end, sha256(('l' || i)::bytea), null, 'n',
                'partnersRead', null, null, i, case when i % 10 = 0 then {long.MaxValue} - i else i end from {numbers}
            """,
            $"""
            insert into partner
            select 1, {Uuid('0')}, 'n' || i, 'a' || i || '@b.example', null, 'x' || i, i, i, null, i from {numbers}
            """,
            $"""
            insert into partner_search
            select 1, {Uuid('0')}, i, 'n' || i || chr(10) || 'a' || i || '@b.example' || chr(10),
                'n' || i, 'n' || i, 'a' || i || '@b.example', '0' || i, i, i % 100 = 0,
                jsonb_build_array('0all', '0t' || i % {many / 10}, '1all', '2all=1', '1number', '2number=' || i, '1k' || i % {many / 10})
            from {numbers}
            """,
            $"""
            insert into search_term
            select 1, kind, prefix || i, prefix || i, 10, 10 from {numbers}, (values (0, 't'), (1, 'k')) as terms (kind, prefix)
            where i <= {many} / 10
            """,
            $"""
            insert into search_term
            values (1, 3, 'partner', 'partner', {many}, {many}), (1, 3, 'email', 'email', {many}, {many}), (1, 3, 'phone', 'phone', 1, 1)
            """,
            $"insert into day_count select 1, 20000 - i, 'upsert', '{Key}', 1, 1, 1, 0, 0 from {numbers}",
            // Every hundredth change set undoes the one before it; it has the rare kind, and every thousandth the rare
            // key.
            $"""
            insert into change_set
            select 1, i, case when i % 100 = 0 then 'undo' else 'upsert' end,
                case when i % 1000 = 0 then '{RareKey}'::uuid else '{Key}' end, {Uuid('d')},
                1, 1, 0, 0, 0, i * 1000000::bigint, case when i % 100 = 0 then i - 1 end,
                '\x0100'::bytea || convert_to('[["' || {Uuid('0')} || '"],["{Changed}",' || (i - 1) || ',1,null,"n",null,null]]', 'UTF8')
            from {numbers}
            """,
            $"update partner set revision = {many} where workspace_id = 1 and id = '{Changed}'",
            $"""
            insert into idempotency
            select 1, sha256(i::text::bytea), {Uuid('c')}, sha256('f'::bytea),
                {Timestamp.Now(TimeProvider.System).Microseconds} + i, '{Key}', {Uuid('d')}, i, '\x01'
            from {numbers}
            """,
            // Nearly all imports are forgotten: nothing is due. The first one has many blocks. Servers work on one of each of
            // the other workspaces.
            $"""
            insert into import
            select 1, {Uuid('a')}, 1, case when i <= 5 then i when i <= 10 then {long.MaxValue} end, '\x01' from {numbers}
            """,
            $"insert into import select i + 1, {Uuid('a')}, 1, {DueImports.Leased.Until.Microseconds} - i, '\\x01' from {numbers}",
            $"insert into import_part select 1, {Uuid('a')}, 1, 1, i from {numbers}",
            $"insert into import_mapping select 1, 'm' || i, i, '\\x01' from {numbers} where i <= 100",
            $"insert into import_mapping select 1, '#' || i, i, '\\x01' from {numbers} where i <= 400",
            $"insert into import_mapping select i + 1, '#1', i, '\\x01' from {numbers}",
            $"insert into import_block select 1, {Uuid('a')}, 1, 0, '\\x01', '\\x01' from {numbers}",
            $"insert into import_block select 1, '{Import(1)}', 0, i, '\\x01', '\\x01' from {numbers}",
            $"insert into audit_event select 1, i, {Uuid('b')}, i, 'key_created', null, null, 's' from {numbers}",
            $"update log_end set revision = {many}, changed_at = {many} * 1000000::bigint, live = {many} where workspace_id = 1",
        ]);
    }

    public static Guid Import(int number) => Id('a', number);

    public static Guid Event(int number) => Id('b', number);

    private static Guid Id(char kind, int number) =>
        Guid.Parse($"{kind}0000000-0000-7000-8000-{number.ToString("x12", CultureInfo.InvariantCulture)}");

    private static string Uuid(char kind) => $"('{kind}0000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid";
}
