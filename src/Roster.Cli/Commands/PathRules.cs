using System.CommandLine;
using System.CommandLine.Parsing;

namespace Roster.Cli.Commands;

/// <summary>What the path of a file has to be: not empty, as that of a shell's variable that is not set.</summary>
internal static class PathRules
{
    public static Argument<T> NotEmpty<T>(this Argument<T> argument)
    {
        argument.Validators.Add(result => Check(result, argument.Name));
        return argument;
    }

    public static Option<T> NotEmpty<T>(this Option<T> option)
    {
        option.Validators.Add(result => Check(result, option.Name));
        return option;
    }

    private static void Check(SymbolResult given, string name)
    {
        if (given.Tokens.Any(token => token.Value.Length == 0))
            given.AddError($"{name} is empty; it is the path of a file.");
    }
}
