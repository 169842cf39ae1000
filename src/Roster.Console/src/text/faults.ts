import type { Texts } from './language';

/**
 * What is wrong with a row, a field or a file, by code. The server says it in English, with more detail: that is shown for
 * codes that are not here. In English only those are here whose text names parameters of the API.
 */
export const faults: Texts<Readonly<Record<string, string>>> = {
  en: {
    changed_since: 'It was changed by somebody else meanwhile.',
    match_key_missing:
      'This row lacks what rows find their partner by, so it would create a partner each time. Fill it in, or allow it under Columns.',
  },
  ar: {
    ambiguous_match: 'يطابق هذا الصف أكثر من شريك. حدّد المقصود بمعرّفه.',
    changed_since: 'غُيّر الشريك بعد ذلك.',
    digits_lost: 'رقم طويل اقتطعه برنامج الجداول، فضاعت آخر أرقامه.',
    duplicate_external_id: 'صفّان لهما المعرّف الخارجي نفسه.',
    duplicate_id: 'صفّان يخصّان الشريك نفسه.',
    duplicate_match: 'صفّان يخصّان الشريك نفسه. يُستخدم الأول.',
    empty_value: 'القيمة فارغة.',
    external_id_taken: 'المعرّف الخارجي مستخدم لشريك آخر.',
    history_gone: 'لا يمكن التراجع عن هذا: لم تعد القيم القديمة محفوظة.',
    invalid_email: 'هذا ليس عنوان بريد إلكتروني واحدًا صحيحًا، مثل name@example.com.',
    invalid_id: 'هذا ليس معرّفًا من Roster.',
    invalid_phone: 'اقتطع برنامج الجداول رقم الهاتف. أعد إدخاله كاملًا.',
    invalid_record: 'لا يمكن قراءة السطر: علامة اقتباس في غير موضعها، أو خلايا أكثر من الأعمدة.',
    invalid_text: 'في النص رمز لا يُقبل، أو خطأ من برنامج الجداول مثل ‎#N/A.',
    invalid_type: 'القيمة ليست نصًّا.',
    leading_zeros_lost: 'القيمة رقم في المصنّف، فإن كانت تبدأ بأصفار أو بعلامة + فقد ضاعت.',
    match_key_missing: 'ليس في الصف المفتاح الذي يجد به شريكه، فسينشئ شريكًا في كل مرة.',
    name_required: 'الاسم ناقص. الشريك الجديد يحتاج إلى اسم.',
    no_match: 'لا يوجد شريك لهذا الصف، والاستيراد يحدّث الموجودين فقط.',
    partner_exists: 'الشريك موجود، والاستيراد ينشئ الجدد فقط.',
    partner_not_found: 'لا يوجد شريك حالي بهذا المعرّف.',
    too_long: 'النص أطول مما يتسع له الحقل.',
    too_many_values: 'وسوم أو مفاتيح أكثر مما يُسمح به.',
    bad_header: 'لا يمكن قراءة سطر أسماء الأعمدة. اختر سطرًا آخر.',
    damaged_workbook: 'المصنّف تالف أو ناقص. افتحه في برنامج الجداول واحفظه من جديد.',
    empty_file: 'الملف فارغ. اختر الملف مرة أخرى.',
    file_gone: 'لم يعد الملف محفوظًا. أرسله مرة أخرى.',
    internal_error: 'أخطأ الخادم. في سجله تفاصيل أكثر؛ اسأل المشغّل.',
    invalid_json: 'ملف JSON غير صحيح. أصلحه ثم أرسله مرة أخرى.',
    no_rows: 'لا صفوف تحت سطر أسماء الأعمدة. أضف صفوفًا أو اختر ورقة أخرى.',
    not_a_table: 'هذا الملف ليس جدولًا. احفظه من برنامج الجداول بصيغة ‎.xlsx أو CSV، ثم أرسله.',
    not_an_array: 'ملف JSON ليس قائمة كائنات.',
    rows_gone: 'لم تعد الصفوف محفوظة. أرسل الملف مرة أخرى.',
    too_many_columns: 'في الملف أكثر من 1,000 عمود. احذف ما لا تحتاج إليه.',
    too_many_deletes: 'ستحذف المطابقة أكثر مما سُمح به. راجع ما سيُحذف، ثم احسب من جديد.',
    too_many_rows: 'في الملف أكثر من 1,000,000 صف. قسّمه.',
    too_much_text: 'في صفوف الملف نص أكثر مما يمكن حسابه معًا. قسّمه.',
    unknown_divider: 'يذكر السطر الأول فاصلًا غير معروف.',
    unknown_sheet: 'لا توجد ورقة بهذا الاسم في المصنّف.',
    upload_broken_off: 'انقطع الرفع. أرسل الملف مرة أخرى.',
    workbook_too_large: 'المصنّف أكبر مما يمكن قراءته. احفظ الورقة بصيغة CSV.',
    wrong_encoding: 'في الملف حروف لا توجد في هذا الترميز. اختر ترميزًا آخر.',
  },
};
