using System.Globalization;
using System.Text.Json;
using Roster.Access;
using Roster.Batches;
using Roster.Partners;
using Roster.Server.Formats;
using Roster.Server.Operations;

namespace Roster.Server.Http;

/// <summary>The error codes of answers. Each has a section in docs/reference/errors.md.</summary>
internal static class ProblemCode
{
    public const string AlreadyRotated = "already_rotated";
    public const string AlreadyUndone = "already_undone";
    public const string BadRequest = "bad_request";
    public const string BodyTooLarge = "body_too_large";
    public const string DigestDiffers = "digest_differs";
    public const string EmptyBatch = "empty_batch";
    public const string AnswerGone = "answer_gone";
    public const string FeedGone = "feed_gone";
    public const string FileRefused = "file_refused";
    public const string HttpsRequired = "https_required";
    public const string IdempotencyMismatch = "idempotency_mismatch";
    public const string IdempotencyRunning = "idempotency_running";
    public const string ImportNotReady = "import_not_ready";
    public const string InternalError = "internal_error";
    public const string InvalidBody = "invalid_body";
    public const string InvalidEncoding = "invalid_encoding";
    public const string InvalidHeader = "invalid_header";
    public const string InvalidParameter = "invalid_parameter";
    public const string KeyCanMore = "key_can_more";
    public const string LinkNotValid = "link_not_valid";
    public const string MethodNotAllowed = "method_not_allowed";
    public const string MissingScope = "missing_scope";
    public const string NotAcceptable = "not_acceptable";
    public const string NotFromConsole = "not_from_console";
    public const string NotFound = "not_found";
    public const string OriginNotAllowed = "origin_not_allowed";
    public const string Overloaded = "overloaded";
    public const string PlanChanged = "plan_changed";
    public const string RateLimited = "rate_limited";
    public const string RequestTimeout = "request_timeout";
    public const string RevisionChanged = "revision_changed";
    public const string RowsFaulty = "rows_faulty";
    public const string SearchBehind = "search_behind";
    public const string StorageDamaged = "storage_damaged";
    public const string StorageFull = "storage_full";
    public const string StorageReadOnly = "storage_read_only";
    public const string OutcomeUnknown = "outcome_unknown";
    public const string StorageUnavailable = "storage_unavailable";
    public const string TooManyDeletes = "too_many_deletes";
    public const string TooManyEdits = "too_many_edits";
    public const string TooManyImports = "too_many_imports";
    public const string TooManyItems = "too_many_items";
    public const string TooManyMappings = "too_many_mappings";
    public const string TooManyWaiting = "too_many_waiting";
    public const string TooMuchText = "too_much_text";
    public const string Unauthorized = "unauthorized";
    public const string UnknownParameter = "unknown_parameter";
    public const string UnsupportedEncoding = "unsupported_encoding";
    public const string UnsupportedMediaType = "unsupported_media_type";
    public const string ValidationFailed = "validation_failed";
}

/// <summary>
/// All errors that the server answers with, written as <c>application/problem+json</c> (RFC 9457). The same body has
/// the members that clients of the published API expect.
/// </summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="English">What is wrong and what to do, for people.</param>
/// <param name="Arabic">The same in Arabic.</param>
internal sealed record Problem(string Code, int Status, string Title, string English, string Arabic)
{
    private const int RetryAfterOutageSeconds = 5;

    public FaultList? Faults { get; init; }

    public Scopes? MissingScopes { get; init; }

    /// <summary>The workspace's revision, if the caller expected another one.</summary>
    public long? CurrentRevision { get; init; }

    /// <summary>The change set that has already undone the one in the request.</summary>
    public long? UndoneBy { get; init; }

    /// <summary>Why a file was refused, for programs.</summary>
    public string? Reason { get; init; }

    /// <summary>In seconds.</summary>
    public int? RetryAfter { get; init; }

    public static Problem Unauthorized { get; } = new(
        ProblemCode.Unauthorized, 401, "The API key is not accepted",
        "Send a valid API key: Authorization: Bearer <key>.",
        "أرسل مفتاح API صالحًا: Authorization: Bearer <key>.");

