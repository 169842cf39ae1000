using System.Collections.Concurrent;
using System.Reflection;
using Roster.Access;
using Roster.Changes;
using Roster.Imports;

namespace Roster.Tests.Hosting;

/// <summary>The real store, with a count of the calls of each method, which can be made to fail.</summary>
public class CountedStore : DispatchProxy
{
    private readonly ConcurrentDictionary<string, int> _calls = new();
    private IRosterStore _store = null!;

    /// <summary>The name of a method that fails, as if the database were gone; null if all work.</summary>
    public string? Failing { get; set; }

    /// <summary>Only its calls fail; null for those of all workspaces.</summary>
    public long? FailingWorkspace { get; set; }

    /// <summary>Its calls do not fail; null if those of all workspaces do.</summary>
    public long? SparedWorkspace { get; set; }

    /// <summary>Writes of imports, also those that only plan, begin after this; null if they begin at once.</summary>
    public Task? WritesAfter { get; set; }

    /// <summary>Host names of keys are read only after this; null if at once.</summary>
    public Task? HostnamesAfter { get; set; }

    /// <summary>Checks of the database begin only after this; null if at once.</summary>
    public Task? ChecksAfter { get; set; }

    /// <summary>Happens before the next change of an import, once; null if nothing does.</summary>
    public Func<Task>? BeforeReplace { get; set; }

    public static IRosterStore Around(IRosterStore store, out CountedStore counts)
    {
        var proxy = Create<IRosterStore, CountedStore>();
        counts = (CountedStore)(object)proxy;
        counts._store = store;
        return proxy;
    }

    /// <param name="call">The method's name, such as <c>nameof(IRosterStore.FindKeyAsync)</c>.</param>
    public int Of(string call) => _calls.GetValueOrDefault(call);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        _calls.AddOrUpdate(targetMethod!.Name, 1, (_, count) => count + 1);
        if (targetMethod.Name == Failing && IsFailing(args![0] is StoredImport import ? import.WorkspaceId : args[0]))
            throw new StoreException(StoreTrouble.Unavailable, "The database is away.");
        if (targetMethod.Name == nameof(IRosterStore.WriteAsync) && args![1] is WriteRequest { Change.Kind: ChangeKind.Import }
            && WritesAfter is { } before)
            return AfterAsync(() => before, () => (Task<WrittenPlan>)Call()!);
        if (targetMethod.Name == nameof(IRosterStore.ListHostnamesAsync) && HostnamesAfter is { } until)
            return AfterAsync(() => until, () => (Task<IReadOnlyList<HostnameList>>)Call()!);
        if (targetMethod.Name == nameof(IRosterStore.CheckAsync) && ChecksAfter is { } checks)
            return checks.ContinueWith(_ => (Task)Call()!, TaskScheduler.Default).Unwrap();
        if (targetMethod.Name == nameof(IRosterStore.ReplaceImportAsync) && BeforeReplace is { } first)
        {
            BeforeReplace = null;
            return AfterAsync(first, () => (Task<bool>)Call()!);
        }
        // The store is shared with another server, so it must go on when this one ends.
        return targetMethod.Name == nameof(IRosterStore.EndWithin) ? null : Call();

        object? Call() => targetMethod.Invoke(_store, BindingFlags.DoNotWrapExceptions, null, args, null);
    }

    private bool IsFailing(object? workspace) =>
        (FailingWorkspace is null || FailingWorkspace.Equals(workspace)) && !SparedWorkspace.Equals(workspace);

    private static async Task<T> AfterAsync<T>(Func<Task> first, Func<Task<T>> call)
    {
        await first();
        return await call();
    }
}
