[assembly: AssemblyFixture(typeof(SqliteHost))]
