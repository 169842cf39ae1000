using System.CommandLine;
using System.Text;

namespace Roster.Cli.Commands;

/// <summary>man: the manual page, from the tree of commands, in the language of troff (man(7)). Packages install it.</summary>
internal static class ManCommand
{
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
            Console.Out.Write(Write(CommandTree.Create()));
            return ExitCodes.Done;
        });
        return command;
    }

    private static string Write(RootCommand root)
    {
        var page = new StringBuilder();
        page.Append(".TH ROSTER 1\n.SH NAME\nroster \\- keep a directory of partners in step with your files\n");
        page.Append(".SH SYNOPSIS\n.B roster\n.I command\n[options]\n.SH DESCRIPTION\n").Append(Escape(root.Description!)).Append('\n');
        page.Append(".SH OPTIONS\nOf all commands:\n");
        AppendOptions(page, root);
        page.Append(".SH COMMANDS\n");
        foreach (var command in root.Subcommands)
            Append(page, command, command.Name);
        return page.Append(Ends).Append('\n').ToString();
    }

    private static void Append(StringBuilder page, Command command, string path)
    {
        if (command.Hidden)
            return;
        foreach (var below in command.Subcommands)
            Append(page, below, $"{path} {below.Name}");
        if (command.Subcommands.Count > 0)
            return;
        var arguments = string.Concat(command.Arguments.Select(argument => $" {argument.Name.ToUpperInvariant()}"));
        page.Append(".SS roster ").Append(Escape(path + arguments)).Append('\n');
        page.Append(Escape(command.Description!)).Append('\n');
        foreach (var argument in command.Arguments)
            page.Append(".TP\n.I ").Append(Escape(argument.Name.ToUpperInvariant())).Append('\n')
                .Append(Escape(argument.Description!)).Append('\n');
        AppendOptions(page, command);
        if (command is ExampleCommand { Examples: var examples })
            page.Append(".PP\nExample:\n.PP\n.nf\n.RS\n").AppendJoin('\n', examples.Select(Escape)).Append("\n.RE\n.fi\n");
    }

    private static void AppendOptions(StringBuilder page, Command command)
    {
        foreach (var option in command.Options.Where(option => !option.Hidden))
        {
            var names = option.Aliases.Prepend(option.Name).Where(name => name[0] == '-').Distinct();
            page.Append(".TP\n.B ").Append(Escape(string.Join(", ", names)))
                .Append(option.HelpName is { } value ? $" \\fI{Escape(value)}\\fR" : "").Append('\n')
                .Append(Escape(option.Description ?? "")).Append('\n');
        }
    }

    private static string Escape(string text) => string.Join(
        '\n',
        text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal).Split('\n')
            .Select(line => line.StartsWith('.') || line.StartsWith('\'') ? "\\&" + line : line));
}
