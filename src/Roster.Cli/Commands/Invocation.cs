using System.CommandLine;
using Roster.Cli.Connections;
using Roster.Cli.Terminal;
using Roster.Client;

namespace Roster.Cli.Commands;

/// <summary>A command that is run: what was typed, the terminal, and the server.</summary>
internal sealed class Invocation
{
    private readonly GlobalOptions _options;

    private Invocation(ParseResult parsed, GlobalOptions options)
    {
        (Parsed, _options) = (parsed, options);
        Screen = new Screen(hasColour: !parsed.GetValue(options.NoColour), parsed.GetValue(options.Quiet));
        Results = new Results(Screen, parsed.GetValue(options.Output));
    }

    public ParseResult Parsed { get; }

    public Screen Screen { get; }

    public Results Results { get; }

    public string? ProfileName => Parsed.GetValue(_options.Profile);

    public string? KeyFile => Parsed.GetValue(_options.KeyFile);

    public Connection Connection => field ??= Connection.Resolve(Parsed.GetValue(_options.Url), KeyFile, ProfileName);

    public RosterClient Client => field ??= Connection.Open();

    /// <summary>Gives a command its action. What it throws becomes a sentence on standard error, and an exit code.</summary>
    public static void Set(Command command, GlobalOptions options, Func<Invocation, CancellationToken, Task<int>> action) =>
        command.SetAction(async (parsed, cancel) =>
        {
            // The parser listens for Ctrl-C only when the action has begun to wait, and some ask before that.
            await Task.Yield();
            var invocation = new Invocation(parsed, options);
            try
            {
                return await action(invocation, cancel);
            }
            catch (CommandException ended)
            {
                invocation.Screen.Fail(ended.Message);
                return ended.ExitCode;
            }
            catch (RosterException refused)
            {
                return invocation.Say(refused);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                invocation.Screen.Warn("Interrupted.");
                return ExitCodes.Interrupted;
            }
            catch (Exception end) when (end is ReaderGoneException || (end is OperationCanceledException && Reader.HasGone))
            {
                return ExitCodes.ReaderGone;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                invocation.Screen.Fail(failure.Message);
                return ExitCodes.Failed;
            }
        });

    /// <summary>Waits until no server works on an import any more, and shows how far it is.</summary>
    public Task<Import> WaitAsync(string what, string unit, Guid id, CancellationToken cancel) =>
        Bar.RunAsync(Screen, what, unit, bar => Client.Imports.WaitAsync(
            id, new Reports<Import>(step => bar.Report(step.Progress.Done, step.Progress.Of)), cancel));

    /// <summary>The first faults, and how many there are.</summary>
    public void SayFaults(RosterException refused)
    {
        const int MostFaults = 20;
        var shown = refused.Faults.Take(MostFaults).ToList();
        foreach (var fault in shown)
            Screen.Warn($"  {(fault.Id is { } id ? $"{id}: " : fault.Index is { } index ? $"item {index}: " : "")}{fault.Message}");
        if (refused.FaultCount > shown.Count)
            Screen.Warn($"  and {refused.FaultCount - shown.Count:N0} more");
    }

    /// <summary>What the server refused, with its faults, and the exit code for it.</summary>
    private int Say(RosterException refused)
    {
        var of = refused.RequestId is null ? refused.Code : $"{refused.Code}, request {refused.RequestId}";
        Screen.Fail($"{refused.Message} ({of})");
        SayFaults(refused);
        if (refused.Status == 401)
            Screen.Note($"The key is from {Connection.KeyFrom}. Log in again: roster login {Connection.Url}");
        if (refused.MissingScopes.Count > 0)
            Screen.Note($"The key lacks {string.Join(", ", refused.MissingScopes)}. \"roster whoami\" shows what it has.");
        return refused.Code switch
        {
            "validation_failed" => ExitCodes.Faults,
            "rows_faulty" => ExitCodes.Faults,
            "too_many_deletes" or "revision_changed" or "plan_changed" or "undo_conflict" or "changed_since" => ExitCodes.Guarded,
            _ => ExitCodes.Failed,
        };
    }
}
