using Roster.Access;

namespace Roster.Tests.Storage;

/// <summary>Stores keep one key for each person of a provider of OpenID Connect, in each workspace.</summary>
public abstract class PersonContract(RosterHost host)
{
    private readonly byte[] _identity = PersonIdentity.HashOf("https://id.example", Guid.NewGuid().ToString());

    private static Timestamp Now => Timestamp.Now(TimeProvider.System);

    [Fact]
    public async Task A_person_is_found_again_in_the_workspace_only()
    {
        var (workspace, other) = ((await host.NewWorkspaceAsync()).Workspace, (await host.NewWorkspaceAsync()).Workspace);
        var person = Person(workspace, Roles.Editor);

        Assert.True(await SignInAsync(person));
        Assert.True(await SignInAsync(person with { Name = "Amal H.", Scopes = Roles.Viewer }));
        Assert.True(await SignInAsync(Person(other, Roles.Admin)));

        var found = await FindAsync(workspace);
        Assert.Equal((person.Id, "Amal H.", Roles.Viewer, KeyKind.Person), (found!.Id, found.Name, found.Scopes, found.Kind));
        Assert.NotEqual(found.Id, (await FindAsync(other))!.Id);
        Assert.Equal(2, (await host.Store.ListSessionsAsync(workspace.Id, person.Id, Now, 10, CancellationToken.None)).Count);
        var unknown = PersonIdentity.HashOf("https://id.example", "x");
        Assert.Null(await host.Store.FindPersonAsync(workspace.Id, unknown, CancellationToken.None));
    }

