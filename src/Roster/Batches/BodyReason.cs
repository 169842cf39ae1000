using Roster.Partners;

namespace Roster.Batches;

/// <summary>Why a body cannot be read: one or two sentences for people, in both languages of the API.</summary>
public sealed record BodyReason(string English, string Arabic)
{
    public static readonly BodyReason NotUtf8 = new(
        "This is not UTF-8. Send the body in UTF-8; spreadsheet programs call it \"CSV UTF-8\".",
        "هذا ليس UTF-8. أرسل الجسم بترميز UTF-8؛ تسميه برامج الجداول \"CSV UTF-8\".");

    public static readonly BodyReason Utf16 = new(
        "The body is UTF-16 and not UTF-8. Send it in UTF-8; spreadsheet programs call it \"CSV UTF-8\".",
        "الجسم بترميز UTF-16 وليس UTF-8. أرسله بترميز UTF-8؛ تسميه برامج الجداول \"CSV UTF-8\".");

    public static readonly BodyReason Utf32 = new(
        "The body is UTF-32, or no text at all, and not UTF-8. Send it in UTF-8.",
        "الجسم بترميز UTF-32 أو ليس نصًا، وليس UTF-8. أرسله بترميز UTF-8.");

    public static readonly BodyReason Gzip = new(
        "The body is compressed with gzip, and Content-Encoding does not say so. Compress it once, and send Content-Encoding: gzip.",
        "الجسم مضغوط بـ gzip دون ذكر ذلك في Content-Encoding. اضغطه مرة واحدة وأرسل Content-Encoding: gzip.");

    public static readonly BodyReason Zstandard = new(
        "The body is compressed with zstd, which is not read here. Send it as it is, or with Content-Encoding: gzip or br.",
        "الجسم مضغوط بـ zstd وهو غير مقروء هنا. أرسله دون ضغط، أو مع Content-Encoding: gzip أو br.");

    public static readonly BodyReason Zip = new(
        "The body is a ZIP file, or an Excel workbook (.xlsx). Save the sheet as \"CSV UTF-8\" and send that.",
        "الجسم ملف ZIP أو مصنف Excel ‏(.xlsx). احفظ الورقة بصيغة \"CSV UTF-8\" وأرسلها.");

    public static readonly BodyReason OldWorkbook = new(
        "The body is an old Excel workbook (.xls). Save the sheet as \"CSV UTF-8\" and send that.",
        "الجسم مصنف Excel قديم (.xls). احفظ الورقة بصيغة \"CSV UTF-8\" وأرسلها.");

    public static readonly BodyReason Markup = new(
        "This looks like HTML or XML. Send JSON, NDJSON or CSV.",
        "يبدو هذا HTML أو XML. أرسل JSON أو NDJSON أو CSV.");

    public static readonly BodyReason LooksLikeCsv = new(
        "This looks like CSV. Send it with Content-Type: text/csv.",
        "يبدو هذا CSV. أرسله مع Content-Type: text/csv.");

    public static readonly BodyReason LooksLikeJson = new(
        "This looks like a JSON array. Send it with Content-Type: application/json.",
        "يبدو هذا مصفوفة JSON. أرسله مع Content-Type: application/json.");

    public static readonly BodyReason LooksLikeObjects = new(
        "This looks like JSON objects. Send an array of them with Content-Type: application/json, or one a line with application/x-ndjson.",
        "تبدو هذه كائنات JSON. أرسل مصفوفة منها مع Content-Type: application/json، أو كائنًا في كل سطر مع application/x-ndjson.");

    public static readonly BodyReason CutOff = new(
        "The text ends in the middle of the JSON. It is cut off, or a closing ], } or quotation mark is missing.",
        "ينتهي النص في منتصف JSON. النص مبتور، أو تنقصه علامة إغلاق ] أو } أو علامة اقتباس.");

    public static readonly BodyReason CommaBeforeEnd = new(
        "There is a comma before a closing ] or }. Remove it.",
        "توجد فاصلة قبل ] أو } الختامية. احذفها.");

    public static readonly BodyReason NothingBeforeComma = new(
        "There is a comma with nothing before it. Remove it.",
        "توجد فاصلة لا يسبقها شيء. احذفها.");

    public static readonly BodyReason InArray = new(
        "A comma or a closing ] was expected.",
        "كان المتوقع فاصلة أو ] ختامية.");

    public static readonly BodyReason InObject = new(
        "A comma or a closing } was expected.",
        "كان المتوقع فاصلة أو } ختامية.");

    public static readonly BodyReason NameExpected = new(
        "The name of a field was expected, in double quotation marks.",
        "كان المتوقع اسم حقل بين علامتي اقتباس مزدوجتين.");

    public static readonly BodyReason ColonExpected = new(
        "A colon was expected after the name of a field.",
        "كان المتوقع نقطتان رأسيتان بعد اسم الحقل.");

    public static readonly BodyReason ValueExpected = new(
        "A value was expected: a text in double quotation marks, null, or another value that JSON has.",
        "كان المتوقع قيمة: نص بين علامتي اقتباس مزدوجتين أو null أو قيمة أخرى من قيم JSON.");

