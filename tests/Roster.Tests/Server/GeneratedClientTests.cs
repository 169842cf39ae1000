namespace Roster.Tests.Server;

/// <summary>The clients that NSwag and Kiota generate from the OpenAPI document work: tests/Roster.Clients.</summary>
public sealed class GeneratedClientTests(SqliteHost host)
{
    private static readonly Lazy<Task> Built = new(() => Repository.RunAsync("tests/Roster.Clients", "dotnet",
        "build", "-c", Configuration, "-v", "q", "-p:BuildProjectReferences=false"));

    private const string Configuration =
#if DEBUG
        "Debug";
#else
        "Release";
#endif

    [Theory]
    [InlineData("nswag")]
    [InlineData("kiota")]
    public async Task A_generated_client_upserts_clears_reads_faults_and_pages(string generator)
    {
        var api = await host.NewWorkspaceAsync();
        await Built.Value;

        var lines = await Repository.RunAsync("tests/Roster.Clients", "dotnet",
            $"bin/{Configuration}/net10.0/Roster.Clients.dll", generator, host.Address.ToString(), api.Key!);

        Assert.Equal(
            """
            created: Ada Lovelace ada@example.com +44 20 7946 0000, Grace Hopper - -, Edith Clarke - -
            name changed: Ada King ada@example.com +44 20 7946 0000
            email cleared: Ada King - +44 20 7946 0000
            fault: 400 validation_failed, 1 email invalid_email
            pages: Ada King, Grace Hopper | Edith Clarke | end

            """, lines);
    }

    [Fact]
    public void No_answer_in_the_document_is_one_of_several_schemas()
    {
        var document = ApiDocument.Root.ToJsonString();

        foreach (var union in new[] { "anyOf", "oneOf", "allOf" })
            Assert.DoesNotContain($"\"{union}\"", document, StringComparison.Ordinal);
    }
}