    public static Problem LinkNotValid { get; } = new(
        ProblemCode.LinkNotValid, 401, "The link is not valid",
        "The link is wrong, was used already or has expired: it works once and for 30 minutes. Ask for a new one, or sign in with a key.",
        "الرابط خاطئ أو استُخدم من قبل أو انتهت صلاحيته: يعمل مرة واحدة ولمدة 30 دقيقة. اطلب رابطًا جديدًا أو سجّل الدخول بمفتاح.");

    public static Problem NotFromConsole { get; } = new(
        ProblemCode.NotFromConsole, 403, "The request does not come from the console",
        "With a session, only the console's own pages may write. Send an API key instead: Authorization: Bearer <key>.",
        "مع الجلسة لا يُسمح بالكتابة إلا من صفحات لوحة التحكم نفسها. أرسل مفتاح API بدلًا من ذلك: Authorization: Bearer <key>.");

    public static Problem HttpsRequired { get; } = new(
        ProblemCode.HttpsRequired, 403, "The console needs HTTPS",
        "Signing in over plain HTTP works only on the server's own machine, at localhost. Open the console over HTTPS.",
        "لا يعمل تسجيل الدخول عبر HTTP إلا على جهاز الخادم نفسه (localhost). افتح لوحة التحكم عبر HTTPS.");

    public static Problem LinkNotMade(FaultList faults) => new(
        ProblemCode.ValidationFailed, 400, "The link's fields are not valid",
        "The link's fields are not all valid; nothing was changed.",
        "حقول الرابط ليست كلها صالحة؛ لم يتغير شيء.")
    { Faults = faults };

    public static Problem NotFound { get; } = new(
        ProblemCode.NotFound, 404, "There is nothing here",
        "There is nothing at this path.",
        "لا يوجد شيء في هذا المسار.");

    public static Problem NotAcceptable { get; } = new(
        ProblemCode.NotAcceptable, 406, "None of the accepted formats can be had",
        "Accept application/json, application/x-ndjson or text/csv.",
        "اقبل application/json أو application/x-ndjson أو text/csv.");

    public static Problem MethodNotAllowed { get; } = new(
        ProblemCode.MethodNotAllowed, 405, "The method is not allowed here",
        "This path does not take this method; the Allow header names those it takes.",
        "هذا المسار لا يقبل هذه الطريقة؛ ترويسة Allow تذكر الطرق المقبولة.");

    public static Problem BodyTooLarge { get; } = new(
        ProblemCode.BodyTooLarge, 413, "The body is too large",
        $"The body is over {RequestBody.MaxBytes / (1 << 20)} MiB, before or after decompression; send fewer partners at a time.",
        $"حجم الجسم يتجاوز {RequestBody.MaxBytes / (1 << 20)} ميبيبايت قبل فك الضغط أو بعده؛ أرسل عددًا أقل من الشركاء في كل مرة.");

    public static Problem UnsupportedEncoding { get; } = new(
        ProblemCode.UnsupportedEncoding, 415, "The content encoding is not supported",
        "Send the body as it is, or with one Content-Encoding: gzip or br.",
        "أرسل الجسم كما هو، أو بترميز محتوى واحد: gzip أو br.");

    public static Problem UnknownDelimiter { get; } = new(
        ProblemCode.UnsupportedMediaType, 415, "The delimiter is not known",
        $"The delimiter of text/csv is one of: {string.Join(", ", CsvFormat.Dividers.Select(one => one.Name))}.",
        $"فاصل text/csv هو أحد: {string.Join("، ", CsvFormat.Dividers.Select(one => one.Name))}.");

    public static Problem InvalidEncoding { get; } = new(
        ProblemCode.InvalidEncoding, 400, "The body cannot be decompressed",
        "The body is not what its Content-Encoding says, or it is cut off.",
        "الجسم لا يطابق ترويسة Content-Encoding أو أنه مبتور.");

    public static Problem RequestTimeout { get; } = new(
        ProblemCode.RequestTimeout, 408, "The request came too slowly",
        "The request did not arrive in time; nothing was changed.",
        "لم يصل الطلب في الوقت المحدد؛ لم يتغير شيء.");

