using System.CommandLine;

namespace Roster.Cli.Commands;

/// <summary>completion: a script for a shell, which asks this program what can follow (the parser's <c>[suggest]</c> directive).</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _roster() {
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$(roster "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _roster roster
        """;

    private const string Zsh = """
        #compdef roster
        _roster() {
            local -a found
            found=("${(@f)$(roster "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
            compadd -a found
            _files
        }
        compdef _roster roster
        """;

    private const string Fish = """complete -c roster -a '(roster "[suggest:"(commandline -C)"]" (commandline) 2>/dev/null)'""";

    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new ExampleCommand("completion", "Print the script that completes commands and options in a shell.",
            "roster completion bash > ~/.local/share/bash-completion/completions/roster")
        {
            shell,
        };
        command.SetAction(parsed =>
        {
            Console.Out.WriteLine(parsed.GetRequiredValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return ExitCodes.Done;
        });
        return command;
    }
}
