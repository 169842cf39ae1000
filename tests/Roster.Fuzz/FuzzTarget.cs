using System.Text;
using Roster.Fuzz.Targets;

namespace Roster.Fuzz;

/// <summary>
/// Something that reads bytes of strangers. <see cref="Run"/> throws if it does anything but accept them or refuse them in
/// the documented way, and if what it accepted is not the same after it was written and read again.
/// </summary>
/// <param name="name">The name of its folder in corpus/.</param>
public abstract class FuzzTarget(string name)
{
    private const long MiB = 1 << 20;

    /// <summary>All targets.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new JsonTarget(), new NdjsonTarget(), new CsvTarget(), new FileTarget(), new SheetTarget(), new MappingTarget(), new LogTarget(),
        new StoredTarget(), new RequestTarget(), new SecretTarget(), new PlaceTarget(), new ValueTarget(),
    ];

    public string Name => name;

    /// <summary>Most bytes that may be allocated for an input of this length: what grows with its square is more.</summary>
    public virtual long MaxAllocated(int length) => 64 * MiB + length * 16_384L;

    /// <summary>How many inputs were accepted in some way so far: without any, the target would prove nothing.</summary>
    public int Accepted { get; private set; }

    /// <exception cref="FuzzException">The input shows a fault. So does every other exception.</exception>
    public abstract void Run(byte[] input);

    /// <summary>Runs the target, and checks how much it allocated.</summary>
    public void Check(byte[] input)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(input);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        FuzzException.Unless(allocated <= MaxAllocated(input.Length), $"{input.Length} bytes took {allocated / MiB} MiB");
    }

    public override string ToString() => name;

    protected void Accept() => Accepted++;

    /// <summary>The input as text: UTF-8, with what is none replaced.</summary>
    protected static string TextOf(byte[] input) => Encoding.UTF8.GetString(input);
}

/// <summary>An input has shown a fault.</summary>
public sealed class FuzzException(string message) : Exception(message)
{
    public static void Unless(bool isRight, string message)
    {
        if (!isRight)
            throw new FuzzException(message);
    }

    public static void UnlessSame<T>(T expected, T actual, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
            throw new FuzzException($"{what}: expected {expected}, but it is {actual}");
    }
}