    public static Problem BadRequest { get; } = new(
        ProblemCode.BadRequest, 400, "The request is not valid HTTP",
        "The request is malformed; nothing was changed.",
        "الطلب غير صحيح البنية؛ لم يتغير شيء.");

    public static Problem InternalError { get; } = new(
        ProblemCode.InternalError, 500, "Something is wrong with the server",
        "The server failed. Give its operator the requestId of this answer.",
        "حدث عطل في الخادم. زوّد مشغّله بقيمة requestId من هذا الرد.");

    public static Problem OriginNotAllowed { get; } = new(
        ProblemCode.OriginNotAllowed, 403, "The API key does not work on this page",
        "The API key is only for pages of other hosts; its allowedHostnames say which.",
        "مفتاح API مخصص لصفحات مضيفين آخرين؛ تحددهم allowedHostnames.");

    public static Problem Overloaded { get; } = new(
        ProblemCode.Overloaded, 503, "The server is busy with other large requests",
        "The server is at as many large batches and answers as it has memory for; nothing was changed. Try again.",
        "يعالج الخادم حاليًا أكبر عدد ممكن من الدفعات الكبيرة؛ لم يتغير شيء. حاول مرة أخرى.")
    { RetryAfter = 1 };

    /// <summary>There is no room now for the answer to a request that was carried out before.</summary>
    public static Problem RepeatOverloaded { get; } = Overloaded with
    {
        English = "The request was carried out before, and nothing was changed now. The server is at as many large answers as it "
            + "has memory for. Try again with this Idempotency-Key, and get its answer.",
        Arabic = "نُفذ الطلب من قبل ولم يتغير شيء الآن. يعالج الخادم حاليًا أكبر عدد ممكن من الردود الكبيرة. "
            + "حاول مرة أخرى بنفس Idempotency-Key لتحصل على رده.",
    };

    public static Problem TooMuchText { get; } = new(
        ProblemCode.TooMuchText, 400, "The partners have too much text together",
        $"The partners that the request is about have more than {TextBudget.MaxUnits >> 20} million characters together; "
        + "nothing was changed. Name fewer partners at a time, or ask for fewer with take.",
        $"يزيد نص الشركاء المعنيين بالطلب على {TextBudget.MaxUnits >> 20} مليون حرف؛ لم يتغير شيء. "
        + "أرسل عددًا أقل من الشركاء أو اطلب أقل باستخدام take.");

    public static Problem NotAnObject { get; } = new(
        ProblemCode.InvalidBody, 400, "The body cannot be read",
        "The body is not a JSON object.",
        "الجسم ليس كائن JSON.");

    public static Problem IdempotencyRunning { get; } = new(
        ProblemCode.IdempotencyRunning, 409, "The first request with this key is still running",
        "A request with this Idempotency-Key is being carried out. Try again, and get its answer.",
        "يجري تنفيذ طلب بنفس Idempotency-Key. حاول مرة أخرى لتحصل على رده.")
    { RetryAfter = 1 };

    public static Problem IdempotencyMismatch { get; } = new(
        ProblemCode.IdempotencyMismatch, 422, "The key was used for another request",
        "Another call, or this call with another body, had this Idempotency-Key. Nothing was changed; take a new key for each request.",
        "استُخدم Idempotency-Key هذا لطلب آخر. لم يتغير شيء؛ استخدم مفتاحًا جديدًا لكل طلب.");

    public static Problem AnswerGone { get; } = new(
        ProblemCode.AnswerGone, 410, "The answer is not kept any more",
        "The request was carried out, but some of its answer is not kept any more: it was erased, or is older than old values are kept.",
        "نُفذ الطلب، لكن جزءًا من رده لم يعد محفوظًا: مُحي أو انقضت مدة حفظه.");

    public static Problem FeedGone { get; } = new(
        ProblemCode.FeedGone, 410, "The log is not the one that the feed was read from",
        "The change set that after stands on is not in the log, or another one is in its place: the server was restored "
        + "from a backup, or this is another workspace. Begin again with full=true.",
        "مجموعة التغييرات التي يشير إليها after ليست في السجل أو حلت محلها أخرى: استُعيد الخادم من نسخة احتياطية "
        + "أو أن مساحة العمل مختلفة. ابدأ من جديد مع full=true.");

