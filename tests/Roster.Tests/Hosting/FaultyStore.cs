using System.Collections.Concurrent;
using System.Reflection;
using Roster.Changes;

namespace Roster.Tests.Hosting;

/// <summary>A call of the store that fails or waits, once.</summary>
/// <param name="Call">The method's name, such as <c>nameof(IRosterStore.WriteAsync)</c>.</param>
internal sealed record StoreFault(string Call, StoreTrouble Trouble = StoreTrouble.Unavailable)
{
    /// <summary>Whether it fails only after it has done its work: a write, if it has written something.</summary>
    public bool IsAfter { get; init; }

    /// <summary>It does not fail, but waits for this.</summary>
    public Task? Until { get; init; }

    /// <summary>Completes when it is called.</summary>
    public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>The real store, whose calls fail or wait as a test says for each workspace. The others work.</summary>
public class FaultyStore : DispatchProxy
{
    private readonly ConcurrentDictionary<long, List<StoreFault>> _faults = new();
    private IRosterStore _store = null!;

    public static IRosterStore Around(IRosterStore store, out FaultyStore faults)
    {
        var proxy = Create<IRosterStore, FaultyStore>();
        faults = (FaultyStore)(object)proxy;
        faults._store = store;
        return proxy;
    }

    /// <summary>The next of each of these calls fails, or waits.</summary>
    internal void Next(long workspaceId, params IEnumerable<StoreFault> faults) => _faults[workspaceId] = [.. faults];

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        // The store is shared with another server, so it must go on when this one ends.
        if (targetMethod!.Name == nameof(IRosterStore.EndWithin))
            return null;
        object? Real() => targetMethod.Invoke(_store, BindingFlags.DoNotWrapExceptions, null, args, null);
        if (args is not [long workspaceId, ..] || Take(workspaceId, targetMethod.Name) is not { } fault)
            return Real();
        if (fault is { IsAfter: false, Until: null })
        {
            fault.Reached.SetResult();
            throw Failure(fault);
        }
        if (targetMethod.Name == nameof(IRosterStore.WriteAsync))
            return WriteAsync(fault, (WriteRequest)args[1]!, () => (Task<WrittenPlan>)Real()!);
        return typeof(FaultyStore).GetMethod(nameof(AfterAsync), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(targetMethod.ReturnType.GenericTypeArguments[0]).Invoke(null, [fault, Real()]);
    }

    private StoreFault? Take(long workspaceId, string call)
    {
        if (!_faults.TryGetValue(workspaceId, out var faults))
            return null;
        lock (faults)
        {
            var fault = faults.Find(one => one.Call == call);
            if (fault is not null)
                faults.Remove(fault);
            return fault;
        }
    }

    private static async Task<WrittenPlan> WriteAsync(StoreFault fault, WriteRequest request, Func<Task<WrittenPlan>> write)
    {
        if (fault.Until is { } until)
        {
            fault.Reached.SetResult();
            await until;
            return await write();
        }
        var written = await write();
        // Only a commit can have an outcome that is not known.
        if (!request.Writes(written.Plan) && !request.Remembers(written.Plan))
            return written;
        fault.Reached.SetResult();
        throw Failure(fault);
    }

    private static async Task<T> AfterAsync<T>(StoreFault fault, Task<T> real)
    {
        await real;
        fault.Reached.SetResult();
        throw Failure(fault);
    }

    private static StoreException Failure(StoreFault fault) => new(fault.Trouble, "The database is away.");
}
