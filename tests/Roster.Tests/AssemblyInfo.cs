[assembly: AssemblyFixture(typeof(SqliteHost))]
[assembly: AssemblyFixture(typeof(PostgresHost))]
[assembly: AssemblyFixture(typeof(PgBouncerHost))]

// They run shells, signals and PostgreSQL as Linux has them.
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
