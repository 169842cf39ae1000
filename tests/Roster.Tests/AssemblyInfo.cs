[assembly: AssemblyFixture(typeof(SqliteHost))]
[assembly: AssemblyFixture(typeof(PostgresHost))]
[assembly: AssemblyFixture(typeof(PgBouncerHost))]
[assembly: AssemblyFixture(typeof(ConsoleServer))]
[assembly: AssemblyFixture(typeof(ConsoleBrowser))]

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

// The tests use shells, signals and PostgreSQL as on Linux.
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
