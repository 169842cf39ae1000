using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

#if !NO_HOST
[assembly: AssemblyFixture(typeof(SqliteHost))]
#endif
[assembly: TestFramework(typeof(Roster.Tests.InProcess))]
[assembly: TestCollectionOrderer(typeof(Roster.Tests.QuickFirst))]

// The tests use shells, signals and PostgreSQL as on Linux.
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]

namespace Roster.Tests;

/// <summary>
/// Of the tests of Roster.Tests, those that are quick and need no other process: the rooms of the domain, and contracts of the
/// server on SQLite. Stryker hands no filter to tests of this kind, so the choice is made here.
/// </summary>
public sealed class InProcess : XunitTestFramework
{
    /// <summary>Rooms, and contracts whose answers are the domain's. MUTATE_TESTS names some of them instead.</summary>
    private static readonly HashSet<string> Chosen = Environment.GetEnvironmentVariable("MUTATE_TESTS") is { Length: > 0 } some
        ? [.. some.Split(',')]
        :
        [
            "Access", "Batches", "Changes", "Imports", "Log", "Partners",
            "ChangeSetOnSqlite", "CsvOnSqlite", "DeleteOnSqlite", "ImportOnSqlite", "ImportRowsOnSqlite", "MatchOnSqlite", "PastOnSqlite",
            "ReadOnSqlite", "TagAndMetadataOnSqlite", "UpsertOnSqlite", "CursorTextTests", "SteadyClockTests", "TimestampTests",
        ];

    /// <summary>They take seconds, and most mutants would run them.</summary>
    private static readonly HashSet<string> Slow =
    [
        "ImportBoundsTests", "PiecesTests",
        "A_body_of_exactly_32_MiB_is_accepted",
        "A_cursor_is_a_place_in_the_order_also_when_its_partner_is_elsewhere_or_erased",
        "A_mirror_that_follows_the_feed_beside_writers_ends_equal_to_the_directory",
        "A_million_columns_and_a_cell_of_31_MiB_are_refused",
        "A_sheet_of_100_000_rows_is_read_within_memory",
        "After_any_batches_by_address_no_two_live_partners_have_one_address",
        "All_faults_are_counted_and_a_thousand_kept",
        "Cut_off_at_any_byte_and_retried_with_its_key_every_create_happens_once",
        "Matching_by_address_sees_all_that_was_acknowledged_even_from_many_clients",
        "More_text_than_one_request_may_read_is_refused_and_lists_end_their_pages_earlier",
        "Paging_beside_writers_never_skips_or_repeats_a_partner_that_may_not_move",
        "Rows_that_have_too_much_text_to_be_written_together_are_refused_when_they_are_planned",
        "Rows_whose_partners_have_too_much_text_to_be_changed_together_are_refused_when_they_are_planned",
        "Rows_with_very_much_text_are_planned_and_shown_some_at_a_time",
        "Spellings_of_one_address_never_become_two_partners",
    ];

    protected override ITestFrameworkDiscoverer CreateDiscoverer(Assembly assembly) =>
        new Discoverer(new XunitTestAssembly(assembly, configFilePath: null));

    private sealed class Discoverer(IXunitTestAssembly assembly) : XunitTestFrameworkDiscoverer(assembly)
    {
        protected override Type[] GetExportedTypes() =>
            [.. base.GetExportedTypes().Where(type => Chosen.Contains(type.Name) || Chosen.Contains(type.Namespace!.Split('.')[^1]))];

        protected override ValueTask<bool> FindTestsForMethod(
            IXunitTestMethod testMethod, ITestFrameworkDiscoveryOptions discoveryOptions,
            Func<ITestCase, ValueTask<bool>> discoveryCallback) =>
            Slow.Contains(testMethod.MethodName) || Slow.Contains(testMethod.TestClass.Class.Name)
                ? ValueTask.FromResult(true)
                : base.FindTestsForMethod(testMethod, discoveryOptions, discoveryCallback);
    }
}

/// <summary>A mutant is gone with the first test that fails.</summary>
public sealed class QuickFirst : ITestCollectionOrderer
{
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(
        IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(one => one.TestCollectionDisplayName.Contains(".Server.", StringComparison.Ordinal))];
}
