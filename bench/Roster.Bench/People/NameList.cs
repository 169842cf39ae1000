namespace Roster.Bench.People;

/// <summary>A name as written, and as its bearer spells it in an e-mail address.</summary>
internal readonly record struct Spelling(string Native, string Latin);

/// <summary>Parts of names from one country.</summary>
internal sealed record NameList(
    string CountryCode, bool FamilyFirst, Spelling[] Given, Spelling[] Family, string[] Firms)
{
    /// <summary>Latin twice, as in most directories, then Cyrillic, Greek, Arabic, Devanagari and Han.</summary>
    public static NameList[] All { get; } =
    [
        Of("44", """
            Charlotte Benjamin Eleanor Frederick Margaret Nathaniel Josephine Alexander Rosalind Theodore Beatrice
            Sebastian Harriet Jonathan Penelope Christopher Florence Dominic Imogen Oliver Matilda Gabriel
            """, """
            Whitfield Ashworth Pemberton Hargreaves Lockwood Fairchild Montgomery Blackwell Sutherland Kensington
            O'Connor Fitzgerald Carmichael Abernathy Thornton McAllister Wainwright Cunningham Holloway Davenport
            """, "Hill Ltd|Acorn & Co|Bridgeway|Eastgate Ltd|Northfield|Oak & Sons|Redwood LLP|Tideway plc"),
        Of("49", """
            Jürgen/juergen Björn/bjoern Zoë/zoe François/francois Małgorzata/malgorzata Søren/soeren Gökhan/goekhan
            Katharina/katharina Friedrich/friedrich Renée/renee Şebnem/sebnem Ágnes/agnes Tomáš/tomas Ingrid/ingrid
            Günther/guenther Léa/lea Łukasz/lukasz Hélène/helene Jiří/jiri Wolfgang/wolfgang
            """, """
            Müller-Brandt/mueller Schönfeld/schoenfeld Großmann/grossmann Lefèvre/lefevre Wójcik/wojcik
            Ångström/angstrom Yıldırım/yildirim Dvořák/dvorak Lindqvist/lindqvist Szabó/szabo Jørgensen/joergensen Beaumont/beaumont
            Kowalczyk/kowalczyk Fernández/fernandez Löwenthal/loewenthal Øverland/oeverland Núñez/nunez Weiß/weiss
            """, "Böhm GmbH|Nordlicht AG|Söhne & Co. KG|Hansa e. K.|Étoile SARL|Dąb sp. z o.o.|Ölmühle GbR|Fjord ApS"),
        Of("7", """
            Александр/aleksandr Екатерина/ekaterina Дмитрий/dmitry Анастасия/anastasia Владимир/vladimir Ольга/olga
            Сергей/sergey Наталья/natalya Михаил/mikhail Татьяна/tatyana Николай/nikolay Светлана/svetlana Юрий/yury
            """, """
            Кузнецов/kuznetsov Соловьёв/soloviev Шевченко/shevchenko Павленко/pavlenko Григорьев/grigoriev
            Мельник/melnik Воробьёв/vorobiev Щербаков/shcherbakov Бондаренко/bondarenko Журавлёв/zhuravlev
            """, "ООО Рассвет|ЗАО Восход|ИП Север|АО Гранит|ООО Луч|ООО Заря|АО Волна|ТД Маяк"),
        Of("30", """
            Γεώργιος/georgios Αικατερίνη/aikaterini Κωνσταντίνος/konstantinos Δήμητρα/dimitra Νικόλαος/nikolaos
            Βασιλική/vasiliki Ευάγγελος/evangelos Σοφία/sofia Παναγιώτης/panagiotis Χριστίνα/christina
            """, """
            Παπαδόπουλος/papadopoulos Βλάχος/vlachos Αγγελόπουλος/angelopoulos Νικολαΐδης/nikolaidis Οικονόμου/oikonomou
            Γεωργίου/georgiou Μακρής/makris Δημητρίου/dimitriou Καραγιάννης/karagiannis Ιωάννου/ioannou
            """, "Αιγαίο ΑΕ|Ήλιος ΕΠΕ|Όλυμπος|Θάλασσα ΟΕ|Άνεμος ΑΕ|Ελιά ΙΚΕ"),
        Of("966", """
            محمد/mohammed فاطمة/fatimah عبدالله/abdullah عائشة/aisha خالد/khalid مريم/maryam يوسف/yousef نورة/noura
            إبراهيم/ibrahim سارة/sarah عبدالرحمن/abdulrahman ليلى/layla سلطان/sultan هند/hind طارق/tariq زينب/zainab
            """, """
            القحطاني/alqahtani الشمري/alshammari العتيبي/alotaibi الغامدي/alghamdi الحربي/alharbi الزهراني/alzahrani
            الدوسري/aldosari المطيري/almutairi الهاشمي/alhashimi السبيعي/alsubaie الأنصاري/alansari البغدادي/albaghdadi
            """, "شركة الأفق|مؤسسة النور|دار السلام|شركة الواحة|مجموعة النخيل|شركة الخليج"),
        Of("91", """
            राजेश/rajesh प्रियंका/priyanka अमित/amit सुनीता/sunita विक्रम/vikram अनुष्का/anushka संजय/sanjay
            दीपिका/deepika हर्षवर्धन/harshvardhan लक्ष्मी/lakshmi अर्जुन/arjun कविता/kavita
            """, """
            श्रीवास्तव/srivastava चतुर्वेदी/chaturvedi भट्टाचार्य/bhattacharya अग्रवाल/agarwal त्रिपाठी/tripathi
            कुलकर्णी/kulkarni देशपांडे/deshpande मुखर्जी/mukherjee वर्मा/verma शर्मा/sharma
            """, "गंगा ट्रेडर्स|भारत उद्योग|सूर्य लिमिटेड|हिमालय एंड संस|लोटस प्रा. लि."),
        Of("86", """
            伟/wei 秀英/xiuying 建国/jianguo 丽娜/lina 志强/zhiqiang 晓明/xiaoming 雅婷/yating 子轩/zixuan 雨桐/yutong 浩然/haoran
            """, """
            王/wang 李/li 张/zhang 刘/liu 陈/chen 欧阳/ouyang 司马/sima 上官/shangguan 诸葛/zhuge 赵/zhao
            """, "深圳市华腾电子科技发展有限公司|上海浦江国际贸易股份有限公司|北京中科信达软件技术有限公司|"
            + "广州市南方进出口贸易有限公司|杭州西湖龙井茶叶销售有限公司", familyFirst: true),
    ];

    private static NameList Of(
        string countryCode, string given, string family, string firms, bool familyFirst = false) =>
        new(countryCode, familyFirst, Spellings(given), Spellings(family), firms.Split('|'));

    /// <summary>Names divided by white space; after a slash the Latin spelling, if it differs.</summary>
    private static Spelling[] Spellings(string names) =>
        [.. names.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(name => name.Split('/') switch
        {
            [var native, var latin] => new Spelling(native, latin),
            _ => new Spelling(name, name.Replace("'", "", StringComparison.Ordinal).ToLowerInvariant()),
        })];
}
