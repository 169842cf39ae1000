namespace Roster.Cli.Terminal;

/// <summary>Takes reports where they are made. <see cref="Progress{T}"/> would do so later, perhaps out of order.</summary>
internal sealed class Reports<T>(Action<T> take) : IProgress<T>
{
    public void Report(T value) => take(value);
}
