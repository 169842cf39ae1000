using System.Text.RegularExpressions;
using Npgsql;

namespace Roster.Storage.Postgres.Connections;

/// <summary>
/// A PostgreSQL database as a URI: <c>postgresql://user:password@host:port,host:port/database?option=value</c>. Options
/// are Npgsql's (npgsql.org/doc/connection-string-parameters.html), with or without spaces, or some of libpq's.
/// </summary>
internal sealed partial class PostgresAddress
{
    /// <summary>
    /// Many times the cores of a machine. A few nodes together stay below PostgreSQL's default limit of 100.
    /// </summary>
    private const int MaxPoolSize = 20;

    private const int ConnectSeconds = 5;

    /// <summary>The longest statement, a full batch into a table of a hundred million rows, takes much less.</summary>
    private const int CommandSeconds = 15;

    /// <summary>The time in which a standby that became the primary is noticed.</summary>
    private const int RecheckSeconds = 2;

    /// <summary>libpq's names of options that Npgsql calls otherwise.</summary>
    private static readonly Dictionary<string, string> Synonyms = new(StringComparer.OrdinalIgnoreCase)
    {
        ["target_session_attrs"] = "Target Session Attributes",
        ["connect_timeout"] = "Timeout",
        ["application_name"] = "Application Name",
        ["sslrootcert"] = "Root Certificate",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
    };

    private PostgresAddress(NpgsqlConnectionStringBuilder connection, bool isUnsafeAccepted)
    {
        ConnectionString = connection.ConnectionString;
        IsUnsafeAccepted = isUnsafeAccepted;
        Name = $"postgresql://{connection.Username}@{connection.Host}/{connection.Database}";
    }

    public string ConnectionString { get; }

    /// <summary>Whether a server is accepted that can lose acknowledged writes in a crash.</summary>
    public bool IsUnsafeAccepted { get; }

    /// <summary>Without secrets, for logs.</summary>
    public string Name { get; }

    /// <returns>Null if the text is not such a URI.</returns>
    /// <exception cref="StoreAddressException">An option is unknown or has an invalid value.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static PostgresAddress? Parse(string address, string? passwordFile, bool isUnsafeAccepted)
    {
        var match = Form().Match(address);
        if (!match.Success)
            return null;
        var connection = new NpgsqlConnectionStringBuilder
        {
            ApplicationName = "roster",
            MaxPoolSize = MaxPoolSize,
            Timeout = ConnectSeconds,
            CommandTimeout = CommandSeconds,
            HostRecheckSeconds = RecheckSeconds,
            // Settings are made for one transaction only: there is nothing to reset, and nothing that a pooler could
            // lose.
            NoResetOnClose = true,
            // Detects a peer that is cut off while its answer is awaited.
            TcpKeepAlive = true,
            TcpKeepAliveTime = 10,
            TcpKeepAliveInterval = 5,
            Host = Text("hosts"),
        };
        if (connection.Host!.Contains(',', StringComparison.Ordinal))
            connection.TargetSessionAttributes = "primary";
        if (Text("user") is { Length: > 0 } user)
            connection.Username = user;
        if (Text("password") is { Length: > 0 } password)
            connection.Password = password;
        if (Text("database") is { Length: > 0 } database)
            connection.Database = database;
        foreach (var option in match.Groups["options"].Value.Split('&', StringSplitOptions.RemoveEmptyEntries))
            Set(connection, option);
        if (passwordFile is not null)
            connection.Password = SecretFile.Read("--database-password-file", passwordFile);
        // The database may be left out: Npgsql, like other programs, then takes the one named like the user.
        if (string.IsNullOrEmpty(connection.Host))
            throw new StoreAddressException("--database names no host; for a Unix socket add ?host=/run/postgresql.");
        return new PostgresAddress(connection, isUnsafeAccepted);

        string Text(string group) => Uri.UnescapeDataString(match.Groups[group].Value);
    }

    [GeneratedRegex(@"^postgres(?:ql)?://(?:(?<user>[^:@/?]*)(?::(?<password>[^@/?]*))?@)?(?<hosts>[^@/?]*)"
        + @"(?:/(?<database>[^/?]*))?(?:\?(?<options>.*))?$", RegexOptions.IgnoreCase)]
    private static partial Regex Form();

    private static void Set(NpgsqlConnectionStringBuilder connection, string option)
    {
        var (name, value) = option.Split('=', 2) is [var left, var right]
            ? (Uri.UnescapeDataString(left.Replace('+', ' ')), Uri.UnescapeDataString(right.Replace('+', ' ')))
            : (option, "");
        try
        {
            connection[Synonyms.GetValueOrDefault(name, name)] = name.Equals("sslmode", StringComparison.OrdinalIgnoreCase)
                ? value.Replace("-", "", StringComparison.Ordinal) : value;
        }
        catch (Exception wrong) when (wrong
            is ArgumentException or KeyNotFoundException or FormatException or InvalidCastException or OverflowException)
        {
            throw new StoreAddressException($"--database: {name} is no option of Npgsql, or cannot have this value.");
        }
    }
}
