using Roster.Fuzz;
using SharpFuzz;

// Roster.Fuzz TARGET: under afl-fuzz, as tests/fuzz.sh runs it.
// Roster.Fuzz TARGET FILE…: runs the target on these inputs, to see what a finding is.
if (args.Length == 0)
{
    Console.Error.WriteLine("Usage: Roster.Fuzz TARGET [FILE…]; the targets are the folders of corpus/.");
    return 2;
}
if (args.Length > 1)
{
    var target = Named(args[0]);
    foreach (var file in args.Skip(1))
        target.Check(File.ReadAllBytes(file));
    return 0;
}
// Instrumented code may run only in here.
Fuzzer.OutOfProcess.Run(stream =>
{
    var input = new MemoryStream();
    stream.CopyTo(input);
    Named(args[0]).Check(input.ToArray());
});
return 0;

static FuzzTarget Named(string name) => FuzzTarget.All.Single(one => one.Name == name);