    public static Problem TooManyWaiting { get; } = new(
        ProblemCode.TooManyWaiting, 429, "Too many requests wait for a change",
        "As many requests wait for a change of this workspace, or of this server, as may. Try again later, or ask without wait.",
        "بلغ عدد الطلبات التي تنتظر تغييرًا في مساحة العمل هذه أو في هذا الخادم الحد المسموح. حاول لاحقًا أو اسأل دون wait.")
    { RetryAfter = 5 };

    public static Problem AlreadyUndone(long undoneBy) => new(
        ProblemCode.AlreadyUndone, 409, "The change set is undone already",
        $"Revision {undoneBy} has undone it; nothing was changed. To have it back, undo that one.",
        $"ألغته المراجعة {undoneBy}؛ لم يتغير شيء. لاستعادته ألغِ تلك المراجعة.")
    { UndoneBy = undoneBy };

    public static Problem TooManyDeletes(long wanted, long allowed, FaultList faults) => new(
        ProblemCode.TooManyDeletes, 400, "Too many partners would be deleted",
        $"The batch does not name {wanted} live partners, and at most {allowed} may be deleted; nothing was changed. "
        + "Send all partners, or a larger maxDeletes.",
        $"عدد الشركاء غير المذكورين في الدفعة {wanted}، ولا يُسمح بحذف أكثر من {allowed}؛ لم يتغير شيء.")
    { Faults = faults };

    public static Problem RateLimited(int retryAfterSeconds) => new(
        ProblemCode.RateLimited, 429, "Too much in too short a time",
        $"The limit is reached; nothing was changed. Try again in {retryAfterSeconds} seconds.",
        $"تم بلوغ الحد المسموح؛ لم يتغير شيء. حاول مرة أخرى بعد {retryAfterSeconds} ثانية.")
    { RetryAfter = retryAfterSeconds };

    public static Problem KeyNotValid(FaultList faults) => new(
        ProblemCode.ValidationFailed, 400, "The key is not valid",
        "The key's fields are not all valid; nothing was changed.",
        "حقول المفتاح ليست كلها صالحة؛ لم يتغير شيء.")
    { Faults = faults };

    public static Problem MissingScope(Scopes missing)
    {
        var names = string.Join(", ", missing.Names());
        return new(
            ProblemCode.MissingScope, 403, "The API key lacks a scope",
            $"The API key is valid but may not do this; it lacks: {names}.",
            $"مفتاح API صالح لكنه لا يملك الصلاحية المطلوبة: {names}.")
        { MissingScopes = missing };
    }

    /// <param name="caller">The rights of the calling key.</param>
    public static Problem KeyCanMore(Excess excess, Grant caller)
    {
        var faults = new FaultList();
        if (excess.Hostnames)
        {
            var names = string.Join(", ", caller.Hostnames.Names);
            faults.Add(new Fault(0, FaultCode.InvalidHostname, $"It works on other hosts' pages than {names}.", "allowedHostnames"));
        }
        if (excess.Time)
            faults.Add(new Fault(0, FaultCode.InvalidTime, $"It works for longer than until {caller.ExpiresAt}.", "expiresAt"));
        if (excess.Scopes != Scopes.None)
            return MissingScope(excess.Scopes) with { Faults = faults };
        return new(
            ProblemCode.KeyCanMore, 403, "The key can more than yours",
            "The key works on other pages or for longer than yours, so yours may not rotate or revoke it; nothing was changed.",
            "يعمل هذا المفتاح على صفحات أخرى أو لمدة أطول من مفتاحك، فلا يمكن لمفتاحك تدويره أو إلغاؤه؛ لم يتغير شيء.")
        { Faults = faults };
    }

    public static Problem AlreadyRotated(Guid replacement, Timestamp end) => new(
        ProblemCode.AlreadyRotated, 409, "The key was rotated already",
        $"Key {replacement} was made in its place, and it ends at {end}; nothing was changed. Rotate that one, or make a new key.",
        $"حلّ محله المفتاح {replacement}، وينتهي عند {end}؛ لم يتغير شيء. دوّر ذلك المفتاح أو أنشئ مفتاحًا جديدًا.");

