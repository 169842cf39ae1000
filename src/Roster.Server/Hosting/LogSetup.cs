using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Roster.Server.Hosting;

internal static class LogSetup
{
    private const int MaxWaitingLines = 10_000;

    private const string TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";

    /// <summary>Logs to standard error; standard output is for a command's results.</summary>
    public static void AddRosterConsole(this ILoggingBuilder logging, LogFormat format, LogLevels levels)
    {
        levels.Apply(logging);
        logging.Services.Configure<ConsoleLoggerOptions>(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            // If the log is not read fast enough, lines are dropped and counted: requests do not wait for the log.
            console.MaxQueueLength = MaxWaitingLines;
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });
        if (format == LogFormat.Json)
            logging.AddJsonConsole(json => (json.UseUtcTimestamp, json.TimestampFormat) = (true, TimestampFormat.TrimEnd()));
        else
            logging.AddSimpleConsole(text =>
                (text.UseUtcTimestamp, text.TimestampFormat, text.SingleLine) = (true, TimestampFormat, true));
    }

    /// <summary>What makes lines of events.</summary>
    public static ConsoleFormatter ConsoleFormatter(this IServiceProvider services, LogFormat format)
    {
        var name = format == LogFormat.Json ? ConsoleFormatterNames.Json : ConsoleFormatterNames.Simple;
        return services.GetServices<ConsoleFormatter>().Single(formatter => formatter.Name == name);
    }
}

/// <summary>Writes events of the category Roster at once, for the last one of a process that ends.</summary>
internal sealed class UnqueuedLog(ConsoleFormatter lines) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        using var line = new StringWriter();
        lines.Write(new LogEntry<TState>(logLevel, "Roster", eventId, state, exception, formatter), null, line);
        Console.Error.Write(line);
    }
}
