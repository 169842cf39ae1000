using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using Roster.Partners;

namespace Roster.Imports;

/// <summary>Understands cells as people have them.</summary>
internal static class CellText
{
    private const string MailTo = "mailto:";

    /// <summary>Google Contacts puts it between the values of one cell.</summary>
    private const string GoogleDivider = " ::: ";

    /// <summary>
    /// What spreadsheets show instead of the result of a broken formula: Excel in English, German, French and Spanish,
    /// Google Sheets (<c>#ERROR!</c>), LibreOffice (<c>Err:502</c>, by its number).
    /// </summary>
    private static readonly FrozenSet<string> Errors = new[]
    {
        "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!",
        "#UNKNOWN!", "#CONNECT!", "#BUSY!", "#PYTHON!", "#EXTERNAL!", "#GETTING_DATA", "#ERROR!", "#NV", "#BEZUG!", "#WERT!", "#ZAHL!",
        "#ÜBERLAUF!", "#VALEUR!", "#NOM?", "#NOMBRE!", "#NUL!", "#NOMBRE?", "#¡REF!", "#¡VALOR!", "#¡DIV/0!", "#¿NOMBRE?", "#¡NUM!",
        "#¡NULO!", "#N/D",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Takes off white space and invisible characters, such as a no-break space or a left-to-right mark.</summary>
    /// <returns>Empty if there is nothing that can be seen.</returns>
    public static string Trim(string text)
    {
        // Fast path for nearly every cell.
        if (text.Length > 0 && text[0] is > ' ' and < '\u007F' && text[^1] is > ' ' and < '\u007F')
            return text;
        var start = 0;
        while (start < text.Length && VisibleText.IsSpace(text[start]))
            start++;
        var end = text.Length;
        while (end > start && VisibleText.IsSpace(text[end - 1]))
            end--;
        return text[start..end];
    }

    /// <summary>Whether it is an error of a spreadsheet, or the <c>####</c> of a column that is too narrow.</summary>
    public static bool IsSpreadsheetError(string text) =>
        text.Length >= 3 && (text[0] == '#'
            ? Errors.Contains(text) || !text.AsSpan().ContainsAnyExcept('#')
            : text.StartsWith("Err:", StringComparison.Ordinal) && text.Length == 7 && !text.AsSpan(4).ContainsAnyExceptInRange('0', '9'));

    /// <summary>Whether a surrogate has not its other half: no valid text.</summary>
    public static bool HasLoneSurrogate(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return false;
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out var length) != OperationStatus.Done)
                return true;
            rest = rest[length..];
        }
        return false;
    }

    /// <summary>
    /// A number that a spreadsheet shows in short: one digit, a fraction, E+ and digits, as in <c>4.47E+11</c>.
    /// </summary>
    public static bool IsScientific(string text) => PartnerRules.IsScientific(text);

    /// <summary>The address in <c>mailto:ada@example.com</c> or <c>Ada Lovelace &lt;ada@example.com&gt;</c>.</summary>
    /// <returns>The text as it is if it is neither, or has another address beside the one in brackets.</returns>
    public static string Address(string text)
    {
        var address = text;
        if (text is [.., '>'] && text.LastIndexOf('<') is >= 0 and var bracket)
        {
            address = Trim(text[(bracket + 1)..^1]);
            var name = Trim(text[..bracket]).Trim('"', '\'');
            if (name.Contains('@', StringComparison.Ordinal) && !name.Equals(address, StringComparison.OrdinalIgnoreCase))
                return text;
        }
        if (address.StartsWith(MailTo, StringComparison.OrdinalIgnoreCase))
            address = address[MailTo.Length..].Split('?')[0];
        return address.Length == 0 ? text : address;
    }

    /// <summary>
    /// Divides tags at <c>|</c>; without one at Google's <c> ::: </c>, else at <c>;</c>, else at <c>,</c>. White space
    /// around tags, quotation marks around each, as Mailchimp writes them, and empty tags are left out.
    /// </summary>
    public static IEnumerable<string> Tags(string cell)
    {
        if (cell.Contains(TagText.Divider, StringComparison.Ordinal))
            return Parts(cell, $"{TagText.Divider}");
        var divider = cell.Contains(GoogleDivider, StringComparison.Ordinal) ? GoogleDivider
            : cell.Contains(';', StringComparison.Ordinal) ? ";" : ",";
        return Parts(cell, divider).Select(tag => tag is ['"', .. { Length: > 0 } inner, '"'] ? Trim(inner) : tag);

        static IEnumerable<string> Parts(string cell, string divider) =>
            cell.Split(divider).Select(Trim).Where(tag => tag.Length > 0);
    }
}