    [Fact]
    public async Task Of_many_first_sign_ins_at_once_one_makes_the_key()
    {
        var workspace = (await host.NewWorkspaceAsync()).Workspace;

        var done = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => SignInAsync(Person(workspace, Roles.Viewer)))));

        Assert.Single(done, isDone => isDone);
        Assert.Single(await host.Store.ListKeysAsync(workspace.Id, CancellationToken.None), key => key.Kind == KeyKind.Person);
    }

    [Fact]
    public async Task A_rotated_key_hands_the_person_on_and_a_revoked_one_keeps_it()
    {
        var workspace = (await host.NewWorkspaceAsync()).Workspace;
        var old = Person(workspace, Roles.Editor);
        Assert.True(await SignInAsync(old));
        var next = Person(workspace, Roles.Editor);
        var end = Now.AddMilliseconds(3_600_000);
        Assert.True(await host.Store.AddKeyAsync(next, Audit(next), (old.Id, end), CancellationToken.None));
        Assert.True(await host.Store.AddKeyAsync(Person(workspace, Roles.Viewer), Audit(next), (old.Id, end), CancellationToken.None));

        Assert.Equal(next.Id, (await FindAsync(workspace))!.Id);
        Assert.False(await SignInAsync(old));
        Assert.True(await SignInAsync(next));
        await host.Store.RevokeKeyAsync(next.Id, Audit(next), CancellationToken.None);

        Assert.False(await SignInAsync(next));
        Assert.False(await SignInAsync(Person(workspace, Roles.Viewer)));
        Assert.NotNull((await FindAsync(workspace))!.RevokedAt);
        Assert.Empty(await host.Store.ListSessionsAsync(workspace.Id, next.Id, Now, 10, CancellationToken.None));
    }

    [Fact]
    public async Task A_secret_that_somebody_with_fewer_rights_was_shown_does_not_grow_with_the_person()
    {
        var admin = await host.NewWorkspaceAsync();
        var old = Person(admin.Workspace, Roles.Viewer);
        Assert.True(await SignInAsync(old));
        var rotator = await host.NewKeyAsync(admin.Workspace, Scopes.KeysWrite | Roles.Viewer);
        var rotated = await rotator.SendAsync(HttpMethod.Post, $"/api/keys/{old.Id}/rotate");
        Assert.Equal(201, rotated.Status);
        var shown = host.WithKey(rotated.Json.GetProperty("key").GetString());
        var session = await ConsoleClient.ByKeyAsync(host.WithKey(null), shown.Key!);
        var viewer = (await FindAsync(admin.Workspace))!;

        // As many rights or fewer change no secret: it may be in the person's own programs.
        Assert.True(await SignInAsync(viewer with { Name = "Amal H." }));
        Assert.Equal((200, 200), ((await shown.GetAsync("/api/partners")).Status, (await session.GetAsync("/api/partners")).Status));
        Assert.True(await SignInAsync(viewer with { Scopes = Roles.Admin }));

        Assert.Equal((401, 401), ((await shown.GetAsync("/api/partners")).Status, (await session.GetAsync("/api/session")).Status));
        var grown = (await FindAsync(admin.Workspace))!;
        Assert.Equal((viewer.Id, Roles.Admin), (grown.Id, grown.Scopes));
        Assert.NotEqual(viewer.Prefix, grown.Prefix);
        // A sign-in with the old secret that was under way comes too late.
        Assert.False(await host.Store.AddSessionAsync(SessionOf(viewer), viewer, Audit(viewer), CancellationToken.None));
        Assert.True(await host.Store.AddSessionAsync(SessionOf(grown), grown, Audit(grown), CancellationToken.None));
        Assert.Equal(2, (await host.Store.ListSessionsAsync(admin.Workspace.Id, grown.Id, Now, 10, CancellationToken.None)).Count);
    }

    [Fact]
    public async Task A_link_ends_when_its_maker_loses_a_right_that_it_gives()
    {
        var admin = await host.NewWorkspaceAsync();
        var old = Person(admin.Workspace, Roles.Admin);
        Assert.True(await SignInAsync(old));
        var rotated = await admin.SendAsync(HttpMethod.Post, $"/api/keys/{old.Id}/rotate");
        var maker = host.WithKey(rotated.Json.GetProperty("key").GetString());
        var (greater, within) = (await LinkAsync("admin"), await LinkAsync("viewer"));
        var person = (await FindAsync(admin.Workspace))!;

        Assert.True(await SignInAsync(person with { Scopes = Roles.Viewer }));

        Assert.Equal("link_not_valid", (await ConsoleClient.OpenAsync(host.WithKey(null), greater)).Code);
        Assert.Equal(201, (await ConsoleClient.OpenAsync(host.WithKey(null), within)).Status);

        async Task<string> LinkAsync(string role) => (await maker.PostAsync($$"""{"name":"a","role":"{{role}}"}""", "/api/links"))
            .Json.GetProperty("link").GetString()!;
    }

    [Fact]
    public async Task Workspaces_are_found_by_their_whole_names()
    {
        var (one, other) = ((await host.NewWorkspaceAsync()).Workspace, (await host.NewWorkspaceAsync()).Workspace);

        var found = await host.Store.FindWorkspacesAsync(
            [one.Name, other.Name, other.Name[..^1], one.Name.ToUpperInvariant() + "x", "", "a\0b"], CancellationToken.None);

        Assert.Equal(new Dictionary<string, long> { [one.Name] = one.Id, [other.Name] = other.Id }, found);
        Assert.Empty(await host.Store.FindWorkspacesAsync(["\0"], CancellationToken.None));
    }

    private static Session SessionOf(ApiKey key) => new(
        Guid.CreateVersion7(), key.WorkspaceId, key.Id, RandomSecret.Mint().Hash(), Now, Now, null, null);

    private static ApiKey Person(Workspace workspace, Scopes scopes)
    {
        var secret = ApiKeySecret.Mint();
        return new ApiKey(
            Guid.CreateVersion7(), workspace.Id, "Amal Haddad", secret.Prefix, secret.Hash(), scopes, Now, null, null,
            HostnameList.Any, Kind: KeyKind.Person);
    }

    private static AuditEvent Audit(ApiKey key) =>
        AuditEvent.Of(AuditAction.PersonChanged, key.WorkspaceId, Now, Actor.Command, AuditEvent.SubjectOf(key.Id, key.Name));

    private Task<ApiKey?> FindAsync(Workspace workspace) =>
        host.Store.FindPersonAsync(workspace.Id, _identity, CancellationToken.None);

    private Task<bool> SignInAsync(ApiKey person) =>
        host.Store.SignInAsync(person, _identity, SessionOf(person), [Audit(person)], CancellationToken.None);
}

public sealed class PeopleOnSqlite(SqliteHost host) : PersonContract(host);

public sealed class PeopleOnPostgres(PostgresHost host) : PersonContract(host);
