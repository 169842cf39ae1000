using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Tests.Hosting;

/// <summary>
/// Inside a server's process: counts the statements that SQLite begins, and interrupts one. A file says which: the number of
/// its run, and its text. At the process's end a file beside it has how often each ran.
/// </summary>
internal static class SqliteStatementFault
{
    private const uint AtBegin = 1;

    // SQLite has only their addresses.
    private static readonly Trace Begun = OnBegin;
    private static readonly Dictionary<string, int> Seen = [];
    private static string? _text;
    private static int _number;

    private delegate int Trace(uint what, nint database, nint statement, nint text);

    public static void Install(string control)
    {
        if (File.ReadAllText(control).Split(' ', 2) is [var number, var text])
            (_number, _text) = (int.Parse(number, CultureInfo.InvariantCulture), text);
        SqliteDatabase.Opened += database =>
        {
            if (SetTrace(database.Handle, AtBegin, Begun, database.Handle) != 0)
                throw new InvalidOperationException("SQLite does not trace its statements.");
        };
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            lock (Seen)
                File.WriteAllText(control + ".seen", JsonSerializer.Serialize(Seen));
        };
    }

    private static int OnBegin(uint what, nint database, nint statement, nint text)
    {
        var sql = Marshal.PtrToStringUTF8(text)!;
        int count;
        lock (Seen)
            Seen[sql] = count = Seen.GetValueOrDefault(sql) + 1;
        if (count == _number && sql == _text)
            SqliteNative.Interrupt(database);
        return 0;
    }

    [DllImport("e_sqlite3", EntryPoint = "sqlite3_trace_v2"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetTrace(nint database, uint mask, Trace callback, nint context);
}