    public static Problem UnknownParameter(string name, IReadOnlyCollection<string> known) => new(
        ProblemCode.UnknownParameter, 400, "A query parameter is not known",
        $"This call has no query parameter {Shorten(name)}; {(known.Count == 0 ? "it has none" : $"it has: {string.Join(", ", known)}")}.",
        $"لا يوجد لهذا الطلب وسيط استعلام باسم {Shorten(name)}.");

    public static Problem InvalidParameter(string name, string rule) => new(
        ProblemCode.InvalidParameter, 400, "A query parameter is not valid",
        $"The query parameter {name} is not valid. {rule}",
        $"قيمة وسيط الاستعلام {name} غير صالحة.");

    public static Problem InvalidHeader(string name, string rule) => new(
        ProblemCode.InvalidHeader, 400, "A header is not valid",
        $"The header {name} is not valid. {rule}",
        $"قيمة الترويسة {name} غير صالحة.");

    public static Problem RevisionChanged(long current) => new(
        ProblemCode.RevisionChanged, 412, "The workspace has changed",
        $"The workspace is at revision {current} and not at the one of If-Revision any more; nothing was changed. Look again.",
        $"مساحة العمل الآن عند المراجعة {current} وليست عند المراجعة المذكورة في If-Revision؛ لم يتغير شيء. أعد النظر.")
    { CurrentRevision = current };

    public static Problem UnsupportedMediaType(ReadOnlySpan<string> types)
    {
        var names = string.Join(", ", types!);
        return new(
            ProblemCode.UnsupportedMediaType, 415, "The content type is not supported",
            $"Send the body with a Content-Type that this call takes: {names}; a charset, if given, must be utf-8.",
            $"أرسل الجسم بنوع محتوى يقبله هذا الطلب: {names}؛ وإن ذُكر charset فيجب أن يكون utf-8.");
    }

    public static Problem ValidationFailed(FaultList faults, int items) => new(
        ProblemCode.ValidationFailed, 400, "The partners are not all valid",
        $"{faults.Items} of {items} partners {(faults.Items == 1 ? "is" : "are")} not valid; nothing was changed.",
        $"عدد الشركاء غير الصالحين: {faults.Items} من أصل {items}؛ لم يتغير شيء.")
    { Faults = faults };

    public static Problem Refused(BatchReading.Refused refused) => refused.Body switch
    {
        null => ValidationFailed(refused.Faults, refused.Items),
        { Kind: BodyFaultKind.NoItems } => new(
            ProblemCode.EmptyBatch, 400, "The batch is empty",
            "The body has no items; send at least one.",
            "الجسم لا يحتوي على عناصر؛ أرسل عنصرًا واحدًا على الأقل."),
        { Kind: BodyFaultKind.TooManyItems } => new(
            ProblemCode.TooManyItems, 400, "The batch is too large",
            $"The body has more than {Number(PartnerRules.MaxItems)} items; send them in several requests. Nothing was changed.",
            $"يحتوي الجسم على أكثر من {Number(PartnerRules.MaxItems)} عنصر؛ أرسلهم في عدة طلبات. لم يتغير شيء.")
        { Faults = refused.Faults },
        var body => InvalidBody(body, refused.Faults) with { Faults = refused.Faults },
    };

    /// <summary>A partner that the call needs is not as it was written; calls that do not need it work.</summary>
    public static Problem DamagedPartner(Guid id) => new(
        ProblemCode.StorageDamaged, 503, "A partner is damaged in the server's database",
        $"Partner {id} is damaged in the server's database; nothing was changed. Calls that do not need this partner work. "
        + "Trying again does not help: the server's operator finds the cure in the log.",
        $"الشريك {id} تالف في قاعدة بيانات الخادم؛ لم يتغير شيء. تعمل الطلبات التي لا تحتاج إلى هذا الشريك. "
        + "لن تفيد إعادة المحاولة: يجد المشغّل طريقة الإصلاح في السجل.");

