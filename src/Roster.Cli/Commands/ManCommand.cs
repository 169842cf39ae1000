using System.CommandLine;

namespace Roster.Cli.Commands;

/// <summary>man: the manual page, from the tree of commands. Packages install it.</summary>
internal static class ManCommand
{
    private const string Head = """
        .TH ROSTER 1
        .SH NAME
        roster \- keep a directory of partners in step with your files
        .SH SYNOPSIS
        .B roster
        .I command
        [options]
        """;

    private const string Ends = """
        .SH EXIT STATUS
        .TP
        .B 0
        Done, or nothing to do.
        .TP
        .B 1
        Failed.
        .TP
        .B 2
        Wrong usage, or an answer is needed and nobody is there.
        .TP
        .B 3
        Faults in the data; nothing was written.
        .TP
        .B 4
        Refused by a guard: too many deletes, or the directory changed since the plan. Nothing was written.
        .TP
        .B 5
        Partly applied. The same command goes on.
        .TP
        .B 10
        Only of plan \-\-exit\-code: there is something to apply.
        .TP
        .B 130
        Interrupted.
        .TP
        .B 141
        Nobody reads what it writes any more, as with head.
        .SH ENVIRONMENT
        ROSTER_URL, ROSTER_KEY, ROSTER_KEY_FILE, ROSTER_PROFILE, NO_COLOR. An option wins over them, and they win over a profile.
        .SH FILES
        .TP
        .I ~/.config/roster/profiles.json
        Servers and keys of roster login, readable by their owner only.
        .TP
        .I ~/.local/state/roster/runs
        What has begun and has not ended, so that the same command goes on.
        """;

    public static Command Create()
    {
        var command = new Command("man", "Print the manual page.") { Hidden = true };
        command.SetAction(_ =>
        {
            Console.Out.Write(ManualPage.Write(
                CommandTree.Create(), Head, one => one is ExampleCommand { Examples: var examples } ? [.. examples] : [], Ends));
            return ExitCodes.Done;
        });
        return command;
    }
}
