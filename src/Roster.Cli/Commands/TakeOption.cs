using System.CommandLine;

namespace Roster.Cli.Commands;

/// <summary>How many of a list are written: --take, 0 for all.</summary>
internal sealed class TakeOption : Option<int>
{
    /// <summary>Items of a page where many are wanted; the most that the API gives at once for all lists.</summary>
    private const int LargestPage = 1_000;

    public TakeOption(int otherwise)
        : base("--take")
    {
        Description = "How many at most; 0 for all";
        HelpName = "NUMBER";
        DefaultValueFactory = _ => otherwise;
        Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out var number) && number < 0)
                result.AddError("--take is 0 or more.");
        });
    }

    /// <summary>The size of the pages to ask for: no more than is wanted.</summary>
    public int PageOf(ParseResult parsed) => parsed.GetValue(this) is > 0 and < LargestPage and var wanted ? wanted : LargestPage;

    /// <summary>As many of the list as are wanted.</summary>
    public IAsyncEnumerable<T> Of<T>(ParseResult parsed, IAsyncEnumerable<T> list) =>
        parsed.GetValue(this) is > 0 and var wanted ? list.Take(wanted) : list;
}