    /// <summary>The answer to a request that met this trouble of the database.</summary>
    public static Problem Outage(StoreTrouble trouble) => trouble switch
    {
        StoreTrouble.Full => new(
            ProblemCode.StorageFull, 507, "The server's disk is full",
            "The server has no room to write; nothing was changed. Reading goes on.",
            "لا توجد مساحة كافية للكتابة على الخادم؛ لم يتغير شيء. القراءة مستمرة."),
        StoreTrouble.OutcomeUnknown => new(
            ProblemCode.OutcomeUnknown, 503, "Whether this was written is not known",
            "The server lost its database while it committed, and cannot tell yet whether this call was carried out. "
            + "Look before you repeat it.",
            "فقد الخادم قاعدة بياناته أثناء التثبيت، ولا يعرف بعد هل نُفذ هذا الطلب. تحقق قبل أن تكرره.")
        { RetryAfter = RetryAfterOutageSeconds },
        StoreTrouble.SearchBehind => new(
            ProblemCode.SearchBehind, 503, "The search index is behind",
            "The search index has not caught up with the newest writes yet; try again.",
            "لم يلحق فهرس البحث بأحدث الكتابات بعد؛ حاول مرة أخرى.")
        { RetryAfter = 1 },
        StoreTrouble.Damaged => new(
            ProblemCode.StorageDamaged, 503, "The server's database is damaged",
            "The server's database is damaged or was moved; nothing was changed. Trying again does not help: "
            + "its operator finds the cure in the log.",
            "قاعدة بيانات الخادم تالفة أو نُقلت من مكانها؛ لم يتغير شيء. لن تفيد إعادة المحاولة: يجد المشغّل طريقة الإصلاح في السجل."),
        StoreTrouble.Overloaded => Overloaded,
        StoreTrouble.ReadOnly => new(
            ProblemCode.StorageReadOnly, 503, "The server cannot write",
            "The server's database is read-only now; nothing was changed. Reading goes on; try again later.",
            "قاعدة بيانات الخادم للقراءة فقط حاليًا؛ لم يتغير شيء. القراءة مستمرة؛ حاول لاحقًا.")
        { RetryAfter = RetryAfterOutageSeconds },
        _ => new(
            ProblemCode.StorageUnavailable, 503, "The server's database does not answer",
            "The server cannot reach its database now; nothing was changed. Try again later.",
            "لا يستطيع الخادم الوصول إلى قاعدة بياناته حاليًا؛ لم يتغير شيء. حاول لاحقًا.")
        { RetryAfter = RetryAfterOutageSeconds },
    };

    /// <summary>Answers with the problem; if an answer has begun already, cuts the connection.</summary>
    public Task WriteAsync(HttpContext http)
    {
        if (!http.Response.HasStarted)
            return AnswerTo(http).SendAsync(http);
        http.Abort();
        return Task.CompletedTask;
    }

