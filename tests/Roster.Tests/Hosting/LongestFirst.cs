using Roster.Tests.Growth;
using Roster.Tests.Operations;
using Roster.Tests.Packaging;
using Roster.Tests.Pages;
using Roster.Tests.Plans;
using Roster.Tests.Server;
using Roster.Tests.Storage;
using Xunit.Sdk;
using Xunit.v3;

namespace Roster.Tests.Hosting;

/// <summary>
/// Begins with the classes that take longest, so that no run ends with one of them alone. The others follow in the order
/// of the runner, which differs from run to run.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    /// <summary>Those of a third of a minute and more, the longest first.</summary>
    private static readonly Type[] Classes =
    [
        typeof(SqliteFaultTests),
        typeof(DebTests),
        typeof(AmplificationTests),
        typeof(PostgresServerTests),
        typeof(ReadOnPostgres),
        typeof(OpenIdConnectTests),
        typeof(ModelOnPostgres),
        typeof(PostgresTroubleTests),
        typeof(ModelOnPgBouncer),
        typeof(ImportPartsOnPostgres),
        typeof(ImportTurnsOnPostgres),
        typeof(PartnersPageTests),
        typeof(AlertTests),
        typeof(PostgresPlanTests),
        typeof(ImportPartsOnSqlite),
        typeof(ModelOnSqlite),
        typeof(PartnerFormTests),
        typeof(ImportRowsOnPostgres),
        typeof(ImportKillOnPostgresOfTwoServers),
        typeof(SqliteCheckpointerTests),
        typeof(GrowthOnSqlite),
        typeof(AppearanceInEnglish),
        typeof(AppearanceInArabic),
    ];

    private static readonly Dictionary<string, int> Places = Classes.Index().ToDictionary(one => one.Item.FullName!, one => one.Index);

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. DefaultTestCollectionOrderer.Instance.OrderTestCollections(testCollections)
            .OrderBy(one => Places.GetValueOrDefault(ClassOf(one), Places.Count))];

    /// <summary>The full name of the class whose collection it is, from xUnit's "Test collection for CLASS (id: ...)".</summary>
    internal static string ClassOf(ITestCollection collection) =>
        collection.TestCollectionDisplayName.Split(' ').ElementAtOrDefault(3) ?? "";
}
