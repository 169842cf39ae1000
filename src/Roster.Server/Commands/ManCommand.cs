using System.CommandLine;
using Roster.Cli.Commands;

namespace Roster.Server.Commands;

/// <summary>man: the server's manual page, from its options and commands. Packages install it.</summary>
internal static class ManCommand
{
    private const string Head = """
        .TH ROSTER\-SERVER 8
        .SH NAME
        roster\-server \- a self\-hosted partner directory: serve it, and administer it
        .SH SYNOPSIS
        .B roster\-server
        [options]
        .PP
        .B roster\-server
        .I command
        [options]
        """;

    private const string Ends = """
        .SH EXIT STATUS
        .TP
        .B 0
        Done.
        .TP
        .B 1
        Failed.
        .TP
        .B 2
        Wrong usage, or a wrong setting.
        .TP
        .B 130
        Interrupted.
        .SH ENVIRONMENT
        Each option that names a variable can be set by it. The option wins.
        .SH FILES
        .TP
        .I /etc/roster/roster.env
        Debian's package: the variables of the service. The commands read them too, where the caller has not set them. Of two
        lines of one name the last one counts.
        .TP
        .I /etc/credstore/roster.database\-password
        Debian's package: the password of PostgreSQL. The service and the commands find it in /run/credentials/roster.service,
        where
        .B ROSTER_DATABASE_PASSWORD_FILE
        names it. While the service is stopped, there is nothing, and the commands of root read it here.
        .TP
        .I /var/lib/roster
        Debian's package: the data, and the first key in the file first\-key.
        .SH SEE ALSO
        .BR roster (1),
        .BR systemctl (1)
        """;

    public static Command Create(RootCommand root)
    {
        var command = new Command("man", "Print the manual page.") { Hidden = true };
        command.SetAction(_ =>
        {
            Console.Out.Write(ManualPage.Write(root, Head, _ => [], Ends));
            return 0;
        });
        return command;
    }
}
