using System.Diagnostics;
using Spectre.Console;

namespace Roster.Cli.Terminal;

/// <summary>How far a long piece of work is: a bar on a terminal, elsewhere a line every ten seconds.</summary>
internal sealed class Bar
{
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(10);

    private readonly Screen _screen;
    private readonly ProgressTask? _task;
    private readonly string _what;
    private readonly string _unit;
    private readonly long _started = Stopwatch.GetTimestamp();
    private TimeSpan _nextLine = LineEvery;

    private Bar(Screen screen, ProgressTask? task, string what, string unit) =>
        (_screen, _task, _what, _unit) = (screen, task, what, unit);

    /// <param name="unit">What is counted, such as <c>rows</c>.</param>
    public static async Task<T> RunAsync<T>(Screen screen, string what, string unit, Func<Bar, Task<T>> work)
    {
        if (!screen.ShowsProgress || !screen.IsNoteTerminal || !screen.Notes.Profile.Capabilities.Ansi)
            return await work(new Bar(screen, null, what, unit));
        return await screen.Notes.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new RateColumn(unit), new RemainingTimeColumn())
            .StartAsync(progress => work(new Bar(screen, progress.AddTask(what), what, unit)));
    }

    /// <param name="of">0 while it is not known.</param>
    public void Report(long done, long of)
    {
        if (_task is not null)
        {
            _task.IsIndeterminate = of <= 0;
            if (of > 0)
                _task.MaxValue = of;
            _task.Value = done;
            return;
        }
        var elapsed = Stopwatch.GetElapsedTime(_started);
        if (!_screen.ShowsProgress || elapsed < _nextLine)
            return;
        _nextLine = elapsed + LineEvery;
        _screen.Note($"{_what}: {done:N0}{(of > 0 ? $" of {of:N0}" : "")} {_unit}, {done / elapsed.TotalSeconds:N0} a second");
    }

    /// <summary><c>12,431 rows  3,100/s</c>.</summary>
    private sealed class RateColumn(string unit) : ProgressColumn
    {
        public override Spectre.Console.Rendering.IRenderable Render(
            Spectre.Console.Rendering.RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(
            $"{task.Value:N0} {unit}{(task.Speed is { } speed ? $"  {speed:N0}/s" : "")}");
    }
}