    /// <summary>
    /// Begins the answer with the problem. From then on its faults are not needed: only bytes are held while a slow client reads.
    /// </summary>
    public JsonAnswer AnswerTo(HttpContext http)
    {
        RequestMetrics.Found(Faults);
        var brief = Faults is null ? this : this with { Faults = Faults.Counted() };
        http.Features.Set(brief);
        var response = http.Response;
        response.StatusCode = Status;
        if (RetryAfter is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (Status == 401)
            response.Headers.WWWAuthenticate = "Bearer";
        return JsonAnswer.OfProblem(json => Write(json, http), brief);
    }

    private static Problem InvalidBody(BodyFault body, FaultList faults)
    {
        var (english, arabic) = body.Kind switch
        {
            BodyFaultKind.Empty => (
                "The body is empty; send at least one item.",
                "الجسم فارغ؛ أرسل عنصرًا واحدًا على الأقل."),
            BodyFaultKind.NotAnArray => (
                "The body is JSON but not an array; send an array, also for a single item, or one object a line as application/x-ndjson.",
                "الجسم بصيغة JSON لكنه ليس مصفوفة؛ أرسل مصفوفة حتى لو كان عنصرًا واحدًا، أو كائنًا في كل سطر بصيغة application/x-ndjson."),
            BodyFaultKind.Header => (
                $"The CSV header in line {body.Line} has {faults.Count} column{(faults.Count == 1 ? "" : "s")} that cannot be read; "
                + "details names each. Nothing was changed.",
                $"في سطر عناوين CSV ‏({body.Line}) عدد {faults.Count} من الأعمدة غير المقروءة؛ تذكرها details. لم يتغير شيء."),
            BodyFaultKind.OtherFormat => (
                $"{body.Reason!.English} Nothing was changed.",
                $"{body.Reason!.Arabic} لم يتغير شيء."),
            _ => (
                $"The body is not valid at line {body.Line}, byte {body.Byte}. {body.Reason!.English} Nothing was changed.",
                $"الجسم غير صالح عند السطر {body.Line}، البايت {body.Byte}. {body.Reason!.Arabic} لم يتغير شيء."),
        };
        return new(ProblemCode.InvalidBody, 400, "The body cannot be read", english, arabic);
    }

    private void Write(Utf8JsonWriter json, HttpContext http)
    {
        json.WriteStartObject();
        json.WriteString("type", $"{http.Request.Scheme}://{http.Request.Host}/errors#{Code}");
        json.WriteString("title", Title);
        json.WriteNumber("status", Status);
        json.WriteString("code", Code);
        json.WriteStartObject("error");
        json.WriteString("en", English);
        json.WriteString("ar", Arabic);
        json.WriteEndObject();
        WriteDetails(json);
        if (MissingScopes is { } missing)
        {
            json.WriteStartArray("missingScopes");
            foreach (var scope in missing.Names())
                json.WriteStringValue(scope);
            json.WriteEndArray();
        }
        if (CurrentRevision is { } revision)
            json.WriteNumber("currentRevision", revision);
        if (UndoneBy is { } undo)
            json.WriteNumber("undoneBy", undo);
        if (Reason is { } reason)
            json.WriteString("reason", reason);
        if (RetryAfter is { } seconds)
            json.WriteNumber("retryAfter", seconds);
        json.WriteString("requestId", http.TraceIdentifier);
        json.WriteEndObject();
    }

    private void WriteDetails(Utf8JsonWriter json)
    {
        var listed = Faults?.Listed ?? [];
        json.WriteStartArray("details");
        foreach (var fault in listed)
            WriteFault(json, fault);
        json.WriteEndArray();
        var isTruncated = Faults is not null && Faults.Count > listed.Count;
        json.WriteBoolean("truncated", isTruncated);
        if (isTruncated)
            json.WriteNumber("detailCount", Faults!.Count);
    }

    public static void WriteFault(Utf8JsonWriter json, Fault fault)
    {
        json.WriteStartObject();
        if (fault.Index != Fault.NoItem)
            json.WriteNumber("index", fault.Index);
        if (fault.OtherIndex is { } other)
            json.WriteNumber("otherIndex", other);
        if (fault.Place.Line > 0)
            json.WriteNumber("line", fault.Place.Line);
        if (fault.Place.Column > 0)
            json.WriteNumber("column", fault.Place.Column);
        if (fault.Id is { } id)
            json.WriteString("id", id);
        if (fault.Field is { } field)
            json.WriteString("field", field);
        json.WriteString("code", fault.Code);
        json.WriteString("message", fault.Message);
        if (fault.Candidates.Count > 0)
        {
            json.WriteStartArray("candidates");
            foreach (var candidate in fault.Candidates)
                json.WriteStringValue(candidate);
            json.WriteEndArray();
        }
        if (fault.Current is { } current)
            WriteCurrent(json, current);
        json.WriteEndObject();
    }

    private static void WriteCurrent(Utf8JsonWriter json, Partner current)
    {
        json.WriteStartObject("current");
        foreach (var field in PartnerField.Values)
        {
            if (!field.IsShownWhenNull && current.Values[field] is null)
                continue;
            json.WritePropertyName(field.WireName);
            FieldJson.Write(json, field, current.Values[field]);
        }
        json.WriteString("updatedAt", current.UpdatedAt.ToString());
        json.WriteEndObject();
    }

    private static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Shorten(string name) => name.Length <= 64 ? name : string.Concat(name.AsSpan(0, 63), "…");
}
