namespace Roster.Bench.People;

/// <summary>The data of a partner: made up, but as long and as varied as in a real directory.</summary>
internal readonly record struct Person(string Name, string Email, string Phone)
{
    /// <summary>Domains that mail never reaches (RFC 2606).</summary>
    private static readonly string[] Domains =
    [
        "mail.example", "firm.example", "post.example.net", "handel.example.com", "trading.example.org",
    ];

    /// <summary>Always the same person for the same seed.</summary>
    public static Person Of(int seed)
    {
        var random = new Random(seed);
        var names = random.GetItems(NameList.All, 1)[0];
        var given = Pick(names.Given);
        var family = Pick(names.Family);
        var firm = Pick(names.Firms);
        var full = names.FamilyFirst ? family.Native + given.Native : $"{given.Native} {family.Native}";
        var email = $"{given.Latin}.{family.Latin}{random.Next(10_000)}@{Pick(Domains)}";
        var phone = $"+{names.CountryCode} {random.Next(100, 1_000)} {Four()} {Four()}";
        return new Person($"{full}, {firm}", email, phone);

        int Four() => random.Next(1_000, 10_000);

        T Pick<T>(T[] from) => from[random.Next(from.Length)];
    }
}