    public static readonly BodyReason QuotationMark = new(
        "Texts and names stand in double quotation marks (\"), not in ' or typographic ones.",
        "تُكتب النصوص والأسماء بين علامتي اقتباس مزدوجتين (\") وليس ' أو علامات طباعية.");

    public static readonly BodyReason SmallLetters = new(
        "true, false and null are written in small letters.",
        "تُكتب true و false و null بأحرف صغيرة.");

    public static readonly BodyReason NoSuchValue = new(
        "JSON has no such value (as None, undefined, NaN or Infinity are). Send null, or leave the field out.",
        "لا توجد في JSON قيمة كهذه (مثل None أو undefined أو NaN أو Infinity). أرسل null أو احذف الحقل.");

    public static readonly BodyReason Number = new(
        "This is not a number as JSON writes them: digits without a leading zero or plus, a point, an exponent.",
        "هذا ليس رقمًا كما يكتبه JSON: أرقام دون صفر بادئ أو علامة زائد، ثم فاصلة عشرية وأس.");

    public static readonly BodyReason LineBreakInText = new(
        "A text has a line break in it, or its closing quotation mark is missing. A line break in a text is written \\n.",
        "في النص فاصل أسطر، أو تنقصه علامة الاقتباس الختامية. يُكتب فاصل الأسطر داخل النص \\n.");

    public static readonly BodyReason ControlInText = new(
        "A text has a control character in it, such as a tab. JSON writes those as \\t or \\u0000.",
        "في النص محرف تحكم مثل محرف الجدولة. يكتبه JSON على شكل \\t أو \\u0000.");

    public static readonly BodyReason Escape = new(
        "After a backslash comes one of \" \\ / b f n r t, or u with four hexadecimal digits. A backslash itself is written \\\\.",
        "يأتي بعد الشرطة المائلة العكسية أحد \" \\ / b f n r t أو u مع أربعة أرقام ست عشرية. تُكتب الشرطة نفسها \\\\.");

    public static readonly BodyReason Comment = new(
        "JSON has no comments. Remove it.",
        "لا توجد تعليقات في JSON. احذفها.");

    public static readonly BodyReason TooDeep = new(
        "Values are nested more than 64 levels deep.",
        "القيم متداخلة بأكثر من 64 مستوى.");

    public static readonly BodyReason SecondMark = new(
        "There is a byte order mark (U+FEFF) inside the text. One is allowed, at the very start.",
        "توجد علامة ترتيب بايتات (U+FEFF) داخل النص. يُسمح بواحدة في البداية فقط.");

    public static readonly BodyReason OddSpace = new(
        "There is a space that is none for JSON, such as a no-break space (U+00A0), or an invisible character.",
        "توجد مسافة لا يعدها JSON مسافة، مثل المسافة غير الفاصلة (U+00A0)، أو محرف غير مرئي.");

    public static readonly BodyReason Control = new(
        "There is a control character, such as NUL, outside of any text.",
        "يوجد محرف تحكم، مثل NUL، خارج أي نص.");

    public static readonly BodyReason SecondValue = new(
        "A second JSON value begins here. One array has all items; one object a line is Content-Type: application/x-ndjson.",
        "تبدأ هنا قيمة JSON ثانية. تضم مصفوفة واحدة كل العناصر؛ أما كائن في كل سطر فنوعه Content-Type: application/x-ndjson.");

    public static readonly BodyReason AfterEnd = new(
        "There is something after the end of the JSON. Remove it.",
        "يوجد شيء بعد نهاية JSON. احذفه.");

    public static readonly BodyReason Other = new(
        "This is not JSON.",
        "هذا ليس JSON.");

    public static readonly BodyReason NoField = new(
        $"No column of the CSV header is a field. The fields are {FieldNames.AllTexts}.",
        "لا يوجد في سطر عناوين CSV أي عمود معروف.");

    public static readonly BodyReason TooManyColumns = new(
        $"The CSV header has more than {CsvFormat.MaxColumns} columns. Send those that are fields.",
        $"في سطر عناوين CSV أكثر من {CsvFormat.MaxColumns} عمود. أرسل الأعمدة المعروفة فقط.");

    /// <summary>The CSV has another divider than declared.</summary>
    /// <param name="seen">The divider in the header or the <c>sep=</c> line.</param>
    public static BodyReason Divider(char seen) => CsvFormat.NameOf(seen) is { } name
        ? new($"The CSV is divided by {name}. Send it with Content-Type: text/csv; delimiter={name}.",
            $"الفاصل في ملف CSV هو {name}. أرسله مع Content-Type: text/csv; delimiter={name}.")
        : new("The sep= line of the CSV names a divider that is not read here. Divide by comma, semicolon, tab or pipe.",
            "يذكر سطر sep= في ملف CSV فاصلًا غير مقروء هنا. استخدم comma أو semicolon أو tab أو pipe.");
}
