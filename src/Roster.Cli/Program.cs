using System.Globalization;
using Roster.Cli.Commands;

// Output is for machines as well as people: it does not depend on the machine's language.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
return await CommandTree.RunAsync(args);
