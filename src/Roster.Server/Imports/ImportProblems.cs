using System.Text.Json;
using Roster.Imports;
using Roster.Partners;
using Roster.Server.Http;

namespace Roster.Server.Imports;

/// <summary>Why an import's call is refused. Nothing was changed.</summary>
internal static class ImportProblems
{
    public static Problem TooMany { get; } = new(
        ProblemCode.TooManyImports, 409, "Too many imports are stored",
        $"{ImportLimits.MaxOpen} imports of this workspace have a file or rows stored; delete some of them.",
        $"في مساحة العمل هذه {ImportLimits.MaxOpen} عملية استيراد محفوظة؛ احذف بعضها.");

    public static Problem TooManyMappings { get; } = new(
        ProblemCode.TooManyMappings, 409, "Too many mappings are stored",
        $"This workspace has {ImportLimits.MaxMappings} named mappings; delete some of them.",
        $"في مساحة العمل هذه {ImportLimits.MaxMappings} مخطط أعمدة محفوظ؛ احذف بعضها.");

    public static Problem TooManyEdits { get; } = new(
        ProblemCode.TooManyEdits, 400, "Too many rows are mended",
        $"An import keeps at most {RowEdits.Max} mended or left out rows, {RowEdits.MaxText >> 20} million characters together; "
            + "mend the file and send it again.",
        $"يحفظ الاستيراد {RowEdits.Max} صفًا معدّلًا على الأكثر؛ أصلح الملف وأرسله مرة أخرى.");

    public static Problem DigestDiffers { get; } = new(
        ProblemCode.DigestDiffers, 400, "The file is not the one that was announced",
        "The file's SHA-256 is not that of Content-Digest: it was changed on its way; send it again.",
        "بصمة SHA-256 للملف لا تطابق Content-Digest: تغيّر أثناء النقل؛ أرسله مرة أخرى.");

    public static Problem TooLarge(long maxBytes) => new(
        ProblemCode.BodyTooLarge, 413, "The file is too large",
        $"The file is over {maxBytes >> 20} MiB; divide it, or ask the operator for a larger --max-import-mb.",
        $"حجم الملف يتجاوز {maxBytes >> 20} ميبيبايت؛ قسّمه أو اطلب من المشغّل قيمة أكبر لـ --max-import-mb.");

    public static Problem Refused(FileRefusedException refused) => new(
        ProblemCode.FileRefused, 400, "The file cannot be read", refused.Message, "تعذّرت قراءة الملف بوصفه جدولًا.")
    { Reason = refused.Code };

    public static Problem PlanChanged(ImportCounts counts) => new(
        ProblemCode.PlanChanged, 409, "The plan is not the one that was seen",
        $"The plan creates {counts.Created}, updates {counts.Updated} and deletes {counts.Deleted} partners; "
        + "nothing was written. Look again.",
        $"الخطة تنشئ {counts.Created} وتحدّث {counts.Updated} وتحذف {counts.Deleted}؛ لم يُكتب شيء. أعد النظر.");

    public static Problem RowsFaulty(long faulty) => new(
        ProblemCode.RowsFaulty, 409, "Rows have faults",
        $"{faulty} rows have faults. A mirror deletes partners that no row names, so mend or skip these rows first.",
        $"في {faulty} صفًا أخطاء. وضع المرآة يحذف الشركاء غير المذكورين، فأصلح هذه الصفوف أو استبعدها أولًا.");

    public static Problem TooManyDeletes(long wanted, long allowed) => new(
        ProblemCode.TooManyDeletes, 400, "Too many partners would be deleted",
        $"The import would delete {wanted} partners, and at most {allowed} may be deleted; nothing was written. "
        + "Set a larger maxDeletes and plan again.",
        $"سيحذف الاستيراد {wanted} شريكًا، ولا يُسمح بأكثر من {allowed}؛ لم يُكتب شيء.");

    /// <summary>The import cannot do this in its state.</summary>
    public static Problem NotNow(Import import) => new(
        ProblemCode.ImportNotReady, 409, "The import cannot do this now",
        import.FileGone is { } gone && import.Work is null ? gone
            : import.Work is { } work ? $"A server works on the import now ({JsonNamingPolicy.CamelCase.ConvertName(work.ToString())})."
            : $"The import is {Import.NameOf(import.State)}.",
        $"الاستيراد في الحالة {Import.NameOf(import.State)}.");

    /// <returns>Null if the import can be planned.</returns>
    public static Problem? NoPlan(Import import) => !import.IsOpen ? NotNow(import)
        : import.Contents is not { Shape: var shape } contents ? NotNow(import)
        : contents.Encodings.Count > 0 ? new(
            ProblemCode.ImportNotReady, 409, "The file's encoding is not known",
            "The file is not UTF-8 and does not say what it is; choose one of encodings.",
            "ترميز الملف غير معروف؛ اختر أحد encodings.")
        : import is { CreatesWithoutKey: true, Mode: ImportMode.Update or ImportMode.Mirror } ? new(
            ProblemCode.ImportNotReady, 409, "withoutKey does not go with the mode",
            "withoutKey=create goes with the modes upsert and create; update and mirror need a key in each row.",
            "withoutKey=create مخصص للوضعين upsert وcreate.")
        : import is { Mode: ImportMode.Mirror, MatchOn: null }
            && import.Mapping.All(column => column.Target != PartnerField.Id.WireName) ? new(
            ProblemCode.ImportNotReady, 409, "A mirror needs a key",
            "mode=mirror needs matchOn, or a column of ids, which says how rows find their partners.",
            "يحتاج وضع المرآة إلى matchOn أو عمود للمعرّفات.")
        : import.Mapping.All(column => column.Target is null) ? new(
            ProblemCode.ImportNotReady, 409, "No column is imported",
            "No column of the file has a target; say what the columns mean.",
            "لا يوجد عمود مرتبط بحقل؛ حدّد معاني الأعمدة.")
        : null;

    /// <returns>Null if the import can be applied, or go on.</returns>
    public static Problem? NoApply(Import import, SeenCounts seen)
    {
        var goesOn = import is { State: ImportState.Stopped or ImportState.Cancelled, Parts: > 0, IsUndoBegun: false };
        if (import.Work is not null || import.Counts is not { } counts || import.IsForgotten
            || !(import.State == ImportState.Planned || goesOn))
            return NotNow(import);
        if ((seen.Created, seen.Updated, seen.Deleted) != (counts.Created, counts.Updated, counts.Deleted))
            return PlanChanged(counts);
        if (import.Mode != ImportMode.Mirror)
            return null;
        return counts.Faulty > 0 ? RowsFaulty(counts.Faulty)
            : counts.Deleted > import.AllowedDeletes ? TooManyDeletes(counts.Deleted, import.AllowedDeletes.Value) : null;
    }
}
