using Microsoft.Extensions.Logging.Console;

namespace Roster.Server.Hosting;

internal static class LogSetup
{
    private const int MaxWaitingLines = 10_000;

    private const string TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";

    /// <summary>Logs to standard error; standard output is for what a command was asked for.</summary>
    public static void AddRosterConsole(this ILoggingBuilder logging, LogFormat format)
    {
        logging.AddFilter("Microsoft", LogLevel.Warning);
        // What keeps the host from starting is said in one sentence by the command line.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        logging.Services.Configure<ConsoleLoggerOptions>(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            // Where nobody reads the log fast enough, lines are lost, and counted; requests do not wait for a log.
            console.MaxQueueLength = MaxWaitingLines;
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });
        if (format == LogFormat.Json)
            logging.AddJsonConsole(json => (json.UseUtcTimestamp, json.TimestampFormat) = (true, TimestampFormat.TrimEnd()));
        else
            logging.AddSimpleConsole(text =>
                (text.UseUtcTimestamp, text.TimestampFormat, text.SingleLine) = (true, TimestampFormat, true));
    }
}
