import { texts } from './language';

/** Texts of the sign-in: apart from the others, since who has a session does not load them. */
export const signInText = texts(
  {
    signIn: 'Sign in',
    signInTitle: 'Sign in to Roster',
    keyLabel: 'API key',
    keyHint: 'It begins with roster_. It is exchanged for a session and not kept in this browser.',
    orLink: 'Or open the link that you were sent, or that the server printed at its first start.',
    linkWorking: 'Opening your session…',
    linkFailed: 'This link does not work any more. Links work once, for 30 minutes.',
    signedIn: 'You are signed in already',
    linkAsk: (person: string, workspace: string) =>
      `You are signed in as “${person}” in “${workspace}”. Open the link instead?`,
    linkAskHint: 'It signs this browser in anew, in all its tabs. To come back, you need the key that you have now.',
    linkOpen: 'Open the link',
    linkStay: (workspace: string) => `Stay in “${workspace}”`,
    ended: 'Your session has ended',
    endedHint: 'Sign in again to go on. What you typed is still there.',
    elsewhere: 'Somebody else is signed in now',
    elsewhereNow: (person: string, workspace: string) =>
      `In another tab, this browser was signed in as “${person}” in “${workspace}”. Nothing was changed from here since.`,
    elsewhereHint: (person: string, workspace: string) =>
      `This page is of “${person}” in “${workspace}”. Sign in as “${person}” there again, and it goes on with what you typed.`,
    goOnAs: (person: string) => `Go on as “${person}”`,
    withProvider: 'Sign in with your organisation',
    withProviderHint: 'It opens in a new tab. Come back here when you are signed in: this page goes on by itself.',
    refused: {
      oidc: 'Your organisation’s sign-in gives you no access here. Ask whoever manages it, or sign in with a key.',
      'oidc-again': 'This sign-in took too long, or began in another window. Try again.',
      'oidc-down': 'Your organisation’s sign-in does not answer. Try again later, or sign in with a key.',
    },
    yourKey: 'Your own key',
    yourKeyHint:
      'This is shown only now. Keep it in your password manager: it lets you sign in when your session has ended.',
    kept: 'I have kept it',
  },
  {
    signIn: 'تسجيل الدخول',
    signInTitle: 'تسجيل الدخول إلى Roster',
    keyLabel: 'مفتاح API',
    keyHint: 'يبدأ بـ roster_. يُستبدل بجلسة ولا يُحفظ في هذا المتصفح.',
    orLink: 'أو افتح الرابط الذي أُرسل إليك، أو الذي طبعه الخادم عند أول تشغيل.',
    linkWorking: 'جارٍ فتح جلستك…',
    linkFailed: 'لم يعد هذا الرابط صالحًا. تعمل الروابط مرة واحدة لمدة 30 دقيقة.',
    signedIn: 'لقد سجّلت الدخول بالفعل',
    linkAsk: (person: string, workspace: string) =>
      `أنت مسجّل الدخول باسم «${person}» في «${workspace}». هل تريد فتح الرابط بدلًا من ذلك؟`,
    linkAskHint: 'يسجّل الرابط دخول هذا المتصفح من جديد، في كل علامات تبويبه. للعودة تحتاج إلى المفتاح الذي لديك الآن.',
    linkOpen: 'فتح الرابط',
    linkStay: (workspace: string) => `البقاء في «${workspace}»`,
    ended: 'انتهت جلستك',
    endedHint: 'سجّل الدخول مرة أخرى للمتابعة. ما كتبته ما زال موجودًا.',
    elsewhere: 'شخص آخر مسجّل الدخول الآن',
    elsewhereNow: (person: string, workspace: string) =>
      `سُجّل الدخول في هذا المتصفح من علامة تبويب أخرى باسم «${person}» في «${workspace}». لم يتغير شيء من هنا منذ ذلك.`,
    elsewhereHint: (person: string, workspace: string) =>
      `هذه الصفحة لـ«${person}» في «${workspace}». سجّل الدخول هناك باسم «${person}» من جديد لتتابع بما كتبته.`,
    goOnAs: (person: string) => `المتابعة باسم «${person}»`,
    withProvider: 'الدخول بحساب مؤسستك',
    withProviderHint: 'يُفتح في علامة تبويب جديدة. عد إلى هنا بعد تسجيل الدخول: تتابع هذه الصفحة من نفسها.',
    refused: {
      oidc: 'لا يمنحك حساب مؤسستك صلاحية الدخول هنا. اسأل المسؤول عنه، أو سجّل الدخول بمفتاح.',
      'oidc-again': 'استغرق تسجيل الدخول هذا وقتًا طويلًا، أو بدأ في نافذة أخرى. حاول مرة أخرى.',
      'oidc-down': 'لا تستجيب خدمة الدخول في مؤسستك. حاول لاحقًا، أو سجّل الدخول بمفتاح.',
    },
    yourKey: 'مفتاحك الخاص',
    yourKeyHint: 'يظهر الآن فقط. احفظه في مدير كلمات المرور: به تسجل الدخول عند انتهاء جلستك.',
    kept: 'لقد حفظته',
  },
);
