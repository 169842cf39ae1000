using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Roster.Cli.Commands;

/// <summary>A command with examples, which its help ends with. A test runs each of them.</summary>
internal sealed class ExampleCommand(string name, string description, params IReadOnlyList<string> examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples => examples;

    /// <summary>Has the help of all commands below end with their examples.</summary>
    public static void ShowIn(RootCommand root)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
    }

    private sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var code = help.Invoke(parseResult);
            if (parseResult.CommandResult.Command is ExampleCommand { Examples.Count: > 0 } command)
            {
                Console.Out.WriteLine(command.Examples.Count == 1 ? "Example:" : "Examples:");
                foreach (var line in command.Examples)
                    Console.Out.WriteLine("  " + line);
            }
            return code;
        }
    }
}
