[assembly: AssemblyFixture(typeof(SqliteHost))]
[assembly: AssemblyFixture(typeof(PostgresHost))]
[assembly: AssemblyFixture(typeof(PgBouncerHost))]
