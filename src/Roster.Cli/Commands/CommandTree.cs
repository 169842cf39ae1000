using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Roster.Cli.Terminal;

namespace Roster.Cli.Commands;

/// <summary>All commands. Help, completion and the man page are made from this tree.</summary>
internal static partial class CommandTree
{
    /// <summary>How long a command may take to say what was done, after Ctrl-C.</summary>
    private static readonly TimeSpan SayingWhatWasDone = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(string[] args)
    {
        var parsed = Create().Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            foreach (var error in parsed.Errors)
                Console.Error.WriteLine(Tables.Shown(Plain(error.Message)));
            Console.Error.WriteLine($"See: {PathOf(parsed.CommandResult)} --help");
            return ExitCodes.Usage;
        }
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = SayingWhatWasDone });
    }

    public static RootCommand Create()
    {
        var options = new GlobalOptions();
        var root = new RootCommand(
            "Roster's command line: a directory of partners, kept in step with your files. Each change is seen before it is made, "
            + "and can be undone.");
        foreach (var option in options.All)
            root.Options.Add(option);
        foreach (var command in (IEnumerable<Command>)
        [
            LoginCommand.Create(options), WhoAmICommand.Create(options),
            .. PartnerCommands.Create(options),
            SyncCommand.Create(options), PlanCommand.Create(options), ApplyCommand.Create(options), ImportCommands.Create(options),
            UndoCommand.Create(options), ChangesCommand.Create(options), HistoryCommand.Create(options),
            .. DeedCommands.Create(options),
            KeyCommands.Create(options), CompletionCommand.Create(), ManCommand.Create(),
        ])
            root.Subcommands.Add(command);
        ExampleCommand.ShowIn(root);
        return root;
    }

    /// <summary>The parser's sentence, without the names of .NET's types.</summary>
    private static string Plain(string message) => NotOfType().Replace(
        message, match => $": it is not {(match.Groups[1].Value == "Guid" ? "an id" : "a whole number")}.");

    [GeneratedRegex(@" as expected type 'System\.(?:Nullable`1\[System\.)?(Guid|Int32|Int64)[^']*'\.")]
    private static partial Regex NotOfType();

    private static string PathOf(SymbolResult? result) => result switch
    {
        CommandResult { Parent: CommandResult parent } command => $"{PathOf(parent)} {command.Command.Name}",
        _ => "roster",
    };
}
