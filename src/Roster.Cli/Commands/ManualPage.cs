using System.CommandLine;
using System.Text;

namespace Roster.Cli.Commands;

/// <summary>
/// A manual page from a tree of commands, in the language of troff (man(7)). The server has this file too, for its own page.
/// </summary>
internal static class ManualPage
{
    /// <param name="head">What comes before the options, as troff.</param>
    /// <param name="examples">A command's examples, a line each.</param>
    /// <param name="ends">What comes after the commands, as troff.</param>
    public static string Write(RootCommand root, string head, Func<Command, IReadOnlyList<string>> examples, string ends)
    {
        var program = head.Split("\n.B ")[1].Split('\n')[0];
        var page = new StringBuilder(head).Append("\n.SH DESCRIPTION\n").Append(Escape(root.Description!)).Append('\n');
        page.Append(".SH OPTIONS\n");
        AppendOptions(page, root);
        page.Append(".SH COMMANDS\n");
        foreach (var command in root.Subcommands)
            Append(page, command, $"{program} {command.Name}", examples);
        return page.Append(ends).Append('\n').ToString();
    }

    private static void Append(StringBuilder page, Command command, string path, Func<Command, IReadOnlyList<string>> examples)
    {
        if (command.Hidden)
            return;
        foreach (var below in command.Subcommands)
            Append(page, below, $"{path} {below.Name}", examples);
        if (command.Subcommands.Count > 0)
            return;
        var arguments = string.Concat(command.Arguments.Select(argument => $" {argument.Name.ToUpperInvariant()}"));
        page.Append(".SS ").Append(Escape(path + arguments)).Append('\n');
        page.Append(Escape(command.Description!)).Append('\n');
        foreach (var argument in command.Arguments)
            page.Append(".TP\n.I ").Append(Escape(argument.Name.ToUpperInvariant())).Append('\n')
                .Append(Escape(argument.Description!)).Append('\n');
        AppendOptions(page, command);
        if (examples(command) is { Count: > 0 } lines)
            page.Append(".PP\nExample:\n.PP\n.nf\n.RS\n").AppendJoin('\n', lines.Select(Escape)).Append("\n.RE\n.fi\n");
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
