using System.Globalization;
using System.Text;
using Roster.Cli.Commands;

// Output is for machines as well as people: it does not depend on the machine's language, nor, where it is piped, on its encoding.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (Console.IsOutputRedirected)
    Console.SetOut(new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true });
return await CommandTree.RunAsync(args);
