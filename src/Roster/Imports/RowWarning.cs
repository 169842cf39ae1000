namespace Roster.Imports;

/// <summary>A value that is imported and is likely not what was meant.</summary>
/// <param name="Line">As <see cref="RowReader.Line"/>.</param>
/// <param name="Column">The column's name.</param>
/// <param name="Code">One of <see cref="RowWarningCode"/>.</param>
/// <param name="Message">What is likely wrong and what to do, in English, without the value.</param>
public sealed record RowWarning(int Line, string Column, string Code, string Message);

/// <summary>Codes of warnings about rows.</summary>
public static class RowWarningCode
{
    /// <summary>A phone or an id is a number cell of a workbook: leading zeros and a <c>+</c> are lost, if it had any.</summary>
    public const string LeadingZeros = "leading_zeros_lost";

    /// <summary>An id has been a number of more digits than a spreadsheet keeps: the last ones are lost.</summary>
    public const string Digits = "digits_lost";
}
